"""Spans: what looks like code or a quantity is found in plain text."""

import time

import pytest

from voicectl.actors.translator.spans import find


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Run `make test` now", [("code", "`make test`")]),
        ("see https://a.b/c?x=1, then", [("url", "https://a.b/c?x=1")]),
        ("in src/app.py:12 and tests/", [("path", "src/app.py:12"), ("path", "tests/")]),
        (r"C:\Users\a.txt or ~/.vimrc", [("path", r"C:\Users\a.txt"), ("path", "~/.vimrc")]),
        ("use --no-cache or -v", [("flag", "--no-cache"), ("flag", "-v")]),
        ("set $HOME and DEBUG=1", [("variable", "$HOME"), ("variable", "DEBUG=1")]),
        ("from v1.2.3 to >=3.11", [("version", "v1.2.3"), ("version", ">=3.11")]),
        ("at a1b2c3d, 0xFF", [("hash", "a1b2c3d"), ("hash", "0xFF")]),
        (
            "foo_bar fooBar a.b() std::vec",
            [("identifier", name) for name in ("foo_bar", "fooBar", "a.b()", "std::vec")],
        ),
        ("30 ms, 12% and 5s", [("number", "30 ms"), ("number", "12%"), ("number", "5s")]),
        ("3.14 and 1,000", [("digits", "3.14"), ("digits", "1,000")]),
    ],
)
def test_each_kind_is_found(text: str, found: list[tuple[str, str]]) -> None:
    """Kind and text, in order, without the punctuation of the sentence."""
    assert [(kind, text[start:end]) for start, end, kind in find(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "Wait... what? The end.",
        "My well-known and/or input/output over TCP/IP, e.g. a dash - here",
        "facade and decade",
    ],
)
def test_plain_words_are_left_alone(text: str) -> None:
    """Slashes, hyphens and dots between words are no code, and words of hex letters are no hash."""
    assert find(text) == []


@pytest.mark.parametrize("part", ["a", "a.", "a/", "`", "a_", "1.", "1,", "f(", "-", "a-", "Ab", "$", "0", "_", "1:"])
def test_no_text_takes_long(part: str) -> None:
    """Twenty thousand characters that nearly match are searched in less than a tenth of the budget of a sentence."""
    begun = time.process_time()
    find(part * (20_000 // len(part)))
    assert time.process_time() - begun < 2
