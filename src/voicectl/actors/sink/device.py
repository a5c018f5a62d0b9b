"""An audio device, through PortAudio's callback (sounddevice)."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from voicectl.actors.sink.output import Output
from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError

ELSEWHERE = "or use --sink wav:out.wav or --sink null"
RETRY_FIRST_NS = 200_000_000
RETRY_MAX_NS = 5_000_000_000
LIKELY_RATE = 48_000
"""The embedded voice's rate: the device runs at it before the first word, so that this does not wait."""
LEAD_SECONDS = 0.05
"""Silence in front of the first word on a device that was opened for it: many swallow their first milliseconds."""
MAX_LATENCY_NS = 2_000_000_000
"""Some host APIs report no current time; a latency beyond this is not believed."""


def _import_sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as exc:
        raise SinkError(f"the PortAudio library is missing; install libportaudio2, {ELSEWHERE}") from exc
    return sounddevice


class DeviceOutput(Output):
    """Plays on the default device, or on the one whose name contains ``device``.

    The stream runs from ``prepare`` on, silent. When the device goes away, ``poll`` opens it, or the default
    one, again; what was not heard waits in the ring.
    """

    def __init__(self, device: str, latency_ms: int, sample_rate: int = 0) -> None:
        super().__init__()
        self.name = f"device:{device}" if device else "device"
        self._device = device
        self._latency = latency_ms / 1000
        self._likely_rate = sample_rate or LIKELY_RATE
        self._stream: Any = None
        self._stream_rate = 0
        self._fresh = False
        self._stream_latency = 0
        self._lost = False
        self._retry_at = 0
        self._retry_after = RETRY_FIRST_NS
        self._mono: Samples = np.zeros(0, np.int16)

    def prepare(self) -> str:
        """Load PortAudio, find the device and start it; return its name.

        Raises:
            SinkError: PortAudio is missing, there is no such device, or it cannot be opened.
        """
        self._start(self._likely_rate)
        self._fresh = False
        return str(self._find(self._device)["name"])

    def open(self, sample_rate: int) -> None:
        """Begin to consume (see ``Output.open``)."""
        super().open(sample_rate)
        if self._fresh:
            self.write(np.zeros(int(self.sample_rate * LEAD_SECONDS), np.int16))

    def _find(self, device: str) -> Any:
        sd = _import_sounddevice()
        try:
            return sd.query_devices(device or None, "output")
        except (ValueError, sd.PortAudioError) as exc:
            if not device:
                raise SinkError(f"there is no audio output here; connect one, {ELSEWHERE}") from exc
            names = ", ".join(d["name"] for d in sd.query_devices() if d["max_output_channels"]) or "none"
            raise SinkError(
                f"no single audio output is called {device!r}; use a part of one of: {names}, {ELSEWHERE}"
            ) from exc

    def _start(self, sample_rate: int) -> int:
        if self._stream and self._stream_rate == sample_rate:
            return sample_rate
        if self._stream:
            self._stream.close(ignore_errors=True)
            self._stream = None
        found = self._find(self._device)
        problem = ""
        for rate, channels in self._formats(sample_rate, int(found["default_samplerate"])):
            problem = self._open_stream(found, rate, channels)
            if not problem:
                self._fresh = True
                return rate
        raise SinkError(f"cannot open audio output {found['name']!r}: {problem}; name another with --sink, {ELSEWHERE}")

    @staticmethod
    def _formats(wanted: int, default: int) -> Iterator[tuple[int, int]]:
        # Bare hardware often knows stereo only, and one rate.
        for rate in dict.fromkeys((wanted, default)):
            yield from ((rate, 1), (rate, 2))

    def _open_stream(self, found: Any, rate: int, channels: int) -> str:
        """Open and start the stream; return what went wrong, empty when nothing did."""
        sd = _import_sounddevice()
        stream = None
        try:
            stream = sd.OutputStream(
                samplerate=rate,
                channels=channels,
                dtype="int16",
                device=found["index"],
                latency=self._latency,
                callback=self._callback,
                finished_callback=self._finished,
            )
            self._stream_latency = int(stream.latency * 1e9)
            self._lost = False
            stream.start()
        except sd.PortAudioError as exc:
            if stream:
                stream.close(ignore_errors=True)
            return str(exc)
        self._stream, self._stream_rate = stream, rate
        return ""

    def _callback(self, out: Samples, frames: int, time_info: Any, status: Any) -> None:
        if status.output_underflow:
            self._consumer.lapse()
        latency = int((time_info.outputBufferDacTime - time_info.currentTime) * 1e9)
        if not 0 < latency < MAX_LATENCY_NS:
            latency = self._stream_latency
        if out.shape[1] == 1:
            self._consumer.fill(out[:, 0], time.monotonic_ns(), latency)
            return
        if len(self._mono) < frames:
            self._mono = np.zeros(frames, np.int16)
        mono = self._mono[:frames]
        self._consumer.fill(mono, time.monotonic_ns(), latency)
        out[:] = mono[:, None]

    def _finished(self) -> None:
        # Called by PortAudio whenever the callback will not be called again: only take note.
        self._lost = True

    def pause(self, on: bool) -> None:
        """Be silent at once: what the device holds is dropped, and comes again, at once, after the pause."""
        if on != self._paused:
            super().pause(on)
            self._drop(rewind=on)

    def flush(self) -> None:
        """Drop everything that was not heard yet, what the device holds included."""
        super().flush()
        self._drop(rewind=False)

    def _drop(self, rewind: bool) -> None:
        """Make the device forget what it was given: alone, its buffer would go on for the whole latency."""
        stream = self._stream
        if not stream or self._lost:
            return
        sd = _import_sounddevice()
        try:
            stream.abort()
            if rewind:
                self._consumer.rewind(time.monotonic_ns())
            # Aborting ended the callbacks, which is not a loss.
            self._lost = False
            stream.start()
        except sd.PortAudioError:
            self._lost = True

    def poll(self, now: int) -> None:
        """Notice a lost device, and open it again when it is time to."""
        if self._stream and self._lost:
            self._stream.close(ignore_errors=True)
            self._stream = None
            self._consumer.rewind(now)
            self._retry_at, self._retry_after = now, RETRY_FIRST_NS
            self.notices.append("the audio output was lost; speech goes on when one is there again")
        if self._stream_rate and not self._stream and now >= self._retry_at:
            self._reopen(now)

    def _reopen(self, now: int) -> None:
        sd = _import_sounddevice()
        # PortAudio lists devices once, when it is initialised.
        with suppress(sd.PortAudioError):
            sd._terminate()
        problem = "no device"
        try:
            sd._initialize()
            problem = self._reopen_at_rate()
        except (SinkError, sd.PortAudioError) as exc:
            problem = str(exc)
        if problem:
            self._retry_at = now + self._retry_after
            self._retry_after = min(2 * self._retry_after, RETRY_MAX_NS)

    def _reopen_at_rate(self) -> str:
        """Open the old device or the default one at the ring's rate; return what went wrong."""
        problem = ""
        for device in dict.fromkeys((self._device, "")):
            with suppress(SinkError):
                found = self._find(device)
                for channels in (1, 2):
                    problem = self._open_stream(found, self._stream_rate, channels)
                    if not problem:
                        self.notices.append(f"speech goes on on audio output {found['name']!r}")
                        return ""
        return problem or "no audio output"

    def close(self) -> None:
        """Wait until what was handed over is heard, then close the stream."""
        stream, self._stream = self._stream, None
        self.sample_rate = 0
        if stream:
            # A lost device has nothing to wait for, and would not answer.
            if not self._lost:
                # PortAudio's own stop drops what PulseAudio has not played.
                time.sleep(max(0, min(self._consumer.heard_at - time.monotonic_ns(), MAX_LATENCY_NS)) / 1e9)
                stream.stop(ignore_errors=True)
            stream.close(ignore_errors=True)
