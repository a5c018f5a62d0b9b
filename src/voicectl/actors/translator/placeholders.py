"""Protected spans as placeholder pieces: ``⟦0⟧``, ``⟦1⟧`` … stand for code, paths and their like.

A model that was trained with these pieces carries them over; afterwards the spans are put back. For every other model
they mark where the spans stand, so that a text can be cut around them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from voicectl.actors.translator import guards, spans
from voicectl.protocol.message import Span

NUMBERS = frozenset({"number", "digits"})
"""Kinds of span that a later try leaves to the model: each language has its own way with numbers and their units."""
DIGITS = "digits"
"""The kind of a plain number, the last thing at which a sentence is cut."""

_PLAIN_BRACKETS = str.maketrans("⟦⟧", "[]")
_PLAIN_DIGITS = str.maketrans("０１２３４５６７８９％", "0123456789%")
_PLACEHOLDER = re.compile(r"⟦(\d+)⟧")


class Masked(NamedTuple):
    """A text with placeholders; ``spans[n]`` is what ``⟦n⟧`` stands for."""

    text: str
    spans: tuple[Span, ...] = ()


class Shown(NamedTuple):
    """What a model is shown: a text with at most as many placeholders as it knows, numbered from 0."""

    text: str
    spans: tuple[str, ...] = ()


def placeholder(number: int) -> str:
    """Return the piece that stands for a span."""
    return f"⟦{number}⟧"


def mask(text: str, marked: Sequence[Span]) -> Masked:
    """Put placeholders for all spans, numbered by first appearance, and clean the text around them.

    ``marked`` are the spans that are known; each stands for one occurrence, the leftmost that is left and, where there
    is one, no part of a longer word. What else looks like code is found here. The same text is the same placeholder.
    Brackets that look like a placeholder become plain ones.
    """
    found: dict[str, Span] = {}
    numbers: dict[str, int] = {}

    def stand_in(span: Span) -> str:
        found.setdefault(span.text, span)
        return placeholder(numbers.setdefault(span.text, len(numbers)))

    pieces = (
        inner for piece in _marked(text, marked) for inner in ([piece] if isinstance(piece, Span) else _found(piece))
    )
    out = (stand_in(each) if isinstance(each, Span) else each.translate(_PLAIN_BRACKETS) for each in pieces)
    return Masked(guards.clean("".join(out)), tuple(found.values()))


def unmask(masked: Masked) -> str:
    """Return the text with its spans: the source text, cleaned."""
    return _PLACEHOLDER.sub(lambda match: masked.spans[int(match.group(1))].text, masked.text)


def show(masked: Masked, limit: int, *, numbers: bool) -> Shown:
    """Return the text for a model that knows ``limit`` placeholders; the spans beyond them are written out.

    ``numbers`` puts placeholders for numbers as well. Pictures are left out.
    """
    kept: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        span = masked.spans[int(match.group(1))]
        if span.text not in kept:
            if len(kept) >= limit or (span.kind in NUMBERS and not numbers):
                return span.text
            kept.append(span.text)
        return placeholder(kept.index(span.text))

    return Shown(_PLACEHOLDER.sub(stand_in, guards.without_symbols(masked.text)), tuple(kept))


def is_carried(shown: Shown, output: str) -> bool:
    """Say whether an output has every placeholder as often as its source, and no other."""
    return Counter(_PLACEHOLDER.findall(shown.text)) == Counter(_PLACEHOLDER.findall(output))


def restore(shown: Shown, output: str) -> str:
    """Put the spans back in an output for which ``is_carried`` holds; wide digits become plain ones.

    Two spans that stood apart in the source are kept apart, or they would be read as one.
    """
    output = output.translate(_PLAIN_DIGITS)
    if "⟧⟦" not in shown.text:
        output = output.replace("⟧⟦", "⟧ ⟦")
    return _PLACEHOLDER.sub(lambda match: shown.spans[int(match.group(1))], output)


def is_verbatim(masked: Masked, output: str) -> bool:
    """Say whether every span of the text is in an output, at least as often."""
    wanted = Counter(masked.spans[int(number)].text for number in _PLACEHOLDER.findall(masked.text))
    if not wanted:
        return True
    came = Counter(re.findall("|".join(map(re.escape, sorted(wanted, key=len, reverse=True))), output))
    return wanted <= came


def without(text: str) -> str:
    """Return a text without its placeholders: what there is to translate beside the spans."""
    return _PLACEHOLDER.sub(" ", text)


def beside(text: str, marked: Sequence[Span]) -> str:
    """Return what there is to translate in a text beside its spans, those that are known and those found here."""
    return without(mask(text, marked).text)


def _marked(text: str, marked: Sequence[Span]) -> Iterator[str | Span]:
    """Cut ``text`` at the spans that are known."""
    known = {span.text.strip(): span for span in marked}
    left = Counter(span.text.strip() for span in marked)
    known.pop("", None)
    if not known:
        yield text
        return
    wholes = [_whole(text, span) for span in sorted(known, key=len, reverse=True)]
    end = 0
    for match in re.finditer("|".join(wholes), text):
        span = match.group()
        if left[span]:
            left[span] -= 1
            yield text[end : match.start()]
            yield Span(kind=known[span].kind, text=span)
            end = match.end()
    yield text[end:]


def _found(text: str) -> Iterator[str | Span]:
    """Cut ``text`` at what looks like code."""
    end = 0
    for start, stop, kind in spans.find(text):
        yield text[end:start]
        yield Span(kind=kind, text=text[start:stop])
        end = stop
    yield text[end:]


def _whole(text: str, span: str) -> str:
    """Return a pattern for this span where it is no part of a longer word, or anywhere if it never is a word."""
    before = r"(?<!\w)" if re.match(r"\w", span) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", span) else ""
    whole = f"{before}{re.escape(span)}{after}"
    return whole if re.search(whole, text) else re.escape(span)
