"""Cuts text into sentences, finished text as well as text that still grows."""

import re
from typing import NamedTuple

from voicectl.actors.parser.clauses import cuts
from voicectl.actors.parser.endings import CJK_MARKS, MARKS, NOTE_MARKS, is_end
from voicectl.protocol.message import Pause

CANDIDATE = re.compile(
    rf"""
    (?P<end> (?<![{MARKS}]) [{MARKS}]++ ["'”’)\]}}»*_~`]*+ {NOTE_MARKS} ) (?P<blank> \s++ )
    (?P<after> ["'“‘(\[{{«*_~`]{{0,8}}+ [^\s"'“‘(\[{{«*_~`] )
  | (?P<cjk> (?<![{CJK_MARKS}]) [{CJK_MARKS}]++ [」』）”’"'*_~`]*+ ) (?P<next> \s*+ [^\s」』）”’"'*_~`{CJK_MARKS}] )
    """,
    re.VERBOSE,
)
"""A place where a sentence may end, together with the first character that can decide it."""


_WORD = re.compile(r"\w+(?=\W)")


class Candidate(NamedTuple):
    """A possible sentence end: ``end`` is the place after it, ``decider`` the first character behind.

    ``following`` is the whole word that begins with the decider, None where it may still grow.
    """

    end: int
    decider: str
    following: str | None


def candidates(text: str, start: int = 0) -> list[Candidate]:
    """Return the possible sentence ends of ``text`` whose deciding character is there too."""
    found: list[Candidate] = []
    position = start
    while match := CANDIDATE.search(text, position):
        # The deciding character may itself begin the next candidate.
        position = match.end() - 1
        word = _WORD.match(text, position)
        end = match.end("cjk") if match["cjk"] is not None else match.end("end")
        found.append(Candidate(end, text[position], word and word.group()))
    return found


class Part(NamedTuple):
    """A sentence, or a part of one that is too long: its place, and what follows it."""

    start: int
    end: int
    pause: Pause


def split(text: str, most: int) -> list[Part]:
    """Return the sentences of a finished ``text``, blanks around them left out; none is longer than ``most``."""
    parts: list[Part] = []
    start = 0
    for candidate in candidates(text + "\n"):  # the last word grows no more
        if candidate.end > start and is_end(text[start : candidate.end], candidate.decider, candidate.following):
            parts += shorten(text, start, candidate.end, most)
            start = candidate.end
    return parts + shorten(text, start, len(text), most)


def shorten(text: str, start: int, end: int, most: int) -> list[Part]:
    """Cut the sentence text[start:end] between its clauses into parts of at most ``most`` characters."""
    parts: list[Part] = []
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > most:
        cut = start + cuts(text[start:end], most)[0]
        parts.append(Part(start, start + len(text[start:cut].rstrip()), "clause"))
        start = cut
        while start < end and text[start].isspace():
            start += 1
    return [*parts, Part(start, end, "sentence")] if start < end else parts
