"""Where a Japanese sentence may be cut so that its first sound is early and no cut is heard.

A cut lies in the middle of a pause that the sentence has anyway, or in the middle of an unvoiced consonant, where the
sound is noise or a closed mouth and two takes can be faded into each other. The parts around a cut in a consonant
overlap by some phonemes, so that the engine's smoothing sees the same neighbours. Measured against whole sentences:
same length, spectrum at the joins 2 to 4 dB apart, as much as the parts differ elsewhere.
"""

from collections.abc import Iterator, Set
from typing import NamedTuple

_FIRST = 6
"""Labels of the first part, at least: 0.4 to 0.8 s of sound. With 10 the first sound takes a sixth longer to make, and
the joins are no better."""

_GROWTH = 2
_LARGEST = 56

_CONTEXT = 2
"""Labels that overlap on each side of a cut in a consonant."""

_REST = 10
"""No part is shorter than this many labels."""

_PAUSE = "pau"
_UNVOICED = frozenset({"k", "ky", "s", "sh", "t", "ty", "ts", "ch", "h", "hy", "f", "p", "py", "cl"})


class Cut(NamedTuple):
    """A label in whose middle a sentence is cut, and the labels beside it that both parts hold."""

    lead: list[str]
    label: str
    follow: list[str]


class Part(NamedTuple):
    """Labels that are spoken in one go, and the cuts they lie between; None is the sentence's own edge."""

    labels: list[str]
    before: Cut | None
    after: Cut | None


def phoneme(label: str) -> str:
    """Return the phoneme of a full-context label, ``xx^sil-k+o=N/A:…`` → ``k``."""
    return label.split("-", 1)[1].split("+", 1)[0]


def parts(labels: list[str], *, consonants: bool = True) -> Iterator[Part]:
    """Yield the parts of a sentence's labels, a small one first.

    Args:
        labels: Full-context labels of one sentence.
        consonants: Cut in unvoiced consonants too, not only in pauses.
    """
    allowed = _UNVOICED | {_PAUSE} if consonants else {_PAUSE}
    phonemes = [phoneme(label) for label in labels]
    start, size = 0, _FIRST
    before: Cut | None = None
    while True:
        place = _place(phonemes, start, size, allowed)
        first = start - len(before.lead) if before else start
        if place is None:
            yield Part(labels[first:], before, None)
            return
        context = 0 if phonemes[place] == _PAUSE else _CONTEXT
        after = Cut(labels[place - context : place], labels[place], labels[place + 1 : place + 1 + context])
        yield Part(labels[first : place + 1 + context], before, after)
        start, before, size = place, after, min(size * _GROWTH, _LARGEST)


def _place(phonemes: list[str], start: int, size: int, allowed: Set[str]) -> int | None:
    """Return the label to cut next: a pause near the wished size, else the next phoneme that is allowed."""
    end = len(phonemes) - _REST
    for place in range(start + max(_REST, size // 2), min(start + size * 3 // 2, end)):
        if phonemes[place] == _PAUSE:
            return place
    for place in range(start + size, end):
        if phonemes[place] in allowed:
            return place
    return None
