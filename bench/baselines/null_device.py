"""A sound device that nobody hears, for the baselines: it takes samples as fast as one that plays them.

It is also what ``pyaudio`` is for RealtimeTTS where that is not installed (see ``as_pyaudio``).
"""

import sys
import time
import types
from typing import Any

DEVICE_S = 0.1
"""So much the device takes ahead, as voicectl's does."""
BYTES_PER_SAMPLE = 2
BLOCK_BYTES = 4096


class NullDevice:
    """Mono, 16 bit; ``write`` blocks as long as a device would, and notes when each sentence's first sample came.

    ``begins`` are the byte positions at which sentences begin; ``heard`` what was noted of them: when the first
    sample was handed over, and when the sound before it had ended (monotonic ns; 0: nothing came before).
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.begins: list[int] = []
        self.heard: list[tuple[int, int]] = []
        self.gaps = 0
        self.position = 0
        self._until = 0

    def play(self, data: bytes) -> None:
        """Write a whole sound in the blocks that a device is given."""
        for start in range(0, len(data), BLOCK_BYTES):
            self.write(data[start : start + BLOCK_BYTES])

    def write(self, data: bytes) -> None:
        """Take some samples; return when there is room for more."""
        now = time.monotonic_ns()
        end = self.position + len(data)
        begun = [begin for begin in self.begins[len(self.heard) :] if begin < end]
        self.heard += [(now, self._until)] * len(begun)
        if self._until < now:
            self.gaps += not begun and self.position > 0
            self._until = now
        self._until += len(data) * 1_000_000_000 // (self.sample_rate * BYTES_PER_SAMPLE)
        self.position = end
        time.sleep(max(0.0, (self._until - now) / 1e9 - DEVICE_S))

    def drain(self) -> None:
        """Return when everything was heard."""
        time.sleep(max(0.0, (self._until - time.monotonic_ns()) / 1e9))


def as_pyaudio(device: NullDevice) -> None:
    """Make ``import pyaudio`` give this device, for programs that play through PyAudio."""
    info = {"index": 0, "name": "null", "hostApi": 0, "maxOutputChannels": 1, "defaultSampleRate": device.sample_rate}

    class Stream:
        """The calls of ``pyaudio.Stream`` that players use."""

        def write(self, data: bytes) -> None:
            """Play."""
            device.write(data)

        def is_active(self) -> bool:
            """Whether it plays."""
            return True

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: None

    class PyAudio:
        """The calls of ``pyaudio.PyAudio`` that players use; every other one does nothing."""

        def open(self, **_: object) -> Stream:
            """Open the device."""
            return Stream()

        def get_sample_size(self, _format: int) -> int:
            """Return the bytes of one sample."""
            return BYTES_PER_SAMPLE

        def get_device_info_by_index(self, _index: int) -> dict[str, Any]:
            """Return what the device is."""
            return info

        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: info if name == "get_default_output_device_info" else rate_is_right(**__)

    def rate_is_right(rate: float = 0, **_: object) -> bool:
        return int(rate) in (0, device.sample_rate)

    module, native = types.ModuleType("pyaudio"), types.ModuleType("pyaudio._portaudio")
    formats = {"paFloat32": 1, "paInt32": 2, "paInt24": 4, "paInt16": 8, "paInt8": 16, "paUInt8": 32}
    vars(module).update(formats, paCustomFormat=65536, PyAudio=PyAudio, _portaudio=native)
    vars(native).update(paFramesPerBufferUnspecified=0)
    sys.modules |= {"pyaudio": module, "pyaudio._portaudio": native}
