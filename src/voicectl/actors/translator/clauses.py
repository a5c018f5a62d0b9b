"""Cuts what is too long for a model into parts, at clause borders where there are any."""

import re
from collections.abc import Callable, Iterator

_BORDER = re.compile(r"(?<=[.!?;:,)\]…—])\s+|(?<=[、。，；：！？])\s*")
_MAX_WORD = 60
"""A run without a blank is cut after this many characters, which no model makes more pieces of than its limit."""


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
        for start in range(0, len(word), _MAX_WORD):
            yield word[start : start + _MAX_WORD]
