"""Cuts growing text into units at places that depend on the text alone, never on its chunks.

The block assembler looks at the text only at the end of a unit. So its decisions, and with them the
sentences, are the same however the text was cut on its way here.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from voicectl.actors.parser.blocks import BULLETS
from voicectl.actors.parser.clauses import EARLY
from voicectl.actors.parser.endings import CJK_MARKS, MARKS, is_doubtful
from voicectl.actors.parser.sentences import CANDIDATE

MAX_UNIT = 4096
"""Characters; a unit ends here when nothing else ends it."""

# The first character of a line's own text, behind list, quote and heading marks. Lines that begin
# with anything else that could still turn into markup wait for their end.
_LINE_START = re.compile(rf"[ \t]*(?:(?:[-+*{BULLETS}]|\d{{1,9}}[.)]|\#{{1,6}}|>)[ \t]+)*[^\s\-+*_\#>=~`|<\d{BULLETS}]")
_IN_LINE = CANDIDATE.pattern.replace(r"\s++", r"[ \t]++").replace(r"\s*+", r"[ \t]*+")
# Looks back, lest a long run of marks be tried at each of them; at the beginning of a unit it must not.
_MARKS = re.compile(_IN_LINE.replace(f"(?<![{MARKS}])", "").replace(f"(?<![{CJK_MARKS}])", ""), re.VERBOSE)
_POINT = re.compile(rf"\n | {_IN_LINE}", re.VERBOSE)
# A clause does not end across lines here: the end of the line comes first, and may come alone.
_CLAUSE = EARLY.pattern.replace(r"\s+", r"[^\S\n]+")
_POINT_OR_CLAUSE = re.compile(rf"\n | {_IN_LINE} | {_CLAUSE}", re.VERBOSE)
# The whole word that tells whether a doubtful end was one, unless it ends a sentence itself.
_WORD = re.compile(rf"\w+[^\w{MARKS}{CJK_MARKS}\n]")


class Unit(NamedTuple):
    """Text up to a place where something may be decided.

    ``written`` is the stamp of the last visible character before the deciding one.
    """

    text: str
    written: int


class Units:
    """Collects text and gives out whole units; with ``clauses`` they end at the ends of clauses too."""

    def __init__(
        self, held: str = "", line_start: bool = True, ink: int = 0, word: bool = False, clauses: bool = False
    ) -> None:
        self.held = held
        self.line_start = line_start
        self.word = word  # the unit before ended in the first letter of a word that decides
        self.ink = ink  # stamp of the last visible character of the units given out
        self._point = _POINT_OR_CLAUSE if clauses else _POINT
        self._marks: list[tuple[int, int]] = [(len(held), ink)] if held else []  # (end, stamp)

    def push(self, text: str, arrived: int) -> Iterator[Unit]:
        """Add text and yield the units that it completes."""
        self.held += text
        self._marks.append((len(self.held), arrived))
        start = 0
        while start < len(self.held) and (found := self._next(start)):
            end, decided = found
            yield self._unit(start, end, decided)
            start = end
        # Cut once, not for each unit: a long text may come in one piece.
        self.held = self.held[start:]
        self._marks = [(end - start, stamp) for end, stamp in self._marks if end > start]

    def flush(self) -> Unit | None:
        """Give out what is held, although nothing says that a unit ends here."""
        if not self.held:
            return None
        unit = self._unit(0, len(self.held), len(self.held))
        self.held = ""
        self._marks = []
        return unit

    def _next(self, start: int) -> tuple[int, int] | None:
        """Return the end of the unit that begins at ``start`` and the end of the text that it may decide."""
        ends: list[tuple[int, int]] = []
        if self.line_start and (match := _LINE_START.match(self.held, start)):
            ends.append((match.end(), start))
        if self.word and (match := _WORD.match(self.held, start)):
            ends.append((match.end(), start))
        # No further than one unit: a long text without full stops is not searched again and again.
        limit = start + MAX_UNIT
        if match := _MARKS.match(self.held, start, limit) or self._point.search(self.held, start, limit):
            ends.append((match.end(), match.end() if match.group() == "\n" else match.start() + 1))
        if len(self.held) - start >= MAX_UNIT:
            ends.append((start + MAX_UNIT, start + MAX_UNIT))
        return min(ends) if ends else None

    def _unit(self, start: int, end: int, decided: int) -> Unit:
        """Return the unit held[start:end]; what comes before ``decided`` is what it may decide."""
        text = self.held[start:end]
        self._see(start, decided)
        unit = Unit(text, self.ink)
        self._see(start, end)
        self.line_start = text.endswith("\n")
        self.word = is_doubtful(text)
        return unit

    def _see(self, start: int, end: int) -> None:
        """Take note of when the last visible character of held[start:end] arrived."""
        visible = len(self.held[start:end].rstrip())
        if visible:
            last = start + visible - 1
            self.ink = next((stamp for stop, stamp in self._marks if last < stop), self.ink)
