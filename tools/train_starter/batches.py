"""The token arrays as batches of pairs of like length."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from train_starter.prepare import ARRAYS
from train_starter.tokens import OFFSET, PAD, UNK

Ids = np.ndarray[Any, np.dtype[np.int64]]
_POOL = 200_000
"""As many pairs are sorted by length at a time."""


class Pairs:
    """The corpus as lists of the model's ids, with how often each pair is seen in either stage."""

    def __init__(self, work: Path) -> None:
        with np.load(work / ARRAYS) as arrays:
            self.english, self.japanese = (_split(arrays[key], arrays[f"{key}_offset"]) for key in ("en", "ja"))
            self._weight = arrays["weight"]
        if not self._weight[:, 1].any():
            self._weight[:, 1] = self._weight[:, 0]
        self._lengths = np.array([list(map(len, self.english)), list(map(len, self.japanese))])

    def batches(self, stage: Callable[[], int], tokens: int, rng: np.random.Generator) -> Iterator[list[int]]:
        """Yield batches of at most ``tokens`` padded tokens, pass after pass, as indices of pairs, without end.

        ``stage`` is asked before every batch; when it changes (0 main, 1 last), a new pass begins. A pair with weight
        2.5 is in a pass twice, and a third time in half of the passes.
        """
        while True:
            now = stage()
            weight = self._weight[:, now]
            times = np.floor(weight + rng.random(len(weight))).astype(int)
            order = rng.permutation(np.repeat(np.arange(len(weight)), times))
            for begin in range(0, len(order), _POOL):
                batches = list(self._by_length(order[begin : begin + _POOL], tokens, rng))
                for index in rng.permutation(len(batches)):
                    if stage() != now:
                        break
                    yield batches[index]
                if stage() != now:
                    break

    def _by_length(self, order: Ids, tokens: int, rng: np.random.Generator) -> Iterator[list[int]]:
        """Yield batches of neighbours in length; what is equally long comes in random order."""
        english, japanese = self._lengths[:, order]
        ranked = np.lexsort((rng.random(len(order)), english, japanese))
        batch: list[int] = []
        longest = 0
        lengths = np.maximum(english, japanese) + 2  # the language and the end
        for index, length in zip(order[ranked].tolist(), lengths[ranked].tolist(), strict=True):
            if batch and max(longest, length) * (len(batch) + 1) > tokens:
                yield batch
                batch, longest = [], 0
            batch.append(index)
            longest = max(longest, length)
        if batch:
            yield batch


def padded(rows: list[list[int]]) -> Ids:
    """Return rows of ids as one block, rows x the longest, filled with PAD; the length is a multiple of 8."""
    longest = -(-max(map(len, rows)) // 8) * 8
    block = np.full((len(rows), longest), PAD, np.int64)
    for number, row in enumerate(rows):
        block[number, : len(row)] = row
    return block


def _split(flat: Any, offset: Any) -> list[Ids]:
    """Return each pair's ids in the model, of sentencepiece's ids of all pairs."""
    ids = flat.astype(np.int64) + OFFSET
    ids[flat == 0] = UNK
    return np.split(ids, offset[1:-1])
