"""The sink stage: plays every utterance once, in order, and says what was heard."""

import time
from collections import deque
from collections.abc import Callable

import msgspec
import numpy as np

from voicectl.actors.base import About, Actor, Wiring
from voicectl.actors.sink.output import make_output
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.actors.sink.player import Player
from voicectl.actors.sink.progress import Heard, Progress
from voicectl.actors.sink.resample import import_resampler
from voicectl.config.settings import SinkSettings
from voicectl.protocol.errors import SinkError
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message
from voicectl.protocol.speaking import Audio, Expect, Haste, Receipt, Tombstone
from voicectl.protocol.supervising import Cancel, Epoch, Hold, Notice, Tune

RECEIPTS_KEPT = 32
"""Told again to a new parser: two for each sentence that can have ended while it was started."""


class SinkActor(Actor):
    """A player between the inboxes and an output.

    Under a supervisor it plays nothing before the parser's ``Expect``; alone (``await_expect`` False) it goes
    on behind what was heard last. A later incarnation goes on with the WAV file of the first.
    """

    stage = "sink"
    downstream = "parser"

    def __init__(self, wiring: Wiring, settings: SinkSettings, await_expect: bool | None = None) -> None:
        super().__init__(wiring)
        self._settings = settings
        self._await_expect = bool(wiring.supervisor) if await_expect is None else await_expect
        self._progress: Progress | None = None
        self._said_epoch = -1
        self._said: deque[Receipt] = deque(maxlen=RECEIPTS_KEPT)
        self._output = make_output(settings.spec, settings, append=wiring.incarnation > 1)

    def setup(self) -> About:
        """Load the libraries; nothing is opened or written, because a spare comes this far too."""
        self._output.load()
        import_resampler()
        return About(backend=self._output.name)

    def activate(self) -> None:
        """Open the output, find what was heard before and what was not, and go on behind it.

        Raises:
            SinkError: the output cannot be opened, the speed cannot be had, or the record of what was heard cannot be
                kept.
        """
        self._about = self._about._replace(device=self._output.prepare(), detail=self._output.detail)
        is_new_pipeline = self.wiring.incarnation <= 1
        self._progress = Progress(self.wiring.runtime / "sink.progress")
        self._store = PcmStore(self.wiring.runtime / "pcm")
        # Pause, speed and volume outlive the death of a sink, but not the pipeline.
        heard = Heard() if is_new_pipeline else self._progress.heard
        settings = msgspec.structs.replace(
            self._settings,
            speed=self._settings.speed if heard.speed is None else heard.speed,
            volume=self._settings.volume if heard.volume is None else heard.volume,
        )
        self._player = Player(self._output, settings, self._progress, self._store, heard.held)
        self._player.restore(is_new_pipeline)
        self.gauges.update(speed=self._player.speed, volume=self._player.volume)
        if self._settings.sample_rate:
            self._output.open(self._settings.sample_rate)
        if not self._await_expect:
            ledger = self._player.ledger()
            self._player.expect(Expect(play=ledger.settled + 1, epoch=ledger.epoch))

    def handle(self, frame: Frame) -> None:
        """Take speech, a tombstone, or the number to play next."""
        message = frame.envelope.body
        if isinstance(message, Audio):
            self._take(message, frame)
        elif isinstance(message, Tombstone):
            self._player.bury(message)
        elif isinstance(message, Expect):
            self._player.expect(message)
        elif isinstance(message, Cancel):
            self._player.cancel(message, time.monotonic_ns())
        elif isinstance(message, Haste):
            self._change(lambda: self._player.hasten(message.speed))

    def control(self, message: Message) -> None:
        """Pause, resume, go silent, change speed or volume."""
        if isinstance(message, Hold):
            self._player.hold(message.on)
        elif isinstance(message, Tune):
            self._change(lambda: self._player.tune(message.speed, message.volume))
        elif isinstance(message, Cancel):
            self._player.cancel(message, time.monotonic_ns())
            self._tell()
        elif isinstance(message, Epoch):
            self._player.end_epoch(message.epoch)
        else:
            super().control(message)

    def connected(self, peer: str) -> None:
        """Tell a new parser what was heard, and which cancels it may not know of."""
        if peer == "parser":
            # What was on its way to the one before: only a receipt says how a sentence was translated, and when.
            for receipt in self._said:
                self.send(receipt)
            self.send(self._player.ledger())
            self._said_epoch = -1
            self._tell()

    def poll(self) -> float | None:
        """Keep the output supplied and report what was heard; return when to come again."""
        now = time.monotonic_ns()
        if self.draining and not self._player.draining:
            self._player.drain(now)
        self._output.poll(now)
        was_silent = not self._player.is_playing
        while self._player.advance(now) and (was_silent or not self._output.realtime):
            # The first sample after a silence does not wait for the next turn.
            was_silent = False
            self._output.poll(time.monotonic_ns())
        self._tell()
        return self._output.tick if self._player.is_playing else None

    def drained(self) -> bool:
        """Whether the sentence that was being spoken has ended."""
        return self._player.draining and self._player.drained

    def teardown(self) -> None:
        """Let what was handed over be heard; keep the record for the next incarnation."""
        self._output.close()
        if self._progress:
            self._progress.close()

    def _take(self, audio: Audio, frame: Frame) -> None:
        if audio.sample_rate <= 0 or len(frame.payload) % 2:
            self.counters["bad_frames"] += 1
            self.log.warning("audio dropped", play=audio.utterance.play, rate=audio.sample_rate)
            return
        pcm = np.frombuffer(frame.payload, "<i2").astype(np.int16, copy=False)
        self._player.accept(audio, pcm, frame.envelope.sender, frame.received)

    def _change(self, change: Callable[[], None]) -> None:
        """Change speed or volume; where that cannot be, speech goes on as it was."""
        try:
            change()
        except SinkError as exc:
            self.report(Notice(stage=self.stage, text=str(exc)))
        self.gauges.update(speed=self._player.speed, volume=self._player.volume)

    def _tell(self) -> None:
        for receipt in self._player.events():
            self.send(receipt)
            if receipt.state != "buffered":
                self._said.append(receipt)
                self.report(receipt)
        for cancelled in self._player.cancels:
            if cancelled.epoch > self._said_epoch:
                self._said_epoch = cancelled.epoch
                self.send(cancelled)
        for text in (*self._output.notices, *self._store.notices):
            self.log.warning("output", text=text)
            self.report(Notice(stage=self.stage, text=text))
        self._output.notices.clear()
        self._store.notices.clear()
        self.queued = self._player.queued
        self.counters.update(self._player.counters, underruns=self._output.underruns)
