"""One text as it grows: text in, sentences out, with the stamps that say how long each one waited."""

from typing import Literal

import msgspec

from voicectl.actors.parser.dialect import MARKDOWN, TEXT
from voicectl.actors.parser.items import Spoken
from voicectl.actors.parser.markdown import Assembler, AssemblerState, Piece
from voicectl.actors.parser.units import Units


class DocumentState(msgspec.Struct):
    """All that a document remembers; ``surrogate`` is half a character (0: none) that awaits its other half."""

    assembler: AssemblerState
    held: str = ""
    line_start: bool = True
    ink: int = 0
    surrogate: int = 0


class Document:
    """Text that is spoken from its beginning to its end, in Markdown or plain."""

    def __init__(
        self, code: Literal["drop", "announce"], markdown: bool = True, state: DocumentState | None = None
    ) -> None:
        state = state or DocumentState(assembler=AssemblerState())
        self._assembler = Assembler(MARKDOWN if markdown else TEXT, code, state.assembler)
        self._units = Units(state.held, state.line_start, state.ink)
        self._surrogate = state.surrogate

    def state(self) -> DocumentState:
        """Return what is needed to go on from here."""
        units = self._units
        return DocumentState(
            assembler=self._assembler.state,
            held=units.held,
            line_start=units.line_start,
            ink=units.ink,
            surrogate=self._surrogate,
        )

    @property
    def pending(self) -> bool:
        """Whether there is text whose end is doubtful."""
        return bool(self._units.held.strip()) or self._assembler.waiting

    def push(self, text: str, arrived: int) -> list[Spoken]:
        """Add text; return the sentences whose end is certain now."""
        spoken: list[Spoken] = []
        for unit in self._units.push(self._cleaned(text), arrived):
            spoken += _stamped(self._assembler.push(unit.text), unit.written)
        return spoken

    def settle(self) -> list[Spoken]:
        """The text pauses: let go what looks complete."""
        unit = self._units.flush()
        pieces = self._assembler.push(unit.text) if unit else []
        return _stamped(pieces + self._assembler.settle(), self._units.ink)

    def close(self, cut: bool = False) -> list[Spoken]:
        """The text ends; ``cut``: in the middle of a sentence, which is dropped."""
        unit = self._units.flush()
        pieces = self._assembler.push(unit.text) if unit else []
        self._units.line_start = True
        self._surrogate = 0
        return _stamped(pieces + self._assembler.close(cut), self._units.ink)

    def _cleaned(self, text: str) -> str:
        """Return text without what cannot be text: NUL, carriage returns, halves of characters."""
        if self._surrogate:
            text = chr(self._surrogate) + text
            self._surrogate = 0
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._surrogate = ord(text[-1])
            text = text[:-1]
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        # U+E000 is the assembler's own mark.
        return text.replace("\x00", "\ufffd").replace("\r", " ").replace("\ue000", "\ufffd")


def _stamped(pieces: list[Piece], written: int) -> list[Spoken]:
    return [Spoken(text=piece.text, spans=piece.spans, pause=piece.pause, written=written) for piece in pieces]
