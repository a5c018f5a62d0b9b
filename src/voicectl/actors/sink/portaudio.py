"""PortAudio (sounddevice): finding a device, and a stream to it.

Every call here that opens, closes or lists may block for as long as an audio server does not answer.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from voicectl.actors.sink.resample import PullResampler
from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError

ELSEWHERE = "or use --sink web:8765, --sink wav:out.wav or --sink null"
MAX_LATENCY_NS = 2_000_000_000
"""Some host APIs report no current time; a latency beyond this is not believed."""
HUNG_NS = 2_000_000_000
"""A running stream asks for samples many times a second; one that does not for so long belongs to a hung server."""

SETTLE_NS = 2_000_000_000
"""A stream that has just started is given so much longer: PulseAudio may ask for 1.6 s at once."""

Fill = Callable[[Samples, int, int, bool], object]
"""Called in the callback with a mono block to fill, the time and the latency (ns), and whether the device ran dry."""


def import_sounddevice() -> Any:
    """Load PortAudio and return its module.

    Raises:
        SinkError: the library is missing.
    """
    try:
        import sounddevice
    except OSError as exc:
        raise SinkError(f"the PortAudio library is missing; install libportaudio2, {ELSEWHERE}") from exc
    return sounddevice


def rescan() -> None:
    """Look for devices anew: PortAudio lists them once, when it is initialised. No stream may be open.

    Raises:
        SinkError: PortAudio does not start.
    """
    sd = import_sounddevice()
    with suppress(sd.PortAudioError):
        sd._terminate()
    try:
        sd._initialize()
    except sd.PortAudioError as exc:
        raise SinkError(f"PortAudio does not start: {exc}") from exc


def find(device: str) -> Any:
    """Return what PortAudio knows of the output whose name contains ``device``, or of the default one.

    Raises:
        SinkError: there is none, or more than one.
    """
    sd = import_sounddevice()
    try:
        return sd.query_devices(device or None, "output")
    except (ValueError, sd.PortAudioError) as exc:
        if not device:
            raise SinkError(f"there is no audio output here; connect one, {ELSEWHERE}") from exc
        names = ", ".join(d["name"] for d in sd.query_devices() if d["max_output_channels"]) or "none"
        raise SinkError(
            f"no single audio output is called {device!r}; use a part of one of: {names}, {ELSEWHERE}"
        ) from exc


class Stream:
    """A running stream to a device at ``rate`` Hz; ``fill`` gives samples at ``source_rate``.

    ``lost`` says that the callback will not be called again, ``called_at`` when it last was (monotonic ns).
    """

    def __init__(
        self, found: Any, rate: int, channels: int, latency: float, fill: Fill, source_rate: int | None = None
    ) -> None:
        self.lost = False
        self.rate = rate
        self._source_rate = source_rate or rate
        self._fill: Fill | None = fill
        self._resampler = self._make_resampler()
        self._mono: Samples = np.zeros(0, np.int16)
        self._stream = import_sounddevice().OutputStream(
            samplerate=rate,
            channels=channels,
            dtype="int16",
            device=found["index"],
            latency=latency,
            callback=self._callback,
            finished_callback=self._finished,
        )
        self._latency = int(self._stream.latency * 1e9)
        self._start()

    def is_hung(self, now: int) -> bool:
        """Whether the device has not asked for samples for so long that its server must have stopped."""
        return not self.lost and now - max(self.called_at, self._started_at + SETTLE_NS) > HUNG_NS

    def detach(self) -> None:
        """Be silent from now on, whatever the device still asks for."""
        self._fill = None

    def restart(self, between: Callable[[], None]) -> None:
        """Make the device forget what it was given: alone, its buffer would go on for the whole latency.

        ``between`` is called while the callback does not run.
        """
        sd = import_sounddevice()
        try:
            self._stream.abort()
            between()
            # Aborting ended the callbacks, which is not a loss.
            self.lost = False
            self._resampler = self._make_resampler()
            self._start()
        except sd.PortAudioError:
            self.lost = True

    def stop(self) -> None:
        """Play what the device was given, then close."""
        self._stream.stop(ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Close at once."""
        self._stream.close(ignore_errors=True)

    def _start(self) -> None:
        self.called_at = self._started_at = time.monotonic_ns()
        try:
            self._stream.start()
        except import_sounddevice().PortAudioError:
            self.close()
            raise

    def _make_resampler(self) -> PullResampler | None:
        return None if self.rate == self._source_rate else PullResampler(self._source_rate, self.rate)

    def _callback(self, out: Samples, frames: int, time_info: Any, status: Any) -> None:
        self.called_at = now = time.monotonic_ns()
        fill = self._fill
        if not fill:
            out.fill(0)
            return
        latency = int((time_info.outputBufferDacTime - time_info.currentTime) * 1e9)
        if not 0 < latency < MAX_LATENCY_NS:
            latency = self._latency
        mono = out[:, 0]
        if out.shape[1] > 1:
            if len(self._mono) < frames:
                self._mono = np.zeros(frames, np.int16)
            mono = self._mono[:frames]
        lapsed = bool(status.output_underflow)
        if self._resampler:
            self._resampler.fill(mono, lambda block: fill(block, now, latency, lapsed))
        else:
            fill(mono, now, latency, lapsed)
        if out.shape[1] > 1:
            out[:] = mono[:, None]

    def _finished(self) -> None:
        # Called by PortAudio whenever the callback will not be called again: only take note.
        self.lost = True


def open_stream(
    device: str, rates: tuple[int, ...], latency: float, fill: Fill, source_rate: int | None = None
) -> tuple[Stream, str]:
    """Open a device at the first of ``rates`` that it knows, or at its own; return the stream and the device's name.

    Raises:
        SinkError: there is no such device, or it cannot be opened.
    """
    found = find(device)
    problem = ""
    for rate, channels in _formats((*rates, int(found["default_samplerate"]))):
        try:
            return Stream(found, rate, channels, latency, fill, source_rate), str(found["name"])
        except import_sounddevice().PortAudioError as exc:
            problem = str(exc)
    raise SinkError(f"cannot open audio output {found['name']!r}: {problem}; name another with --sink, {ELSEWHERE}")


def _formats(rates: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    # Bare hardware often knows stereo only, and one rate.
    for rate in dict.fromkeys(rates):
        yield from ((rate, 1), (rate, 2))
