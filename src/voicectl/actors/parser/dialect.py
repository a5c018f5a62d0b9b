"""How source is read, and where its first sentence ends for certain."""

from collections.abc import Callable
from typing import NamedTuple

from voicectl.actors.parser import sentences
from voicectl.actors.parser.blocks import Leaf, markdown_leaves, text_leaves
from voicectl.actors.parser.emphasis import Open, still_open
from voicectl.actors.parser.speakable import Plain, literal, speakable


class Certain(NamedTuple):
    """The first sentence of some source: the length of its source, the emphasis left open there, its words."""

    end: int
    marks: str
    plain: Plain


class Dialect(NamedTuple):
    """How source is read: its blocks, what inline markup is open at its end, its words."""

    leaves: Callable[[str], list[Leaf]]
    still_open: Callable[[str], Open]
    words: Callable[[str], Plain]


def closed(dialect: Dialect, source: str) -> str:
    """Return inline source with the emphasis closed that is open at its end."""
    return source + dialect.still_open(source).marks[::-1]


def first_sentence(dialect: Dialect, marks: str, rest: str, passed: int) -> tuple[Certain | None, int]:
    """Return the first sentence of ``rest``, if its end is certain, and how far ``rest`` was searched.

    ``marks`` is the emphasis open at the beginning of ``rest``; no sentence ends before ``passed``
    (the result of an earlier search of the same text, when it was shorter).
    """
    found = [candidate for candidate in sentences.candidates(rest) if candidate.end > passed]
    since = dialect.still_open(marks + rest).since - len(marks) if found else -1
    for candidate in found:
        # What is open still cannot have been closed before: nothing ends behind its beginning.
        if candidate.end > sentences.MAX_SENTENCE or 0 <= since < candidate.end:
            break
        certain = _cut(dialect, marks, rest, candidate.end)
        if certain and sentences.is_end(certain.plain.masked(), candidate.decider):
            return certain, candidate.end
        passed = candidate.end
    if len(rest) <= sentences.MAX_SENTENCE:
        return None, passed
    blank = rest.rfind(" ", 1, sentences.MAX_SENTENCE)
    end = blank if blank > 0 else sentences.MAX_SENTENCE
    return _cut(dialect, marks, rest, end, by_force=True), end


def _cut(dialect: Dialect, marks: str, rest: str, end: int, by_force: bool = False) -> Certain | None:
    """Return rest[:end] as a sentence, or None if more than emphasis is open at its end."""
    source = marks + rest[:end]
    open_marks, since = dialect.still_open(source)
    if since >= 0 and not by_force:
        return None
    return Certain(end, open_marks, dialect.words(source + open_marks[::-1]))


def _nothing_open(source: str) -> Open:
    """Plain text has no markup that could be open."""
    return Open("", -1)


MARKDOWN = Dialect(markdown_leaves, still_open, speakable)
TEXT = Dialect(text_leaves, _nothing_open, literal)
