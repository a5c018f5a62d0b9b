"""One text as it grows: text in, sentences out, with the stamps that say how long each one waited."""

import msgspec

from voicectl.actors.parser.assembly import AssemblerState
from voicectl.actors.parser.cleaning import MISFIT, Cleaner, is_text
from voicectl.actors.parser.items import Spoken
from voicectl.actors.parser.markdown import Assembler
from voicectl.actors.parser.pieces import Piece
from voicectl.actors.parser.units import Units
from voicectl.config.settings import ParserSettings


class DocumentState(msgspec.Struct):
    """All that a document remembers; ``cut`` is half a character or escape sequence that awaits its other half.

    ``noise`` says that what came last was no text, ``doubtful`` is what followed it and may be.
    """

    assembler: AssemblerState
    held: str = ""
    line_start: bool = True
    word: bool = False
    ink: int = 0
    cut: bytes = b""
    noise: bool = False
    doubtful: str = ""


class Document:
    """Text that is spoken from its beginning to its end, in Markdown or plain.

    ``skipped`` counts the pieces of input that were no text.
    """

    def __init__(self, settings: ParserSettings, markdown: bool = True, state: DocumentState | None = None) -> None:
        state = state or DocumentState(assembler=AssemblerState())
        self.skipped = 0
        self._assembler = Assembler(settings, markdown, state.assembler)
        self._units = Units(state.held, state.line_start, state.ink, state.word, settings.early_clause_chars > 0)
        self._cleaner = Cleaner(state.cut)
        self._noise = state.noise
        self._doubtful = state.doubtful

    def state(self) -> DocumentState:
        """Return what is needed to go on from here."""
        units = self._units
        return DocumentState(
            assembler=self._assembler.state,
            held=units.held,
            line_start=units.line_start,
            word=units.word,
            ink=units.ink,
            cut=self._cleaner.held,
            noise=self._noise,
            doubtful=self._doubtful,
        )

    @property
    def pending(self) -> bool:
        """Whether there is text whose end is doubtful."""
        return bool(self._units.held.strip()) or self._assembler.waiting

    def push(self, text: str, arrived: int, early: bool = False) -> list[Spoken]:
        """Add text; return the sentences whose end is certain now, ``early``: of the first one perhaps a clause."""
        spoken: list[Spoken] = []
        for unit in self._units.push(self._cleaner.clean(text), arrived):
            spoken += _stamped(self._read(unit.text, early and not spoken), unit.written)
        return spoken

    def settle(self) -> list[Spoken]:
        """The text pauses: let go what looks complete."""
        return _stamped(self._flushed() + self._assembler.settle(), self._units.ink)

    def close(self, cut: bool = False) -> list[Spoken]:
        """The text ends; ``cut``: in the middle of a sentence, which is dropped."""
        pieces = self._flushed()
        self._units.line_start = True
        self._units.word = False
        self._cleaner = Cleaner()
        self._noise = False
        self._doubtful = ""
        return _stamped(pieces + self._assembler.close(cut), self._units.ink)

    def _flushed(self) -> list[Piece]:
        """Give the assembler what is held of an unfinished unit."""
        unit = self._units.flush()
        return self._read(unit.text, early=False) if unit else []

    def _read(self, unit: str, early: bool) -> list[Piece]:
        """Give the assembler a unit; one that was held back as doubtful may have several lines."""
        text = self._legible(unit)
        if "\n" not in text[:-1]:
            return self._assembler.push(text, early)
        *lines, last = text.split("\n")
        pieces = [piece for line in lines for piece in self._assembler.push(line + "\n")]
        return pieces + self._assembler.push(last)

    def _legible(self, unit: str) -> str:
        """Return a unit without misfits; of one that is no text only its line end."""
        if not self._noise and MISFIT not in unit:
            return unit
        misfits = MISFIT in unit
        unit = self._doubtful + unit
        self._doubtful = ""
        self._noise = not is_text(unit, self._noise)
        if not self._noise:
            return unit.replace(MISFIT, "")
        self.skipped += misfits
        if misfits:
            return "\n" if unit.endswith("\n") else ""
        self._doubtful = unit
        return ""


def _stamped(pieces: list[Piece], written: int) -> list[Spoken]:
    return [Spoken(text=piece.text, spans=piece.spans, pause=piece.pause, written=written) for piece in pieces]
