"""What every file has in common that the sink records into, and which kind a path names."""

from pathlib import Path
from typing import Protocol

from voicectl.actors.sink.ring import Samples

DEFAULT_RATE = 48_000
"""Hz; stands in the header until the first sample is written."""

SUFFIXES = (".wav", ".flac")


class Recording(Protocol):
    """A file of mono 16 bit samples that is valid after every ``write`` and can be gone on with after any death.

    ``sample_rate`` (Hz) is 0 until it is set or found in the file.
    """

    sample_rate: int

    def set_rate(self, sample_rate: int) -> None:
        """Set the rate of a file that has no samples yet."""

    @property
    def is_empty(self) -> bool:
        """Whether no sample was written yet."""

    def write(self, samples: Samples) -> None:
        """Append samples.

        Raises:
            OSError: the file cannot be written.
        """

    def close(self) -> None:
        """Close the file."""


def is_flac(path: Path) -> bool:
    """Whether a file of this name holds FLAC; every other holds WAV."""
    return path.suffix.lower() == ".flac"


def open_recording(path: Path, append: bool) -> Recording:
    """Open a file; ``append`` goes on with what it holds, if that is a recording of ours.

    Raises:
        OSError: it cannot be opened or written.
        SinkError: it is to be FLAC, and the library for that is missing.
    """
    if is_flac(path):
        from voicectl.actors.sink.flac import FlacFile

        return FlacFile(path, append)
    from voicectl.actors.sink.wav import WavFile

    return WavFile(path, append)


def recorded_rate(path: Path) -> int:
    """Return the rate in Hz of a recording of ours, or 0 for any other file.

    Raises:
        OSError: the file cannot be read.
    """
    if is_flac(path):
        from voicectl.actors.sink import flac

        return flac.recorded_rate(path)
    from voicectl.actors.sink import wav

    return wav.recorded_rate(path)
