"""Waveforms as every backend hands them on: mono, signed 16 bit."""

from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Samples

FULL_SCALE = 32767


def to_int16(wave: npt.NDArray[Any], gain: float) -> Samples:
    """Return a waveform of shape (n,) times ``gain`` as int16; what is too loud is clipped, never wrapped."""
    return np.clip(np.rint(wave * gain), -FULL_SCALE, FULL_SCALE).astype(np.int16)


def pronounceable(text: str) -> bool:
    """Return whether a text holds a letter or a digit; symbols and emoji alone are silent in every voice."""
    return any(character.isalnum() for character in text)
