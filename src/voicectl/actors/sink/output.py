"""The interface of an output, and which output a spec names."""

from abc import ABC, abstractmethod
from pathlib import Path

from voicectl.actors.sink.consumer import Consumer, Record, Stamp
from voicectl.actors.sink.ring import Ring, Samples
from voicectl.actors.sink.tempo import import_sonic
from voicectl.config.settings import SinkSettings
from voicectl.protocol.errors import UsageError
from voicectl.protocol.speaking import Audio

RING_SECONDS = 2
"""How far the sink writes ahead of the consumer: it survives that long without a turn of its loop."""

HISTORY_SECONDS = 1.5
"""How far back in the speech a device can go that dropped what it had been given: at triple speed half a second."""

SPECS = "device, device:NAME, wav:PATH, wav:PATH,realtime, web:PORT, web:HOST:PORT, null or null:fast"


class Output(ABC):
    """Where the sound goes: a ring, and a consumer that empties it.

    ``realtime`` says whether the consumer takes as long as a listener would. ``record`` is called by the
    consumer with every position (see ``consumer.Record``). ``tick`` is how often (seconds) ``poll`` wants to be
    called while there is something to play; ``notices`` are lines for the user, ``detail`` is one for who starts it,
    known after ``prepare``. Before ``open`` nothing can be written.
    """

    name: str
    realtime = True

    def __init__(self) -> None:
        self.sample_rate = 0
        self.tick = 0.02
        self.record: Record | None = None
        self.notices: list[str] = []
        self.detail = ""
        self._paused = False
        self._speed = self._volume = 1.0
        self._ring = Ring(1)
        self._consumer = Consumer(self._ring, 0)

    # -- what an output provides -------------------------------------------------------------

    def load(self) -> None:  # noqa: B027 (most outputs need none)
        """Load the libraries that are needed; opens and writes nothing.

        Raises:
            SinkError: one is missing.
        """

    @abstractmethod
    def prepare(self) -> str:
        """Find out now what can go wrong, and return the name of what will be used.

        Raises:
            SinkError: there is no such output here.
        """

    @abstractmethod
    def _start(self, sample_rate: int) -> int:
        """Acquire the output at this rate, or at the nearest one it can do; return that.

        Raises:
            SinkError: it cannot be opened.
        """

    @abstractmethod
    def poll(self, now: int) -> None:
        """Do what is due at ``now`` (monotonic ns): consume, recover. Never blocks for long."""

    @abstractmethod
    def close(self) -> None:
        """Let what was handed over be heard, then free the output."""

    # -- what the sink uses ------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether samples can be written."""
        return self.sample_rate > 0

    def open(self, sample_rate: int) -> None:
        """Begin to consume; afterwards ``sample_rate`` (Hz) is what must be written.

        Raises:
            SinkError: the output cannot be opened.
        """
        rate = self._start(sample_rate)
        self._ring = Ring(rate * RING_SECONDS, int(rate * HISTORY_SECONDS))
        self._consumer = Consumer(self._ring, rate, self.record, self._volume)
        self._consumer.paused = self._paused
        self._consumer.patient = not self.realtime
        self._consumer.speed = self._speed
        self.sample_rate = rate

    def write(self, samples: Samples) -> int:
        """Append as many samples as fit; return how many."""
        return self._ring.write(samples)

    @property
    def free(self) -> int:
        """Samples that ``write`` would take now."""
        return self._ring.free

    @property
    def written(self) -> int:
        """The position behind the last sample written."""
        return self._ring.written

    @property
    def position(self) -> int:
        """The position behind the last sample that was handed over, or flushed."""
        return max(self._consumer.position, self._ring.dropped)

    def audible(self, now: int) -> int:
        """Return the position behind the last sample that can have been heard at ``now`` (monotonic ns), or flushed."""
        return self.position

    def stamp(self, position: int) -> Stamp | None:
        """Return when a sample was handed over, or None if it was not; ask in rising order."""
        return self._consumer.stamp(position)

    def begins(self, position: int, audio: Audio) -> None:  # noqa: B027 (most outputs do not care)
        """Say which utterance lies at and behind a position; called in rising order, before it is written."""

    def busy(self, on: bool) -> None:
        """Say whether more samples of the utterance in the ring will come: only then can it run dry too early."""
        self._consumer.busy = on

    def pause(self, on: bool) -> None:
        """Be silent, and take nothing, until switched off again."""
        self._paused = on
        self._consumer.paused = on

    def tune(self, speed: float, volume: float, at_once: bool = True) -> None:
        """Play at these factors, the pitch as it is, from the next sample on that the consumer takes.

        ``at_once``: where the device holds more than the listener would wait for, that comes again, changed.

        Raises:
            SinkError: what another speed than 1 needs is missing; nothing is changed.
        """
        if speed != 1:
            import_sonic()
        if self.is_open:
            self._consumer.speed = speed
            self._consumer.volume = volume
        self._speed, self._volume = speed, volume

    def drop(self) -> None:
        """Drop everything that was not handed over yet; what was handed over is heard."""
        self.busy(False)
        self._ring.drop()

    def flush(self) -> None:
        """Drop everything that was not heard yet."""
        self.drop()

    def stop_at(self, position: int) -> None:
        """Hand over nothing at or behind this position."""
        self._ring.stop_at(position)

    @property
    def underruns(self) -> int:
        """How often the ring ran dry in the middle of an utterance."""
        return self._consumer.underruns


def make_output(spec: str, settings: SinkSettings, append: bool = False) -> Output:
    """Return the output that ``spec`` names; ``append`` lets ``wav`` go on with the file of the same run.

    Raises:
        UsageError: there is no such spec.
    """
    kind, _, rest = spec.partition(":")
    if kind == "device" and (rest or ":" not in spec):
        from voicectl.actors.sink.device import DeviceOutput

        return DeviceOutput(rest, settings.latency_ms, settings.sample_rate)
    if kind == "wav" and (path := rest.removesuffix(",realtime")):
        return _recorder(path, rest.endswith(",realtime"), append)
    if kind == "web":
        from voicectl.actors.sink.web import WebOutput, address

        return WebOutput(*address(rest), settings.sample_rate)
    if spec in {"null", "null:fast"}:
        from voicectl.actors.sink.null import NullOutput

        return NullOutput(realtime=spec == "null")
    raise UsageError(f"unknown sink {spec!r}; use {SPECS}")


def _recorder(path: str, realtime: bool, append: bool) -> Output:
    from voicectl.actors.sink.sessions import SessionOutput, is_pattern

    if is_pattern(path):
        return SessionOutput(path, realtime)
    from voicectl.actors.sink.file import FileOutput

    return FileOutput(Path(path), realtime, append)
