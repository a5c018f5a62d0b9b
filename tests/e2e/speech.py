"""Judges recorded sound: which sentences are in it, in which order, how whole."""

import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.factory import load_backend
from voicectl.config.load import load_settings

Samples = npt.NDArray[np.int16]


def read_wav(path: Path) -> tuple[Samples, int]:
    """Return the samples and the rate of a mono WAV file."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


@cache
def _voice():
    settings = load_settings(environ={"XDG_CONFIG_HOME": "/nonexistent"}).settings
    return load_backend(settings.synthesizer, "ja")


@cache
def spoken(text: str) -> Samples:
    """Return what the embedded voice makes of a text: the same samples each time."""
    return np.concatenate([pcm.samples for pcm in _voice().synthesize(text)])


def places(sound: Samples, sentence: Samples) -> list[int]:
    """Return the places (in samples) at which a sentence stands in a sound, sample for sample."""
    hay, needle = sound.astype("<i2").tobytes(), sentence.astype("<i2").tobytes()
    found, at = [], hay.find(needle)
    while at >= 0:
        if at % 2 == 0:
            found.append(at // 2)
        at = hay.find(needle, at + 1)
    return found


def assert_each_once_in_order(sound: Samples, texts: Sequence[str]) -> None:
    """Fail unless every sentence is in the sound exactly once, whole, one after the other."""
    found = [places(sound, spoken(text)) for text in texts]
    assert [len(each) for each in found] == [1] * len(texts), f"times each sentence was heard: {found}"
    starts = [each[0] for each in found]
    assert starts == sorted(starts), f"order: {starts}"


def assert_each_once_but_for_a_cut(sound: Samples, texts: Sequence[str], allowed: int) -> None:
    """Fail unless every sentence is in the sound once, in order, and whole, but for one that was cut.

    There at most ``allowed`` samples are lost or repeated; between two sentences nothing is.
    """
    whole = [text for text in texts if places(sound, spoken(text))]
    assert len(whole) >= len(texts) - 1, f"whole are only {whole}"
    assert_each_once_in_order(sound, whole)
    expected = sum(np.count_nonzero(spoken(text)) for text in texts)
    assert abs(np.count_nonzero(sound) - expected) < allowed


def longest_gap_s(sound: Samples, rate: int) -> float:
    """Return the longest silence (exact zeros) between the first and the last sound."""
    loud = np.flatnonzero(sound)
    return float(np.diff(loud).max() / rate) if len(loud) > 1 else 0.0
