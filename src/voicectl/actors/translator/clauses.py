"""Cuts a text into sentences, and what is too long for a model into parts, at clause borders where there are any."""

import re
from collections.abc import Callable, Iterator

from sentencex import segment

_BORDER = re.compile(r"(?<=[.!?;:,)\]…—])\s+|(?<=[、。，；：！？])\s*")
# sentencex splits after these before a capital letter; they never end an English sentence.
_NEVER_LAST = re.compile(
    r"(?:^|[\s(\[\"'])(?:e\.g|i\.e|cf|vs|viz|approx|resp|incl|no|fig|sec|vol|min|max)\.\s*\Z", re.IGNORECASE
)
_MAX_WORD = 60
"""A run without a blank is cut after this many characters, which no model makes more pieces of than its limit."""


_WORD = re.compile(rf"(?:⟦\d+⟧|.){{1,{_MAX_WORD}}}")


def sentences(text: str, language: str) -> list[str]:
    """Return the sentences of ``text``; ``language`` is a BCP 47 tag.

    Models that were trained on single sentences drop some of several.
    """
    found: list[str] = []
    for part in segment(language.partition("-")[0], text):
        if found and (_NEVER_LAST.search(found[-1]) or not any(map(str.isalnum, part))):
            found[-1] += part
        else:
            found.append(part)
    return [part.strip() for part in found if part.strip()] or [text]


def split(text: str, limit: int, pieces: Callable[[str], int]) -> list[str]:
    """Return ``text`` in parts of at most ``limit`` pieces, filled from the left.

    Borders are tried in this order: clauses, words, characters. ``pieces`` counts the pieces that the
    model makes of a text; one more is reckoned for every join.
    """
    if pieces(text) <= limit:
        return [text]
    parts: list[str] = []
    room = 0
    for clause in _short_clauses(text, limit, pieces):
        size = pieces(clause) + 1
        if size <= room:
            parts[-1] = f"{parts[-1]} {clause}"
            room -= size
        else:
            parts.append(clause)
            room = limit - size
    return parts


def _short_clauses(text: str, limit: int, pieces: Callable[[str], int]) -> Iterator[str]:
    for clause in filter(None, _BORDER.split(text)):
        if pieces(clause) <= limit:
            yield clause
        else:
            yield from _words(clause)


def _words(clause: str) -> Iterator[str]:
    for word in clause.split():
        yield from _WORD.findall(word)
