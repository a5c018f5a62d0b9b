"""Cuts growing text into units at places that depend on the text alone, never on its chunks.

The block assembler looks at the text only at the end of a unit. So its decisions, and with them the
sentences, are the same however the text was cut on its way here.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from voicectl.actors.parser.sentences import CANDIDATE

MAX_UNIT = 4096
"""Characters; a unit ends here when nothing else ends it."""

# The first character of a line's own text, behind list, quote and heading marks. Lines that begin
# with anything else that could still turn into markup wait for their end.
_LINE_START = re.compile(r"[ \t]*(?:(?:[-+*]|\d{1,9}[.)]|\#{1,6}|>)[ \t]+)*[^\s\-+*_\#>=~`|<\d]")
_POINT = re.compile(
    r"\n|" + CANDIDATE.pattern.replace(r"\s+", r"[ \t]+").replace(r"\s*", r"[ \t]*"),
    re.VERBOSE,
)


class Unit(NamedTuple):
    """Text up to a place where something may be decided.

    ``written`` is the stamp of the last visible character before the deciding one.
    """

    text: str
    written: int


class Units:
    """Collects text and gives out whole units."""

    def __init__(self, held: str = "", line_start: bool = True, ink: int = 0) -> None:
        self.held = held
        self.line_start = line_start
        self.ink = ink  # stamp of the last visible character of the units given out
        self._marks: deque[tuple[int, int]] = deque([(len(held), ink)] if held else ())  # (end, stamp)

    def push(self, text: str, arrived: int) -> Iterator[Unit]:
        """Add text and yield the units that it completes."""
        self.held += text
        self._marks.append((len(self.held), arrived))
        while self.held:
            found = self._next()
            if found is None:
                return
            yield self._take(*found)

    def flush(self) -> Unit | None:
        """Give out what is held, although nothing says that a unit ends here."""
        return self._take(len(self.held), len(self.held)) if self.held else None

    def _next(self) -> tuple[int, int] | None:
        """Return the end of the next unit and the end of the text that it may decide, or None."""
        ends: list[tuple[int, int]] = []
        if self.line_start and (match := _LINE_START.match(self.held)):
            ends.append((match.end(), 0))
        if match := _POINT.search(self.held):
            decided = match.start() + 1
            ends.append((match.end(), decided if match.group() != "\n" else match.end()))
        if len(self.held) >= MAX_UNIT:
            ends.append((MAX_UNIT, MAX_UNIT))
        return min(ends) if ends else None

    def _take(self, end: int, decided: int) -> Unit:
        """Cut the unit that ends at ``end``; what comes before ``decided`` is what it may decide."""
        text = self.held[:end]
        visible = len(text[:decided].rstrip())
        if visible:
            self.ink = self._stamp(visible - 1)
        unit = Unit(text, self.ink)
        visible = len(text.rstrip())
        if visible:
            self.ink = self._stamp(visible - 1)
        self.line_start = text.endswith("\n")
        self.held = self.held[end:]
        shifted = ((stop - end, stamp) for stop, stamp in self._marks)
        self._marks = deque(mark for mark in shifted if mark[0] > 0)
        return unit

    def _stamp(self, index: int) -> int:
        """Return when the held character ``index`` arrived."""
        return next((stamp for stop, stamp in self._marks if index < stop), self.ink)
