"""Input that is no text, or not only text."""

import random

import pytest
from parser_kit import said, settings, texts

from voicectl.actors.parser.reader import FeedParser

NOISE = random.Random(1).randbytes(20_000)


@pytest.mark.parametrize("noise", [bytes(range(256)) * 64, NOISE, b"\x7fELF\x02\x01" + b"\x00libc\x00puts" * 900])
@pytest.mark.parametrize("format", ["auto", "text"])
def test_binary_data_is_skipped_and_counted(noise: bytes, format: str) -> None:
    """Next to nothing of it is spoken, and the text around it is."""
    parser = FeedParser(settings(), format)
    spoken = texts(
        parser.feed(b"The text before it.\n\n") + parser.feed(noise) + parser.feed(b"\n\nThe text behind it.\n\n")
    )
    spoken += texts(parser.finish())
    assert spoken[0] == "The text before it."
    assert spoken[-1] == "The text behind it."
    assert sum(map(len, spoken[1:-1])) < 20
    assert parser.counters["not_text"] > 0


def test_text_in_another_encoding_loses_only_its_odd_letters() -> None:
    """A few letters of Latin-1 are no binary data."""
    parser = FeedParser(settings(), "text")
    data = "Die Prüfung der Länge läuft. Sie dauert fünf Minuten.".encode("latin-1")
    assert texts(parser.feed(data) + parser.finish()) == ["Die Prfung der Lnge luft.", "Sie dauert fnf Minuten."]
    assert "not_text" not in parser.counters


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("\x1b[1;31mRed\x1b[0m text.\x1b[K", ["Red text."]),
        ("A \x1b]8;;http://x.y\x07link\x1b]8;;\x1b\\ here.", ["A link here."]),
        ("Good\x00 \x07day\ufffd.", ["Good day."]),
        ("Soft\u00adhyphen and \u200bzero\u2060width.", ["Softhyphen and zerowidth."]),
        ("`★ Insight ─────────`\n\nIt is fast.\n\n═══════", ["Insight", "It is fast."]),
        ("\ue0b0 main \uf126 branch", ["main branch"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_what_a_terminal_shows_but_nobody_says_is_left_out(source: str, expected: list[str], size: int) -> None:
    """Colours, links, control characters, invisible ones, drawn lines and icons, however they are cut."""
    parser = FeedParser(settings(), "markdown")
    data = source.encode()
    items = [item for start in range(0, len(data), size) for item in parser.feed(data[start : start + size])]
    assert texts(items + parser.finish()) == expected


def test_nothing_without_a_letter_or_digit_is_spoken() -> None:
    """Punctuation, emoji and lines alone are no sentences."""
    assert said("...\n\n?!\n\n🎉\n\n─────\n\n→ ←\n\nOk.") == ["Ok."]
