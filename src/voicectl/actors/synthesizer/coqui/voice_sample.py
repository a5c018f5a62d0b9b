"""A recording of a voice, from which a model clones it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voicectl.protocol.errors import ConfigError

SHORTEST_S = 3.0
"""Seconds; with less a model knows a voice's sound, not its manner."""

_SILENT = 0.003
"""Largest sample, of 1, of a recording in which nobody speaks."""


def load_sample(path: Path, sample_rate: int) -> npt.NDArray[np.float32]:
    """Return the recording in a sound file, mono, at a sample rate in Hz, shape (n,), between -1 and 1.

    Raises:
        ConfigError: there is no such file, it is no sound file, or no voice can be learned from it.
    """
    if not path.is_file():
        raise ConfigError(f"synthesizer.voice: there is no file {path}; give a WAV of 6 to 30 s of the voice")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as exc:
        raise ConfigError(f"synthesizer.voice: {path} is no sound file that can be read; give a WAV") from exc
    seconds = len(samples) / rate
    if seconds < SHORTEST_S:
        wanted = f"a voice takes at least {SHORTEST_S:g}, better 6 to 30"
        raise ConfigError(f"synthesizer.voice: {path} has {seconds:.1f} s of sound; {wanted}")
    mono = samples.mean(axis=1)
    if not (np.isfinite(mono).all() and np.abs(mono).max() > _SILENT):
        raise ConfigError(f"synthesizer.voice: nobody is heard in {path}; record the voice again")
    wave: npt.NDArray[np.float32] = soxr.resample(mono, rate, sample_rate)
    return np.clip(wave, -1.0, 1.0)
