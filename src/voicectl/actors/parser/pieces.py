"""What is said for the parts of a text: its sentences, the rows of its tables, its code."""

from typing import NamedTuple

from voicectl.actors.parser import sentences
from voicectl.actors.parser.blocks import Leaf
from voicectl.actors.parser.code import announcement
from voicectl.actors.parser.dialect import Dialect
from voicectl.actors.parser.speakable import Plain, joined, labelled
from voicectl.actors.phrases.mark import marked
from voicectl.config.settings import ParserSettings
from voicectl.protocol.message import Pause, Span


class Piece(NamedTuple):
    """A sentence, or a part of one, that may be spoken."""

    text: str
    spans: tuple[Span, ...]
    pause: Pause


class Pieces:
    """Collects what is to be said, in the style that the settings ask for."""

    def __init__(self, settings: ParserSettings, dialect: Dialect) -> None:
        self._dialect = dialect
        self._code = settings.code
        self._tables = settings.tables
        self._most = settings.max_sentence_chars
        self._pieces: list[Piece] = []

    def taken(self) -> list[Piece]:
        """Return what was collected, and forget it."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def say(self, plain: Plain, pause: Pause) -> None:
        """Say the sentences of ``plain``; the pause is the last one's. What has no letter or digit is not said."""
        first = len(self._pieces)
        for part in sentences.split(plain.veiled(), self._most):
            text = plain.text[part.start : part.end]
            if any(map(str.isalnum, text)):
                self._pieces.append(Piece(text, plain.spans(part.start, part.end), part.pause))
        if len(self._pieces) > first:
            self._pieces[-1] = self._pieces[-1]._replace(pause=pause)

    def row(self, leaf: Leaf) -> None:
        """Say a row of a table."""
        if self._tables == "skip" or (self._tables == "columns" and not leaf.head):
            return
        words = [self._dialect.words(cell) for cell in leaf.cells]
        if self._tables == "columns":
            names = [self._dialect.words(name) for name in leaf.head]
            words = [labelled(name, word) for name, word in zip(names, words, strict=False)]
        self.say(joined([word for word in words if word.text]), "sentence")

    def announce(self, language: str, lines: int) -> None:
        """Say that there is a code block, where that is wanted; ``language`` is the fence's info word, or empty."""
        if self._code == "announce":
            text = announcement(language, lines)
            self._pieces.append(Piece(text, marked(text), "sentence"))

    def read_out(self, lines: list[str]) -> None:
        """Say lines of code as they stand, where that is wanted."""
        if self._code != "read":
            return
        for line in lines:
            text = " ".join(line.split())
            if any(map(str.isalnum, text)):
                parts = [text[part.start : part.end] for part in sentences.shorten(text, 0, len(text), self._most)]
                self._pieces += [Piece(part, (Span(kind="code", text=part),), "clause") for part in parts]
