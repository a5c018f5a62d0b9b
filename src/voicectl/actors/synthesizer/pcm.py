"""Waveforms as every backend hands them on: mono, signed 16 bit."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Samples

FULL_SCALE = 32767

FIRST_PIECE_S = 0.2
"""Long enough that what follows it is there in time on a busy machine, short enough to cost little on its way."""


def to_int16(wave: npt.NDArray[Any], gain: float) -> Samples:
    """Return a waveform of shape (n,) times ``gain`` as int16; what is too loud is clipped, never wrapped."""
    return np.clip(np.rint(wave * gain), -FULL_SCALE, FULL_SCALE).astype(np.int16)


def pronounceable(text: str) -> bool:
    """Return whether a text holds a letter or a digit; symbols and emoji alone are silent in every voice."""
    return any(character.isalnum() for character in text)


def pieces(samples: Samples, sample_rate: int, is_first: bool) -> Iterator[Samples]:
    """Yield a chunk, shape (n,), as it is to be sent: of the first one of a sentence a small piece goes ahead."""
    cut = int(sample_rate * FIRST_PIECE_S) if is_first else 0
    if 0 < cut < len(samples):
        yield samples[:cut]
        samples = samples[cut:]
    yield samples
