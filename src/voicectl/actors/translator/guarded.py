"""Translation with care: protected spans, sentences of any length, several tries, the source text at last."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from voicectl.actors import languages
from voicectl.actors.translator import guards, placeholders, rejoin
from voicectl.actors.translator.backend import ORIGINAL, REFUSED, Result, Source
from voicectl.actors.translator.clauses import sentences, split
from voicectl.actors.translator.placeholders import Masked, Shown

LOST_SPAN = "lost span"
"""Alarm: a protected span did not come out verbatim."""
REJOINED = "rejoined"
"""Note: the text between the protected spans was translated piece by piece."""
SPLIT = "split"
"""Note: the text was translated in parts: several sentences, or one that is too long for the model."""
LATE = "late"
"""Note: the time for this sentence was up, so that a part of it stayed as it was."""

BUDGET_S = 20.0
"""Seconds after which nothing more is tried. The supervisor counts a stage as hung after a minute."""
_WARM_UP = "I have changed the file, and all of the tests pass now."
_CHUNK = 8
"""Texts that are decoded between two looks at the clock."""


class Decoder(Protocol):
    """A model behind ``translate``: it turns short texts into texts and nothing else.

    ``max_pieces`` is the longest source text, ``placeholders`` how many placeholder pieces it knows.
    """

    max_pieces: int
    placeholders: int

    def pieces(self, text: str) -> int:
        """Return how many pieces the model makes of ``text``."""
        ...

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Translate each text; ``careful`` searches wider, for a text on which the first try failed.

        Raises:
            BackendError: the model failed on these texts.
        """
        ...


class Try(NamedTuple):
    """One way to show a text to a model: with placeholders for code, for numbers too, or without any."""

    careful: bool
    spans: bool
    numbers: bool


TRIES = (
    Try(careful=False, spans=True, numbers=True),
    Try(careful=True, spans=True, numbers=False),
    Try(careful=True, spans=False, numbers=False),
)
"""In this order, until one goes well; then the pieces between the spans."""


@dataclass
class Part:
    """A sentence or a clause on its way: its translation and what the guards said."""

    masked: Masked
    text: str | None = None
    notes: dict[str, None] = field(default_factory=dict)
    tried: set[tuple[str, bool]] = field(default_factory=set)

    def result(self) -> Result:
        """Return the translation, or the source text, with the notes."""
        if self.text is not None:
            return Result(self.text, tuple(self.notes))
        return Result(placeholders.unmask(self.masked), (ORIGINAL, *self.notes) if self.masked.text else ())


def translate(
    decoder: Decoder,
    batch: Sequence[Source],
    *,
    source: str,
    target: str,
    clock: Callable[[], float] = time.monotonic,
) -> list[Result]:
    """Return one result for each text, in order; ``source`` and ``target`` are FLORES-200 codes.

    Notes say which guards raised an alarm, even if a later try went well. Text without a word comes back as it is, with
    the note ``original``. Where every try fails, the source text comes back, with ``refused`` as well if nothing of the
    text could be translated.

    Raises:
        BackendError: the model failed.
    """
    masked = [placeholders.mask(each.text, each.spans) for each in batch]
    owners = [list(_parts(decoder, each, source)) for each in masked]
    ladder = _Ladder(decoder, target, clock)
    ladder.climb([part for own in owners for part in own])
    return [_join([part.result() for part in own], languages.is_spaced(target)) for own in owners]


def _parts(decoder: Decoder, whole: Masked, language: str) -> Iterator[Part]:
    def pieces(text: str) -> int:
        return decoder.pieces(placeholders.show(Masked(text, whole.spans), decoder.placeholders, numbers=False).text)

    for sentence in sentences(whole.text, languages.tag(language)):
        for part in split(sentence, decoder.max_pieces, pieces):
            yield Part(Masked(part, whole.spans))


class _Ladder:
    """The tries, from the best to the safest, within the time that there is."""

    def __init__(self, decoder: Decoder, target: str, clock: Callable[[], float]) -> None:
        self._decoder = decoder
        self._target = target
        self._clock = clock
        self._until = clock() + BUDGET_S

    def climb(self, parts: Sequence[Part]) -> None:
        """Give each part a translation, if there is one."""
        wordy = [part for part in parts if guards.has_words(placeholders.without(part.masked.text))]
        for way in TRIES:
            self._attempt([part for part in wordy if part.text is None], way)
        for numbers in (False, True):
            for part in wordy:
                if part.text is None:
                    self._rejoin(part, numbers=numbers)

    def _attempt(self, parts: Sequence[Part], way: Try) -> None:
        todo: list[tuple[Part, Shown]] = []
        for part in parts:
            shown = placeholders.show(part.masked, self._decoder.placeholders if way.spans else 0, numbers=way.numbers)
            fits = self._decoder.pieces(shown.text) <= self._decoder.max_pieces
            if fits and (shown.text, way.careful) not in part.tried:
                part.tried.add((shown.text, way.careful))
                todo.append((part, shown))
        outputs = self._decode([shown.text for _, shown in todo], careful=way.careful)
        for (part, shown), output in zip(todo, outputs, strict=True):
            if output is None:
                part.notes[LATE] = None
            elif alarm := self._alarm(part.masked, shown, output):
                part.notes[alarm] = None
            else:
                part.text = placeholders.restore(shown, output).strip()

    def _rejoin(self, part: Part, *, numbers: bool) -> None:
        """Translate the pieces between the spans; the last time, with ``numbers``, those that fail stay as they are."""
        pieces = rejoin.cut(part.masked, numbers=numbers)
        own = list(dict.fromkeys(piece.text for piece in pieces if not piece.verbatim))
        if len(pieces) < 2:
            return
        outputs = zip(own, self._decode(own, careful=numbers), strict=True)
        good = {text: rejoin.trimmed(text, output or "") for text, output in outputs if self._is_sound(text, output)}
        if not good or (not numbers and len(good) < len(own)):
            return
        texts = [piece.text if piece.verbatim else good.get(piece.text, piece.text) for piece in pieces]
        text = rejoin.join(pieces, texts, spaced=languages.is_spaced(self._target))
        if numbers or placeholders.is_verbatim(part.masked, text):
            part.text = text
            part.notes |= dict.fromkeys([REJOINED] if len(good) == len(own) else [REJOINED, ORIGINAL])

    def _decode(self, texts: Sequence[str], *, careful: bool) -> list[str | None]:
        """Return the model's outputs, None from when the time is up."""
        outputs: list[str | None] = []
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            in_time = self._clock() < self._until
            outputs += self._decoder.decode(chunk, careful=careful) if in_time else [None] * len(chunk)
        return outputs

    def _alarm(self, masked: Masked, shown: Shown, output: str) -> str:
        said = guards.alarm(placeholders.without(shown.text), placeholders.without(output), self._target)
        if said:
            return said
        if not placeholders.is_carried(shown, output):
            return LOST_SPAN
        return "" if placeholders.is_verbatim(masked, placeholders.restore(shown, output)) else LOST_SPAN

    def _is_sound(self, text: str, output: str | None) -> bool:
        """Say whether a piece without spans is translated."""
        if output is None or guards.alarm(text, output, self._target):
            return False
        return placeholders.is_carried(Shown(text), output)


def _join(results: Sequence[Result], spaced: bool) -> Result:
    if len(results) == 1:
        only = results[0]
        return only._replace(notes=(*only.notes, REFUSED)) if _is_refused([only]) else only
    notes = dict.fromkeys((*(note for result in results for note in result.notes), SPLIT))
    if _is_refused(results):
        notes[REFUSED] = None
    return Result((" " if spaced else "").join(result.text for result in results), tuple(notes))


def _is_refused(results: Sequence[Result]) -> bool:
    """Say whether guards kept back every part that has words: each of them has the note of an alarm."""
    wordy = [result for result in results if result.notes != (ORIGINAL,)]
    return bool(wordy) and all(ORIGINAL in result.notes and REJOINED not in result.notes for result in wordy)


def warm_up(decoder: Decoder) -> None:
    """Decode a sentence for nobody: a library's first is slow, and nobody should wait for it."""
    decoder.decode([_WARM_UP], careful=False)
