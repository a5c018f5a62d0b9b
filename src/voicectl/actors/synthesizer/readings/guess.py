"""Readings of words that no dictionary has: a small neural network, or letter by letter."""

import re
from functools import lru_cache

from voicectl.actors.synthesizer.readings.letters import spelled

_VOWEL = re.compile(r"[aeiouy]")
_CLUSTER = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_SHORTEST = 3
_LONGEST = 20
"""Letters of a word; what is longer is a key or a checksum, and costs the network time."""

_GROWTH = 3
"""A reading is at most this many times as long as its word; the network may fall into a loop."""


class Guesser:
    """Katakana for unknown English words, by e2k's small character model (11 MB, about 2 ms a word)."""

    def __init__(self) -> None:
        from e2k import C2K

        self._network = C2K(model="turbo")
        self.reading = lru_cache(maxsize=4096)(self._reading)

    def _reading(self, word: str) -> str:
        """Return the reading of a word of ASCII letters in lower case."""
        if not _pronounceable(word):
            return spelled(word)
        reading = str(self._network(word))
        return reading if 0 < len(reading) <= _GROWTH * len(word) else spelled(word)


def _pronounceable(word: str) -> bool:
    """Return whether a word can be said as one; ``src`` and ``xkcd`` cannot."""
    return _SHORTEST <= len(word) <= _LONGEST and bool(_VOWEL.search(word)) and not _CLUSTER.search(word)
