"""``voicectl parse``: prints the sentences that would be spoken; starts nothing."""

import io
from typing import Any

import click
import msgspec

from voicectl.actors.parser.formats import FORMATS
from voicectl.cli.options import settings_options

_READ = 65536
_COMPLAINTS = {
    "bad_json": "skipped {} line(s) that are not JSON",
    "oversized_line": "skipped {} line(s) longer than 64 MiB",
    "bad_utf8": "left out {} byte(s) that are not UTF-8",
    "not_text": "skipped {} piece(s) of binary data; is this the right file?",
}


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="auto", help="Format of the input.")
@click.option("--json", "as_json", is_flag=True, help="One object a line: seq, text, spans, pause.")
@settings_options
def parse(file: io.BufferedReader, format_name: str, as_json: bool, loaded: Any) -> None:
    """Print the sentences of FILE (default: standard input) that would be spoken, one a line."""
    from voicectl.actors.parser.reader import FeedParser, Item, Spoken

    # A file is not heard as it is written: nothing is gained by an early clause.
    parser = FeedParser(msgspec.structs.replace(loaded.settings.parser, early_clause_chars=0), format_name)
    seq = 0

    def show(items: list[Item]) -> None:
        nonlocal seq
        for item in items:
            if isinstance(item, Spoken):
                seq += 1
                fields = {"seq": seq, "text": item.text, "spans": item.spans, "pause": item.pause}
                click.echo(msgspec.json.encode(fields) if as_json else item.text)

    while data := file.read1(_READ):
        show(parser.feed(data))
    show(parser.finish())
    for counter, complaint in _COMPLAINTS.items():
        if count := parser.counters.get(counter):
            click.echo(f"voicectl: {complaint.format(count)}", err=True)
