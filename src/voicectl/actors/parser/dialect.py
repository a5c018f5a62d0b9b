"""How source is read, and where its first sentence ends for certain."""

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from voicectl.actors.parser import sentences
from voicectl.actors.parser.blocks import Leaf, markdown_leaves, text_leaves
from voicectl.actors.parser.clauses import cuts, first_ends
from voicectl.actors.parser.emphasis import COMMENT, Open, still_open
from voicectl.actors.parser.endings import is_end
from voicectl.actors.parser.speakable import Plain, literal, speakable
from voicectl.actors.parser.wording import Wording
from voicectl.protocol.message import Pause

MAX_SOURCE = 800
"""Characters of source; a sentence that is longer is cut, whatever its markup comes to."""


_CODE_OR_COMMENT = re.compile(r"(?P<code>(?<!`)(?P<marks>`+)(?!`).*?(?<!`)(?P=marks)(?!`))|<!--.*?-->", re.DOTALL)


class Certain(NamedTuple):
    """The first sentence of some source: the length of its source, the emphasis left open there, its words.

    ``pause`` is a clause's if only a part of the sentence is meant.
    """

    end: int
    marks: str
    plain: Plain
    pause: Pause = "sentence"


class Dialect(NamedTuple):
    """How source is read: its blocks, what inline markup is open at its end, its words."""

    leaves: Callable[[str], list[Leaf]]
    still_open: Callable[[str], Open]
    words: Callable[[str], Plain]


def closed(dialect: Dialect, source: str) -> str:
    """Return inline source with the emphasis closed that is open at its end."""
    return source + dialect.still_open(source).marks[::-1]


def without_comments(dialect: Dialect, source: str) -> str:
    """Return inline source without its comments; of one that is still open the beginning and the end are left."""
    if COMMENT not in source:
        return source
    source = _CODE_OR_COMMENT.sub(lambda match: match["code"] or "", source)
    since = dialect.still_open(source).since
    if since < 0 or not source.startswith(COMMENT, since):
        return source
    # The last two characters may begin its end.
    return f"{source[:since]}{COMMENT} {source[since + len(COMMENT) :][-2:]}"


def first_sentence(dialect: Dialect, marks: str, rest: str, passed: int, most: int) -> tuple[Certain | None, int]:
    """Return the first sentence of ``rest``, if its end is certain, and how far ``rest`` was searched.

    ``marks`` is the emphasis open at the beginning of ``rest``; no sentence ends before ``passed``
    (the result of an earlier search of the same text, when it was shorter). Of a sentence that has more
    than ``most`` characters already the first part is returned.
    """
    found = [candidate for candidate in sentences.candidates(rest, passed) if candidate.end > passed]
    is_long = len(rest) > most
    since = dialect.still_open(marks + rest).since - len(marks) if found or is_long else -1
    # What is open still cannot have been closed before: nothing ends behind its beginning.
    limit = since if since >= 0 else len(rest)
    for candidate in found:
        if candidate.end > min(limit, MAX_SOURCE):
            break
        certain = _cut(dialect, marks, rest, candidate.end)
        ends = certain and is_end(certain.plain.masked(), candidate.decider, candidate.following)
        if certain and ends:
            return certain, candidate.end
        if certain and ends is None:
            break
        passed = candidate.end
    if len(rest) > MAX_SOURCE and len(without_comments(dialect, rest)) > MAX_SOURCE:
        return _part(dialect, marks, rest, most), passed
    if limit > most and len(dialect.words(closed(dialect, marks + rest[:limit])).text) > most:
        return _part(dialect, marks, rest[:limit], most), passed
    return None, passed


def first_clause(dialect: Dialect, marks: str, rest: str, least: int) -> Certain | None:
    """Return the first clause of ``rest`` that can stand for itself and has ``least`` characters or more."""
    for end in first_ends(rest, least):
        certain = _cut(dialect, marks, rest, end)
        if certain and len(certain.plain.text) >= least:
            return certain._replace(pause="clause")
    return None


def _part(dialect: Dialect, marks: str, rest: str, most: int) -> Certain:
    """Return a first part of a sentence that is too long; inside a link or code only if there is no other place."""
    places = cuts(rest, most, whole=False)
    # A link is longer than its text: the next good place may lie behind it.
    behind = sorted(place for place in cuts(rest, min(len(rest), MAX_SOURCE), whole=False) if place > most)
    since = dialect.still_open(marks + rest).since - len(marks)
    for end in places + behind:
        if (since < 0 or end <= since) and (certain := _cut(dialect, marks, rest, end)):
            return certain._replace(pause="clause")
    source = marks + rest[: places[0]]
    open_marks = dialect.still_open(source).marks
    return Certain(places[0], open_marks, dialect.words(source + open_marks[::-1]), "clause")


def _cut(dialect: Dialect, marks: str, rest: str, end: int) -> Certain | None:
    """Return rest[:end] as a sentence, or None if more than emphasis is open at its end."""
    source = marks + rest[:end]
    open_marks, since = dialect.still_open(source)
    return None if since >= 0 else Certain(end, open_marks, dialect.words(source + open_marks[::-1]))


def _nothing_open(source: str) -> Open:
    """Plain text has no markup that could be open."""
    return Open("", -1)


def make_dialect(markdown: bool, wording: Wording) -> Dialect:
    """Return how Markdown, or else plain text, is read."""
    if markdown:
        return Dialect(markdown_leaves, still_open, partial(speakable, wording=wording))
    return Dialect(text_leaves, _nothing_open, partial(literal, wording=wording))
