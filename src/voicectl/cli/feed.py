"""``voicectl feed``: speak what an agent writes."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from voicectl.actors.parser.formats import FORMATS
from voicectl.cli.feeder import Ends, Feeder
from voicectl.cli.follow import Follower
from voicectl.protocol.errors import UsageError
from voicectl.protocol.feeding import Progress

EXIT_FAILED = 1
EXIT_STOPPED = 3
EXIT_INTERRUPTED = 130


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="auto", help="What the input is.")
@click.option("--follow", is_flag=True, help="Speak what is appended to FILE, a session's transcript, until Ctrl-C.")
@click.option("--from-start", is_flag=True, help="With --follow: speak what FILE holds already, too.")
@click.option("--session", default="", metavar="NAME", help="Name of the session in the history.")
@click.option("--wait", is_flag=True, help="Return when all is spoken.")
@click.option("--captions", is_flag=True, help="Print each sentence in both languages as it is spoken.")
@click.option("--tee", is_flag=True, help="Pass the input through to standard output.")
@click.option("--quiet", is_flag=True, help="Say nothing.")
def feed(
    file: Path | None,
    format_name: str,
    follow: bool,
    from_start: bool,
    session: str,
    wait: bool,
    captions: bool,
    tee: bool,
    quiet: bool,
) -> None:
    """Speak FILE, or standard input, as it arrives. The writer is never made to wait."""
    if captions and tee:
        raise UsageError("--captions and --tee both write to standard output; choose one")
    if from_start and not follow:
        raise UsageError("--from-start belongs to --follow")
    if not follow:
        if file and not file.exists():
            raise UsageError(f"there is no file {file}; --follow waits for one")
        raise SystemExit(speak(file, format_name, session, wait=wait, captions=captions, tee=tee, quiet=quiet))
    if file is None:
        raise UsageError("--follow needs the FILE to follow, ~/.claude/projects/…/SESSION.jsonl")
    with Follower(file, from_start) as follower:
        name = "transcript" if format_name == "auto" else format_name
        raise SystemExit(speak(follower.source, name, session, wait=wait, captions=captions, tee=tee, quiet=quiet))


def speak(
    file: Path | int | None,
    format_name: str = "auto",
    session: str = "",
    *,
    wait: bool = False,
    captions: bool = False,
    tee: bool = False,
    quiet: bool = False,
) -> int:
    """Feed a file, a descriptor that somebody else closes, or standard input; return the exit status."""
    opened = os.open(file, os.O_RDONLY) if isinstance(file, Path) else None
    source = opened if opened is not None else file if isinstance(file, int) else sys.stdin.fileno()

    def say(text: str) -> None:
        if not quiet:
            click.echo(f"voicectl: {text}", err=True)

    feeder = Feeder(source, session, format_name, live=opened is None, tell=say)
    if captions:
        feeder.on_progress = Captions()
    if tee:
        feeder.on_read = Tee()
    try:
        ends = feeder.run(wait=wait or captions)
        return _status(ends, wait or captions, say)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        feeder.close()
        if opened is not None:
            os.close(opened)


def _status(ends: Ends, wait: bool, say: Callable[[str], None]) -> int:
    if not wait:
        return 0
    if ends.done is None:
        return EXIT_FAILED
    if ends.done.failed:
        say(f"{ends.done.failed} sentences could not be spoken; see voicectl history")
        return EXIT_FAILED
    return EXIT_STOPPED if ends.done.cancelled else 0


class Captions:
    """Prints a sentence in both languages when it begins to be spoken."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, progress: Progress) -> None:
        """Print one caption."""
        if progress.state == "speaking":
            self._console.print(Text(progress.source, style="dim"))
            if progress.translation != progress.source:
                self._console.print(Text(progress.translation))
        elif progress.state in ("failed", "quarantined"):
            self._console.print(Text(f"[{progress.state}] {progress.source}  {progress.error}", style="red"))


class Tee:
    """Passes bytes on to standard output until its reader goes away."""

    def __init__(self) -> None:
        self._open = True

    def __call__(self, data: bytes) -> None:
        """Pass one piece on."""
        view = memoryview(data)
        while view and self._open:
            try:
                view = view[os.write(sys.stdout.fileno(), view) :]
            except OSError:
                self._open = False
