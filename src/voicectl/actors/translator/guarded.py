"""Translation with care: protected spans, sentences of any length, a second try, the source text at last."""

from collections.abc import Sequence
from typing import Protocol

from voicectl.actors.translator import guards, placeholders
from voicectl.actors.translator.backend import Result, Source
from voicectl.actors.translator.clauses import split
from voicectl.actors.translator.placeholders import Masked

ORIGINAL = "original"
"""Note: the text is the source text, at least in part."""
UNPROTECTED = "unprotected"
"""Note: a protected span may have been changed, because the model did not carry it over."""
SPLIT = "split"
"""Note: the sentence was too long for the model and was translated in parts."""


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


def translate(decoder: Decoder, batch: Sequence[Source], *, spaced: bool) -> list[Result]:
    """Return one result for each source, in order; ``spaced`` joins parts with a blank.

    Text without a word comes back as it is. Where every attempt fails, the source text comes back. Both
    have the note ``original``.

    Raises:
        BackendError: the model failed.
    """
    parts = [_parts(decoder, source) for source in batch]
    results = iter(_translate_parts(decoder, [part for own in parts for part in own]))
    return [_join([next(results) for _ in own], spaced) for own in parts]


def _parts(decoder: Decoder, source: Source) -> list[Source]:
    return [Source(part, source.spans) for part in split(guards.clean(source.text), decoder.max_pieces, decoder.pieces)]


def _translate_parts(decoder: Decoder, parts: Sequence[Source]) -> list[Result]:
    results = [Result(part.text, (ORIGINAL,) if part.text else ()) for part in parts]

    def attempt(texts: list[Masked], todo: list[int], *, careful: bool) -> list[int]:
        """Translate the texts at these indices; return the indices at which it did not go well."""
        outputs = decoder.decode([texts[index].text for index in todo], careful=careful) if todo else []
        good = {index: output for index, output in zip(todo, outputs, strict=True) if _is_good(texts[index], output)}
        for index, output in good.items():
            results[index] = _result(parts[index], placeholders.restore(texts[index], output))
        return [index for index in todo if index not in good]

    protected = [_mask(part, decoder.placeholders) for part in parts]
    todo = [index for index, text in enumerate(protected) if guards.has_words(placeholders.without(text))]
    todo = attempt(protected, todo, careful=False)
    todo = attempt(protected, todo, careful=True)
    bare = [_mask(part, 0) for part in parts]
    attempt(bare, [index for index in todo if protected[index].spans], careful=True)
    return results


def _mask(part: Source, limit: int) -> Masked:
    return placeholders.mask(guards.without_symbols(part.text), part.spans, limit)


def _is_good(masked: Masked, output: str) -> bool:
    return guards.is_sound(masked.text, output) and placeholders.is_carried(masked, output)


def _result(part: Source, text: str) -> Result:
    protected = (span.text for span in part.spans if span.kind in placeholders.PROTECTED and span.text in part.text)
    return Result(text.strip(), () if all(span in text for span in protected) else (UNPROTECTED,))


def _join(results: Sequence[Result], spaced: bool) -> Result:
    notes = dict.fromkeys(note for result in results for note in result.notes)
    if len(results) > 1:
        notes[SPLIT] = None
    return Result((" " if spaced else "").join(result.text for result in results), tuple(notes))
