"""Where a Japanese sentence may be cut so that its first sound is early and no cut is heard.

A cut lies in the middle of a pause that the sentence has anyway, or in the middle of an unvoiced consonant, where the
sound is noise or a closed mouth and two takes can be faded into each other. The parts around a cut in a consonant
overlap by some phonemes, so that the engine's smoothing sees the same neighbours.

Parts must not be short: the engine (HTS) brings each part's spectrum to the variance of whole sentences, and a part of
half a second comes out up to 6 dB louder, with clipping. Levels in 50 ms, against whole sentences, by the size of the
first part: 6 labels: 15 % of them off by more than 3 dB; 32: 8 %; 56: 2 %. So only long sentences are cut.
"""

from collections.abc import Iterator, Set
from typing import NamedTuple

_SIZE = 56
"""Labels of a part, at least: 4 to 5 s of sound."""

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
    """Yield the parts of a sentence's labels.

    Args:
        labels: Full-context labels of one sentence.
        consonants: Cut in unvoiced consonants too, not only in pauses.
    """
    allowed = _UNVOICED | {_PAUSE} if consonants else {_PAUSE}
    phonemes = [phoneme(label) for label in labels]
    start = 0
    before: Cut | None = None
    while True:
        place = _place(phonemes, start, allowed)
        first = start - len(before.lead) if before else start
        if place is None:
            yield Part(labels[first:], before, None)
            return
        context = 0 if phonemes[place] == _PAUSE else _CONTEXT
        after = Cut(labels[place - context : place], labels[place], labels[place + 1 : place + 1 + context])
        yield Part(labels[first : place + 1 + context], before, after)
        start, before = place, after


def _place(phonemes: list[str], start: int, allowed: Set[str]) -> int | None:
    """Return the label to cut next: a pause near the wished size, else the next phoneme that is allowed."""
    end = len(phonemes) - _REST
    for place in range(start + max(_REST, _SIZE // 2), min(start + _SIZE * 3 // 2, end)):
        if phonemes[place] == _PAUSE:
            return place
    for place in range(start + _SIZE, end):
        if phonemes[place] in allowed:
            return place
    return None
