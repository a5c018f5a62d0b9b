"""Fuzzes the parser's text layer by hand: no input may raise, hang or grow what is remembered.

Needs atheris (``pip install atheris``), which is no dependency:
``python tests/parser/fuzz_reader.py -max_total_time=3600 -timeout=10 CORPUS``, where CORPUS is a folder of inputs, best
one with some recordings in it; new ones that reach new code are added to it.
"""

import sys

import atheris

with atheris.instrument_imports(include=["voicectl", "markdown_it"]):
    from parser_kit import settings

    from voicectl.actors.parser.formats import FORMATS, HOOKS
    from voicectl.actors.parser.reader import FeedParser, Item, Spoken

STYLES = [
    settings(),
    settings(code="announce", urls="full", tables="columns", emoji="name", max_sentence_chars=40),
    settings(code="read", urls="link", tables="skip", early_clause_chars=20, thinking=True, subagents=True),
]
NAMES = (*FORMATS, HOOKS)
MOST_STATE = 200_000


def fuzz(data: bytes) -> None:
    """Parse ``data`` whole, then in pieces with the state stored between them; both must say the same."""
    provider = atheris.FuzzedDataProvider(data)
    style = STYLES[provider.ConsumeIntInRange(0, len(STYLES) - 1)]
    format_name = NAMES[provider.ConsumeIntInRange(0, len(NAMES) - 1)]
    size = provider.ConsumeIntInRange(1, 64)
    every = provider.ConsumeIntInRange(1, 32)
    pauses = provider.ConsumeBool()
    text = provider.ConsumeBytes(provider.remaining_bytes())
    whole = FeedParser(style, format_name)
    expected = whole.feed(text) + whole.finish()
    parser = FeedParser(style, format_name)
    items: list[Item] = []
    for number, start in enumerate(range(0, len(text), size), start=1):
        items += parser.feed(text[start : start + size])
        if pauses:
            parser.settle()
        if number % every == 0:  # a death of the parser
            state = parser.state()
            assert len(state) < MOST_STATE
            if parser.consumed == start + size:
                parser = FeedParser(style, format_name, state)
    items += parser.finish()
    if not pauses:
        assert items == expected
    assert all(any(map(str.isalnum, item.text)) for item in items if isinstance(item, Spoken))


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
