"""Japanese text, made safe for Open JTalk."""

import re
import unicodedata
from collections.abc import Iterator

_LONGEST = 120
"""Characters of one segment; the front end's time grows with the square of the length."""

_REPEATS = 8
_RUNAWAY = re.compile(rf"([^\W\d_]{{1,4}}?)\1{{{_REPEATS},}}")
"""A unit of one to four letters said more than eight times; 300 × ``A`` would take 52 s."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_ENDS = "。！？!?"
_COMMAS = "、，,;:；："


def segments(text: str) -> Iterator[str]:
    """Yield a text in order, cleaned, in segments that end at punctuation where there is any.

    Nothing is lost but control characters, accents on Latin letters (which would silence the letter) and the repeats of
    a runaway: more than eight of the same letters in a row become eight.
    """
    text = _RUNAWAY.sub(lambda match: match[1] * _REPEATS, _clean(text))
    while len(text) > _LONGEST:
        place = cut(text[:_LONGEST])
        yield text[:place]
        text = text[place:]
    yield text


def _clean(text: str) -> str:
    """Return a text in NFKC without accents, control characters and lone surrogates."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", text))
    return "".join(" " if unicodedata.category(character)[0] == "C" else character for character in text).strip()


def cut(text: str) -> int:
    """Return where to cut: after the last sentence end, else comma, else space, else at the end of ``text``."""
    for marks in (_ENDS, _COMMAS, " "):
        place = max(text.rfind(mark) for mark in marks) + 1
        if place > len(text) // 4:
            return place
    return len(text)
