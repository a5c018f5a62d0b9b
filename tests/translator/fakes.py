"""Decoders for the tests of the ladder: one that knows its answers, and some that talk rubbish."""

import random
import re
from collections.abc import Callable, Sequence

from voicectl.protocol.errors import BackendError

Garble = Callable[[str, random.Random], str]
_TOKENS = re.compile(r"⟦\d+⟧|\w+|\W")


class Scripted:
    """A model that knows its answers by heart, and one placeholder piece; counts words as pieces."""

    max_pieces = 6
    placeholders = 1

    def __init__(self, fast: dict[str, str], careful: dict[str, str] | None = None) -> None:
        self._answers = {False: fast, True: careful or {}}
        self.asked: list[tuple[str, bool]] = []

    def pieces(self, text: str) -> int:
        """Return the number of words."""
        return len(text.split())

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Return the answers of the script, ``⁇`` where there is none."""
        self.asked += [(text, careful) for text in texts]
        return [self._answers[careful].get(text, "⁇") for text in texts]


class Garbage:
    """A model that knows ``placeholders`` pieces and gives every text back garbled, in Japanese at the ends."""

    max_pieces = 60

    def __init__(self, garble: Garble, placeholders: int) -> None:
        self._garble = garble
        self._random = random.Random(1)
        self.placeholders = placeholders
        self.decoded = 0

    def pieces(self, text: str) -> int:
        """Return the number of words and signs."""
        return len(_TOKENS.findall(text))

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Garble each text; refuse what a real model would refuse."""
        self.decoded += len(texts)
        if any(self.pieces(text) > self.max_pieces for text in texts):
            raise BackendError("longer than the model")
        return [f"これは{self._garble(text, self._random)}です。" for text in texts]


def shuffle(text: str, dice: random.Random) -> str:
    """Put the words into any order."""
    tokens = _TOKENS.findall(text)
    dice.shuffle(tokens)
    return "".join(tokens)


def drop(text: str, dice: random.Random) -> str:
    """Leave half of the words out."""
    return "".join(token for token in _TOKENS.findall(text) if dice.random() < 0.5)


def double(text: str, dice: random.Random) -> str:
    """Say some words twice."""
    return "".join(token * dice.choice((1, 1, 2)) for token in _TOKENS.findall(text))


def alter(text: str, dice: random.Random) -> str:
    """Change case, widths and digits, as models do with what they do not know."""
    return text.swapcase().translate(str.maketrans("123_./⟦", "456 。、["))


GARBLES: dict[str, Garble] = {"shuffle": shuffle, "drop": drop, "double": double, "alter": alter}
