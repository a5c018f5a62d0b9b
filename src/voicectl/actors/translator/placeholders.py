"""Protected spans as placeholder pieces: ``⟦0⟧``, ``⟦1⟧`` … stand for code, paths and their like.

A model that was trained with these pieces carries them over; afterwards the spans are put back.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from voicectl.protocol.messages import Span

PROTECTED = frozenset({"code", "path", "flag", "identifier", "url", "version"})
"""Kinds of span that become placeholders; numbers are left to the model, which inflects them."""

_PLACEHOLDER = re.compile(r"⟦(\d+)⟧")


class Masked(NamedTuple):
    """A text with placeholders; ``spans[n]`` is what ``⟦n⟧`` stands for."""

    text: str
    spans: tuple[str, ...] = ()


def placeholder(number: int) -> str:
    """Return the piece that stands for a span."""
    return f"⟦{number}⟧"


def mask(text: str, spans: Sequence[Span], limit: int) -> Masked:
    """Put placeholders for at most ``limit`` different spans, numbered by first appearance.

    Each span masks one occurrence, the leftmost that is left and no part of a longer word; spans that
    are not in the text are ignored. Brackets that look like a placeholder become plain ones.
    """
    text = text.replace("⟦", "[").replace("⟧", "]")
    left = Counter(span.text.strip() for span in spans if span.kind in PROTECTED)
    del left[""]
    if not left or limit <= 0:
        return Masked(text)
    found: list[str] = []

    def number(match: re.Match[str]) -> str:
        span = match.group()
        if not left[span] or (span not in found and len(found) == limit):
            return span
        left[span] -= 1
        if span not in found:
            found.append(span)
        return placeholder(found.index(span))

    longest_first = sorted(left, key=len, reverse=True)
    masked = re.sub("|".join(map(_whole, longest_first)), number, text)
    return Masked(masked, tuple(found))


def is_carried(masked: Masked, output: str) -> bool:
    """Say whether an output has every placeholder of its source, none more often, and no other."""
    sent = Counter(_PLACEHOLDER.findall(masked.text))
    came = Counter(_PLACEHOLDER.findall(output))
    return sent.keys() == came.keys() and came <= sent


def restore(masked: Masked, output: str) -> str:
    """Put the spans back in an output for which ``is_carried`` holds."""
    return _PLACEHOLDER.sub(lambda match: masked.spans[int(match.group(1))], output)


def without(masked: Masked) -> str:
    """Return the masked text without its placeholders: what there is to translate beside the spans."""
    return _PLACEHOLDER.sub(" ", masked.text)


def _whole(span: str) -> str:
    """Return a pattern for this span where it is no part of a longer word."""
    before = r"(?<!\w)" if re.match(r"\w", span) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", span) else ""
    return f"{before}{re.escape(span)}{after}"
