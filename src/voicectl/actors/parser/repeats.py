"""Keeps an answer that starts again after a lost connection from being spoken twice."""

from hashlib import blake2b

import msgspec


class RepeatsState(msgspec.Struct):
    """Sentences as 64-bit hashes, each with its number.

    ``said`` are those of the answer so far, ``expected`` those an attempt that began again may repeat.
    """

    said: dict[int, int] = {}
    expected: dict[int, int] = {}


class Repeats:
    """Remembers the sentences of the answer that is being given."""

    def __init__(self, state: RepeatsState | None = None) -> None:
        self.state = state or RepeatsState()

    def admit(self, text: str) -> bool:
        """Say whether this sentence is new; a repeat is admitted no more."""
        key = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        state = self.state
        if state.expected.get(key, 0) > 0:
            state.expected[key] -= 1
            return False
        state.said[key] = state.said.get(key, 0) + 1
        return True

    def rewind(self) -> None:
        """The answer starts again from its beginning."""
        self.state.expected = dict(self.state.said)

    def forget(self) -> None:
        """The answer is complete: whatever follows is meant to be heard."""
        self.state = RepeatsState()
