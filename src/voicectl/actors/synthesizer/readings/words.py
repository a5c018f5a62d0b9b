"""English words and the words inside identifiers: ``get_user_id``, ``parseJSON``, ``low-latency``, ``sha256``."""

import re
from functools import lru_cache

from voicectl.actors.synthesizer.readings.guess import Guesser
from voicectl.actors.synthesizer.readings.letters import spelled
from voicectl.actors.synthesizer.readings.lexicon import Lexicon

_PIECE = re.compile(
    r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+(?:'[a-z]{1,2}(?![a-z]))?|\d+(?:\.\d+)*",
)
"""A word of an identifier; ``HTTPServer`` is HTTP and Server, ``URLs`` is one."""

_HASH = re.compile(r"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}")
_HASH_SAID = 7
"""Characters of a commit's hash that are said, as many as git shows."""

_ACRONYM = 4
"""Capitals that no dictionary has are letters up to this length, and a word that is shouted beyond.

``JOBS`` is a form of a known word; of three, ``PRS`` is more often letters.
"""

_LONGEST_NUMBER = 12
"""Digits of a number that is said as one."""


class Words:
    """Reads words; each distinct one is worked out once."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._guesser = Guesser()
        self.reading = lru_cache(maxsize=4096)(self._reading)

    def _reading(self, name: str) -> str:
        """Return the reading of a name of ASCII letters, digits, ``_`` and ``-``, its words parted by spaces.

        Separators between words are not said, nor are double underscores around a name; a single one before it is.
        """
        if found := self._lexicon.exact(name):
            return found
        private = "アンダーバー " if re.match(r"_[^_]", name) else ""
        parts = (self._part(part) for part in re.split(r"[_-]+", name) if part)
        return private + " ".join(part for part in parts if part)

    def _part(self, part: str) -> str:
        """Return the reading of letters and digits without a separator."""
        if found := self._lexicon.exact(part):
            return found
        if _HASH.fullmatch(part):
            return spelled(part[:_HASH_SAID])
        pieces = _PIECE.findall(part)
        readings = []
        while pieces:
            length = self._known(pieces)
            readings.append(self._piece("".join(pieces[:length])))
            del pieces[:length]
        return " ".join(reading for reading in readings if reading)

    def _known(self, pieces: list[str]) -> int:
        """Return how many pieces are one term: ``GitHub`` in ``GitHubActions``, ``utf8`` in ``utf8Text``; else 1."""
        for length in range(min(len(pieces), 4), 1, -1):
            if self._lexicon.exact("".join(pieces[:length])):
                return length
        return 1

    def _piece(self, piece: str) -> str:
        """Return the reading of one word or number."""
        if found := self._lexicon.exact(piece):
            return found
        if piece[0].isdigit():
            return number(piece)
        if len(piece) == 1:
            return spelled(piece)
        if piece.isupper() and len(piece) <= _ACRONYM:
            return (self._lexicon.form(piece) if len(piece) == _ACRONYM else None) or spelled(piece)
        if piece[:-1].isupper() and piece.endswith("s"):
            return f"{self._piece(piece[:-1])}ズ"
        if piece.endswith("'s"):
            return f"{self._piece(piece[:-2])}ズ"
        return self._lexicon.word(piece) or self._guesser.reading(piece.lower().replace("'", ""))


def number(digits: str) -> str:
    """Return digits, with dots or without, as they are, for Open JTalk to read, but for the long and the dotted."""
    first, *rest = digits.split(".")
    if len(first) > _LONGEST_NUMBER:
        return spelled(digits)
    return "点".join((first, *rest)) if len(rest) > 1 else digits
