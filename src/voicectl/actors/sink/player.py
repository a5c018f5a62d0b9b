"""Which utterance is heard when: strictly by play number, each once.

Pure logic over an ``Output``: no threads, no sockets, ``now`` (monotonic ns) as an argument.
"""

from voicectl.actors.sink.arrivals import Arrivals
from voicectl.actors.sink.output import Output
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.actors.sink.progress import Progress
from voicectl.actors.sink.ring import Samples
from voicectl.actors.sink.stretch import Stretch
from voicectl.actors.sink.timeline import Timeline
from voicectl.actors.sink.utterance import Utterance
from voicectl.actors.sink.writing import Writing
from voicectl.config.settings import SinkSettings
from voicectl.protocol.errors import SinkError
from voicectl.protocol.speaking import Audio, Cancelled, Expect, Ledger, Receipt, Tombstone
from voicectl.protocol.supervising import Cancel

NS = 1_000_000_000


class Player:
    """Orders utterances and keeps the output's ring full.

    It plays nothing before ``expect`` has said where to begin. ``progress`` is kept up to date and gives what
    an earlier incarnation played, ``store`` the PCM that it left (see ``restore``); with ``held`` it begins paused.
    What happened is collected in ``events`` until the owner takes it; ``cancels`` are those that the parser
    has not answered yet.
    """

    def __init__(
        self, output: Output, settings: SinkSettings, progress: Progress, store: PcmStore, held: bool = False
    ) -> None:
        self.counters = {"duplicates": 0, "gaps": 0, "outdated": 0, "restarted": 0}
        self.draining = False
        self._output = output
        self._settings = settings
        self._pauses = {
            "clause": settings.pause_clause_ms * 1_000_000,
            "sentence": settings.pause_sentence_ms * 1_000_000,
            "paragraph": settings.pause_paragraph_ms * 1_000_000,
        }
        self._timeline = Timeline(output, progress, held, settings.speed, settings.volume)
        self._haste = 0.0
        self._arrivals = Arrivals(store, self.counters)
        self._next: int | None = None
        self._writing: Writing | None = None
        self._yielding: Cancel | None = None
        self._pause = 0
        self._events: list[Receipt] = []
        output.record = progress.consumed
        output.pause(held)
        self._tune(at_once=False)
        self._timeline.publish()

    # -- what arrives ------------------------------------------------------------------------

    def restore(self, is_new_pipeline: bool) -> None:
        """Take back the PCM that an earlier incarnation has left, and go on where it was cut.

        A new pipeline may have another voice: of an old one only the sentence that was partly heard is finished.
        """
        heard = self._timeline.resume
        self._arrivals.restore(
            lambda play: play == heard.current or (play > heard.settled and not is_new_pipeline), heard.epoch
        )
        utterance = self._arrivals.utterances.get(heard.current)
        if utterance and utterance.restarts == heard.restarts:
            utterance.skip(heard.samples * utterance.header.sample_rate // heard.sample_rate)

    def accept(self, audio: Audio, pcm: Samples, sender: str, received: int) -> None:
        """Take a chunk of speech that ``sender`` (an incarnation) made."""
        if not self._is_wanted(audio.utterance.play, audio.utterance.epoch):
            return
        if receipt := self._arrivals.take(audio, pcm, sender, received):
            self._events.append(receipt)

    def bury(self, tombstone: Tombstone) -> None:
        """Note that an utterance will not come, or not to its end."""
        if self._is_wanted(tombstone.utterance.play, tombstone.utterance.epoch):
            self._arrivals.bury(tombstone)

    def _is_wanted(self, play: int, epoch: int) -> bool:
        if epoch < self._timeline.epoch:
            self.counters["outdated"] += 1
            return False
        if self._next is not None and play < self._next:
            self.counters["duplicates"] += 1
            return False
        return True

    # -- commands ----------------------------------------------------------------------------

    def expect(self, expect: Expect) -> None:
        """Play on from this number.

        In a running epoch an answer to an older ledger may come late: it never turns the player back.
        """
        if expect.epoch < self._timeline.epoch:
            return
        self.cancels.clear()
        self.end_epoch(expect.epoch)
        if self._next is not None and expect.play <= self._next:
            return
        if self._next is None:
            self._timeline.settled = expect.play - 1
        elif self._writing:
            self._abandon(self._writing)
        self._next = expect.play
        self._arrivals.forget(expect.play, self._timeline.epoch)
        self._arrivals.expect(expect.play)
        self._timeline.publish()

    def _abandon(self, writing: Writing) -> None:
        """Leave an utterance at what is written of it: the parser counts it as settled."""
        writing.stretch.end = self._output.written
        self._output.busy(False)
        self._writing = None

    def cancel(self, cancel: Cancel, now: int) -> None:
        """Go silent and begin a new epoch; the answer stays in ``cancels`` until the parser has acted on it.

        A ``yield`` waits for the end of the sentence that is being spoken.
        """
        self._settle(now)
        if cancel.action == "yield" and self.speaking:
            self._yielding = cancel
            self._finish_speaking()
        else:
            self._cancel(cancel)

    def _cancel(self, cancel: Cancel) -> None:
        if self._yielding:
            self._output.drop()  # a sentence that has just ended may still lie in the device
        speaking, settled = self.speaking, self._timeline.settled
        self._timeline.settled = max(settled, speaking)
        self.cancels.append(
            Cancelled(
                epoch=self._timeline.epoch + 1,
                settled=settled,
                heard=speaking,
                action=cancel.action,
                count=cancel.count,
            )
        )
        self.end_epoch(self._timeline.epoch + 1)

    def end_epoch(self, epoch: int) -> None:
        """Drop everything of the epochs before ``epoch`` and wait for ``expect``."""
        if epoch <= self._timeline.epoch:
            return
        self._timeline.epoch = epoch
        if self._yielding is None:
            self._output.flush()
        self._yielding = None
        self._next = self._writing = None
        self._pause = 0
        self._timeline.clear()
        self._arrivals.forget(0, epoch)
        self._timeline.publish()

    def hold(self, on: bool) -> None:
        """Pause or resume the sound."""
        self._timeline.held = on
        self._output.pause(on)
        self._timeline.publish()

    def tune(self, speed: float | None, volume: float | None) -> None:
        """Play at this speed and volume from now on; None leaves one as it is.

        Raises:
            SinkError: there is no other speed here; nothing is changed.
        """
        before = self._timeline.speed, self._timeline.volume
        self._timeline.speed = before[0] if speed is None else speed
        self._timeline.volume = before[1] if volume is None else volume
        try:
            self._tune(at_once=True)
        except SinkError:
            self._timeline.speed, self._timeline.volume = before
            raise
        self._timeline.publish()

    def hasten(self, speed: float) -> None:
        """Play at no less than this speed, as long as it is said.

        Raises:
            SinkError: there is no other speed here.
        """
        self._haste = speed
        self._tune(at_once=False)

    @property
    def speed(self) -> float:
        """The factor at which speech is played: the listener's, or a higher one to catch up."""
        return max(self._timeline.speed, self._haste)

    @property
    def volume(self) -> float:
        """The factor of the amplitude."""
        return self._timeline.volume

    def _tune(self, at_once: bool) -> None:
        self._output.tune(self.speed, self.volume, at_once)

    def drain(self, now: int) -> None:
        """Finish the sentence that is being spoken and begin no other."""
        self.draining = True
        self._settle(now)
        self._finish_speaking()

    def _finish_speaking(self) -> None:
        """Take back what is written behind the sentence that is being spoken."""
        spoken = self._timeline.only_speaking()
        if self._writing and self._writing.stretch is not spoken:
            self._writing = None
            self._output.busy(False)
        end = spoken.end if spoken else self._output.position
        if end is not None:
            self._output.stop_at(end)
        self._timeline.publish()

    # -- what the owner asks -----------------------------------------------------------------

    @property
    def is_playing(self) -> bool:
        """Whether anything is on its way through the output."""
        return not self._timeline.is_empty

    @property
    def speaking(self) -> int:
        """The play number that is being heard, or 0."""
        return self._timeline.speaking

    @property
    def cancels(self) -> list[Cancelled]:
        """The cancels that the parser has not answered yet."""
        return self._timeline.cancels

    @property
    def queued(self) -> int:
        """Utterances that are here and were not spoken to their end."""
        return len(self._arrivals.utterances)

    @property
    def drained(self) -> bool:
        """Whether nothing more will be heard, once it is draining: a held sentence is not waited for."""
        return self._timeline.is_empty or self._timeline.held

    def ledger(self) -> Ledger:
        """Return what is known to have been heard."""
        return self._timeline.ledger(self._arrivals.complete)

    def events(self) -> list[Receipt]:
        """Take what happened since the last call."""
        events, self._events = self._events, []
        return events

    # -- time --------------------------------------------------------------------------------

    def advance(self, now: int) -> bool:
        """Settle what was heard and write what fits; return whether anything moved.

        Raises:
            SinkError: the output cannot be opened.
        """
        before = (self._output.written, self._next)
        while self._write(now):
            pass
        self._settle(now)
        return before != (self._output.written, self._next)

    def _write(self, now: int) -> bool:
        """Write as much as fits of one utterance; return whether it is wholly written."""
        if self._writing is None:
            self._settle(now)
            self._writing = self._begin(now)
        writing = self._writing
        if writing is None:
            return False
        if writing.is_outdated:
            writing.begin_again(self._output.written)
            self._timeline.publish()
        last = writing.utterance.complete or writing.stretch.play in self._arrivals.tombstones
        writing.refill(last)
        if last and len(writing.pending) <= self._output.free:
            self._finish(writing)
            return True
        if count := self._output.write(writing.pending):
            # Not before: a callback between would take an utterance that only begins for one that is interrupted.
            self._output.busy(True)
            writing.pending = writing.pending[count:]
        return False

    @property
    def _may_begin(self) -> bool:
        return not (self.draining or self._yielding or self._timeline.is_full)

    def _begin(self, now: int) -> Writing | None:
        """Begin the next utterance if it is here; step over tombstones."""
        while (play := self._next) is not None and self._may_begin:
            tombstone = self._arrivals.tombstones.get(play)
            if tombstone and tombstone.utterance.epoch == self._timeline.epoch:
                self._step_over(tombstone)
                continue
            utterance = self._arrivals.utterances.get(play)
            if utterance and utterance.ready and utterance.header.utterance.epoch == self._timeline.epoch:
                return self._start(utterance, now)
            break
        return None

    def _step_over(self, tombstone: Tombstone) -> None:
        play, at = tombstone.utterance.play, self._output.written
        self._timeline.stretches.append(Stretch(play=play, origin=at, start=at, end=at, tombstone=tombstone))
        self._passed(play)

    def _start(self, utterance: Utterance, now: int) -> Writing:
        output, play = self._output, utterance.header.utterance.play
        if not output.is_open:
            output.open(self._settings.sample_rate or utterance.header.sample_rate)
        if self._timeline.was_cut(play) and not (utterance.heard or utterance.restarts):
            # Its PCM is gone, and nothing says that the next run is the same sound.
            self.counters["restarted"] += 1
        heard = utterance.heard * output.sample_rate // utterance.header.sample_rate
        pause = self._pause_left(now)
        silence = pause * output.sample_rate // NS
        start = output.written + silence
        stretch = Stretch(
            play=play,
            origin=start - heard,
            start=start,
            utterance=utterance,
            pause=pause,
            turn=self._timeline.ended,
            restarts=utterance.restarts,
        )
        self._timeline.stretches.append(stretch)
        self._timeline.publish()
        output.begins(start, utterance.header)
        return Writing(stretch, utterance, output.sample_rate, silence)

    def _pause_left(self, now: int) -> int:
        """Return how many nanoseconds of the pause behind the last utterance are still to come."""
        if self._output.realtime and self._timeline.is_empty:
            return max(0, self._pause - (now - self._timeline.ended))
        return self._pause

    def _finish(self, writing: Writing) -> None:
        """Write the end of an utterance; its end is on record before the callback can reach it."""
        stretch, header = writing.stretch, writing.utterance.header
        stretch.end = self._output.written + len(writing.pending)
        if not writing.utterance.complete:
            stretch.tombstone = self._arrivals.tombstones[stretch.play]
        self._pause = self._pauses[header.pause]
        self._passed(stretch.play)
        self._output.busy(False)
        self._output.write(writing.pending)
        self._writing = None

    def _passed(self, play: int) -> None:
        self._arrivals.written(play)
        self._arrivals.expect(play + 1)
        self._next = play + 1
        self._timeline.publish()

    def _settle(self, now: int) -> None:
        """Report what was handed over since the last call."""
        for receipt in self._timeline.settle(now):
            self._events.append(receipt)
            if receipt.state != "speaking":
                self._arrivals.settled(receipt.utterance.play)
        if self._yielding and self._timeline.is_empty:
            self._cancel(self._yielding)
