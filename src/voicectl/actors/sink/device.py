"""An audio device, through PortAudio's callback (sounddevice)."""

import threading
import time

import numpy as np

from voicectl.actors.sink.output import Output
from voicectl.actors.sink.portaudio import MAX_LATENCY_NS, Stream, import_sounddevice, open_stream, rescan
from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import SinkError

RETRY_FIRST_NS = 200_000_000
RETRY_MAX_NS = 5_000_000_000
LIKELY_RATE = 48_000
"""The embedded voice's rate: the device runs at it before the first word, so that this does not wait."""
LEAD_SECONDS = 0.05
"""Silence in front of the first word on a device that was opened for it: many swallow their first milliseconds."""
PATIENCE_NS = 80_000_000
"""A change of speed or volume may take as long to be heard; a device that holds more has to forget it."""
DOUBT_NS = 200_000_000
"""A process that was stopped itself finds its stream silent too; it gives the stream so long to go on."""


class DeviceOutput(Output):
    """Plays on the default device, or on the one whose name contains ``device``.

    The stream runs from ``prepare`` on, silent. When the device goes away or its server hangs, ``poll`` opens it,
    or the default one, again, at its own rate if need be; what was not heard waits in the ring. That happens
    in a thread, because a hung server may hold it for as long as it hangs. (A pause or flush in the two seconds
    before a hang is noticed, or a hung server at the start, blocks as well; there the supervisor's deadline acts.)
    """

    def __init__(self, device: str, latency_ms: int, sample_rate: int = 0) -> None:
        super().__init__()
        self.name = f"device:{device}" if device else "device"
        self._device = device
        self._latency = latency_ms / 1000
        self._likely_rate = sample_rate or LIKELY_RATE
        self._stream: Stream | None = None
        self._rate = 0
        self._fresh = False
        self._hung_since = 0
        self._repair: threading.Thread | None = None
        self._repaired: tuple[Stream, str] | None = None
        self._retry_at = 0
        self._retry_after = RETRY_FIRST_NS

    def load(self) -> None:
        """Load PortAudio.

        Raises:
            SinkError: it is missing.
        """
        import_sounddevice()

    def prepare(self) -> str:
        """Find the device and start it; return its name.

        Raises:
            SinkError: PortAudio is missing, there is no such device, or it cannot be opened.
        """
        try:
            name = self._open(self._likely_rate)
        except SinkError:
            # A spare may have waited for hours, with a list of devices as old.
            rescan()
            name = self._open(self._likely_rate)
        self._fresh = False
        return name

    def open(self, sample_rate: int) -> None:
        """Begin to consume (see ``Output.open``)."""
        super().open(sample_rate)
        if self._fresh:
            self.write(np.zeros(int(self.sample_rate * LEAD_SECONDS), np.int16))

    def _start(self, sample_rate: int) -> int:
        is_lost = self._rate and not self._stream
        # The repaired stream will resample if it must; during the repair nobody else may call PortAudio.
        if not is_lost and self._rate != sample_rate:
            self._open(sample_rate)
        return self._rate

    def _open(self, sample_rate: int) -> str:
        if self._stream:
            self._stream.close()
            self._stream = None
        self._stream, name = open_stream(self._device, (sample_rate,), self._latency, self._fill)
        self._rate = self._stream.rate
        self._fresh = True
        return name

    def _fill(self, out: Samples, now: int, latency: int, lapsed: bool) -> None:
        if lapsed:
            self._consumer.lapse()
        self._consumer.fill(out, now, latency)

    def audible(self, now: int) -> int:
        """Return what is not in the device any more: what it holds dies with it, or with us."""
        ahead = max(0, self._consumer.heard_at - now) * self.sample_rate // 1_000_000_000
        return max(self._ring.dropped, self.position - int(ahead * self._speed))

    # -- silence at once ---------------------------------------------------------------------

    def pause(self, on: bool) -> None:
        """Be silent at once: what the device holds is dropped, and comes again, at once, after the pause."""
        if on != self._paused:
            super().pause(on)
            self._drop(rewind=on)

    def tune(self, speed: float, volume: float, at_once: bool = True) -> None:
        """Play at another speed or volume (see ``Output.tune``)."""
        is_new = (speed, volume) != (self._speed, self._volume)
        super().tune(speed, volume, at_once)
        if is_new and at_once and self._consumer.heard_at - time.monotonic_ns() > PATIENCE_NS:
            self._drop(rewind=True)

    def flush(self) -> None:
        """Drop everything that was not heard yet, what the device holds included."""
        super().flush()
        self._drop(rewind=False)

    def _drop(self, rewind: bool) -> None:
        now = time.monotonic_ns()
        if self._stream and not self._stream.lost and not self._stream.is_hung(now):
            self._stream.restart(lambda: self._consumer.rewind(time.monotonic_ns()) if rewind else None)

    # -- a device that goes away -------------------------------------------------------------

    def poll(self, now: int) -> None:
        """Notice a lost device or a hung server, and open it again when it is time to."""
        if self._repair:
            self._await_repair(now)
        elif not self._stream:
            if self._rate and now >= self._retry_at:
                self._begin_repair(None)
        elif self._stream.lost:
            # The server has died behind its last call; when it was noticed says nothing.
            self._lose(self._stream, self._stream.called_at, "was lost; speech goes on when one is there again")
        elif not self._stream.is_hung(now):
            self._hung_since = 0
        elif not self._hung_since:
            self._hung_since = now
        elif now - self._hung_since > DOUBT_NS:
            self._lose(self._stream, self._stream.called_at, "does not answer; speech goes on when it does again")

    def _lose(self, stream: Stream, since: int, what: str) -> None:
        """Give up a stream that has played nothing after ``since``.

        (A hung server that goes on after all plays what it holds: its latency is then heard twice rather than lost.)
        """
        stream.detach()
        self._stream = None
        self._hung_since = 0
        self._consumer.rewind(since)
        self._retry_after = RETRY_FIRST_NS
        self.notices.append(f"the audio output {what}")
        self._begin_repair(stream)

    def _begin_repair(self, old: Stream | None) -> None:
        self._repair = threading.Thread(target=self._reopen, args=(old,), name="repair", daemon=True)
        self._repair.start()

    def _reopen(self, old: Stream | None) -> None:
        """Close the old stream, and open the old device or the default one; runs in a thread."""
        if old:
            old.close()
        for device in dict.fromkeys((self._device, "")):
            try:
                rescan()
                self._repaired = open_stream(device, (self._rate,), self._latency, self._fill, self._rate)
            except SinkError:
                continue
            return

    def _await_repair(self, now: int) -> None:
        if self._repair and self._repair.is_alive():
            return
        self._repair = None
        if self._repaired:
            self._stream, name = self._repaired
            self._repaired = None
            self.notices.append(f"speech goes on on audio output {name!r}")
        else:
            self._retry_at = now + self._retry_after
            self._retry_after = min(2 * self._retry_after, RETRY_MAX_NS)

    def close(self) -> None:
        """Wait until what was handed over is heard, then close the stream."""
        stream, self._stream = self._stream, None
        self.sample_rate = 0
        # A lost device has nothing to wait for, and would not answer.
        if stream and not stream.lost and not stream.is_hung(time.monotonic_ns()):
            # PortAudio's own stop drops what PulseAudio has not played.
            time.sleep(max(0, min(self._consumer.heard_at - time.monotonic_ns(), MAX_LATENCY_NS)) / 1e9)
            stream.stop()
