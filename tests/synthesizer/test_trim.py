"""Silence at the ends of a sentence goes, silence inside stays, whatever the chunks are."""

import numpy as np
import pytest

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.trim import trimmed

RATE = 10_000
HEAD, TAIL = RATE // 50, RATE * 60 // 1000
"""What is kept: 20 ms before the first sound and 60 ms after the last."""


def chunks(wave, size):
    """Return a wave in chunks."""
    return iter([Pcm(wave[start : start + size], RATE) for start in range(0, len(wave), size)])


@pytest.mark.parametrize("size", [1, 77, 1000, 100_000])
def test_the_sound_is_left_as_it_is(size):
    """Sample by sample, with the silence between two words."""
    silence, word = np.zeros(5000, dtype=np.int16), np.full(1000, 9000, dtype=np.int16)
    wave = np.concatenate([silence, word, silence, word, silence])
    left = np.concatenate([chunk.samples for chunk in trimmed(chunks(wave, size))])
    assert np.array_equal(left, wave[5000 - HEAD : len(wave) - 5000 + TAIL])


@pytest.mark.parametrize("wave", [np.zeros(9000, dtype=np.int16), np.full(9000, 40, dtype=np.int16)])
def test_silence_and_hum_are_nothing(wave):
    """Forty of 32,767 are not heard."""
    assert list(trimmed(chunks(wave, 1000))) == []


def test_sound_is_not_held_back():
    """A chunk that ends in sound leaves before the next one is asked for."""
    taken = []

    def source():
        for index in range(3):
            taken.append(index)
            yield Pcm(np.full(100, 9000, dtype=np.int16), RATE)

    assert len(next(trimmed(source())).samples) == 100
    assert taken == [0]
