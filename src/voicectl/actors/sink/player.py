"""Which utterance is heard when: strictly by play number, each once.

Pure logic over an ``Output``: no threads, no sockets, ``now`` (monotonic ns) as an argument.
"""

from collections import deque

from voicectl.actors.sink.consumer import Stamp
from voicectl.actors.sink.output import Output
from voicectl.actors.sink.progress import MAX_PLACES, Heard, Place, Plan, Progress
from voicectl.actors.sink.ring import Samples
from voicectl.actors.sink.stretch import Stretch
from voicectl.actors.sink.utterance import Utterance
from voicectl.actors.sink.writing import Writing
from voicectl.config.settings import SinkSettings
from voicectl.protocol.messages import Audio, Cancel, Cancelled, Expect, Ledger, Receipt, Tombstone

NS = 1_000_000_000


class Player:
    """Orders utterances and keeps the output's ring full.

    It plays nothing before ``expect`` has said where to begin. ``progress`` is kept up to date and gives what
    an earlier incarnation played; with ``held`` it begins paused. What happened is collected in ``events``
    until the owner takes it; ``cancels`` are those that the parser has not answered yet.
    """

    def __init__(self, output: Output, settings: SinkSettings, progress: Progress, held: bool = False) -> None:
        self.counters = {"duplicates": 0, "gaps": 0, "outdated": 0, "restarted": 0}
        self.draining = False
        self.cancels = list(progress.heard.cancels)
        self._output = output
        self._settings = settings
        self._pauses = {
            "clause": settings.pause_clause_ms * 1_000_000,
            "sentence": settings.pause_sentence_ms * 1_000_000,
            "paragraph": settings.pause_paragraph_ms * 1_000_000,
        }
        self._progress = progress
        self._resume = progress.heard
        self._held = held
        self._epoch = progress.heard.epoch
        self._settled = progress.heard.settled
        self._next: int | None = None
        self._utterances: dict[int, Utterance] = {}
        self._tombstones: dict[int, Tombstone] = {}
        self._stretches: deque[Stretch] = deque()
        self._writing: Writing | None = None
        self._pause = 0
        self._ended = 0
        self._events: list[Receipt] = []
        output.record = progress.consumed
        output.pause(held)
        self._publish()

    # -- what arrives ------------------------------------------------------------------------

    def accept(self, audio: Audio, pcm: Samples, sender: str, received: int) -> None:
        """Take a chunk of speech that ``sender`` (an incarnation) made."""
        identity = audio.utterance
        if not self._is_wanted(identity.play, identity.epoch):
            return
        utterance = self._utterances.get(identity.play)
        if not utterance:
            if audio.index:
                # Its beginning went to an earlier incarnation of the sink, and will be sent again.
                self.counters["gaps"] += 1
                return
            utterance = self._utterances[identity.play] = Utterance(audio, received)
        restarts = utterance.restarts
        if not utterance.add(audio, pcm, sender):
            self.counters["duplicates"] += 1
        self.counters["restarted"] += utterance.restarts - restarts
        if utterance.complete and audio.last:
            # Said again for a repeat too: whoever repeats it has not heard the answer.
            self._events.append(utterance.buffered())

    def bury(self, tombstone: Tombstone) -> None:
        """Note that an utterance will not come, or not to its end."""
        identity = tombstone.utterance
        if not self._is_wanted(identity.play, identity.epoch):
            return
        self._tombstones[identity.play] = tombstone

    def _is_wanted(self, play: int, epoch: int) -> bool:
        if epoch < self._epoch:
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
        if expect.epoch < self._epoch:
            return
        self.cancels.clear()
        self.end_epoch(expect.epoch)
        if self._next is not None and expect.play <= self._next:
            return
        if self._next is None:
            self._settled = expect.play - 1
        elif self._writing:
            self._abandon(self._writing)
        self._next = expect.play
        self._forget(expect.play)
        self._publish()

    def _forget(self, before: int) -> None:
        """Drop what has a lower play number than ``before``, or belongs to an older epoch."""
        for play in [play for play, item in self._utterances.items() if self._is_past(play, item.header, before)]:
            del self._utterances[play]
        for play in [play for play, item in self._tombstones.items() if self._is_past(play, item, before)]:
            del self._tombstones[play]

    def _is_past(self, play: int, message: Audio | Tombstone, before: int) -> bool:
        return play < before or message.utterance.epoch < self._epoch

    def _abandon(self, writing: Writing) -> None:
        """Leave an utterance at what is written of it: the parser counts it as settled."""
        writing.stretch.end = self._output.written
        self._output.busy(False)
        self._writing = None

    def cancel(self, cancel: Cancel, now: int) -> None:
        """Go silent and begin a new epoch; the answer stays in ``cancels`` until the parser has acted on it."""
        self._settle(now)
        speaking = self.speaking
        self._settled = max(self._settled, speaking)
        self.cancels.append(Cancelled(epoch=self._epoch + 1, heard=speaking, action=cancel.action, count=cancel.count))
        self.end_epoch(self._epoch + 1)

    def end_epoch(self, epoch: int) -> None:
        """Drop everything of the epochs before ``epoch`` and wait for ``expect``."""
        if epoch <= self._epoch:
            return
        self._epoch = epoch
        self._output.flush()
        self._next = self._writing = None
        self._resume = Heard()
        self._pause = 0
        self._stretches.clear()
        self._forget(0)
        self._publish()

    def hold(self, on: bool) -> None:
        """Pause or resume the sound."""
        self._held = on
        self._output.pause(on)
        self._publish()

    def drain(self, now: int) -> None:
        """Finish the sentence that is being spoken and begin no other."""
        self.draining = True
        self._settle(now)
        while self._stretches and (len(self._stretches) > 1 or not self.speaking):
            self._stretches.pop()
        spoken = self._stretches[0] if self._stretches else None
        if self._writing and self._writing.stretch is not spoken:
            self._writing = None
            self._output.busy(False)
        end = spoken.end if spoken else self._output.position
        if end is not None:
            self._output.stop_at(end)
        self._publish()

    # -- what the owner asks -----------------------------------------------------------------

    @property
    def is_playing(self) -> bool:
        """Whether anything is on its way through the output."""
        return bool(self._stretches)

    @property
    def speaking(self) -> int:
        """The play number that is being heard, or 0."""
        return self._stretches[0].play if self._stretches and self._stretches[0].first else 0

    @property
    def queued(self) -> int:
        """Utterances that are here and were not spoken to their end."""
        return len(self._utterances)

    @property
    def drained(self) -> bool:
        """Whether nothing more will be heard, once it is draining: a held sentence is not waited for."""
        return not self._stretches or self._held

    def ledger(self) -> Ledger:
        """Return what is known to have been heard."""
        current, samples, rate = 0, 0, self._output.sample_rate
        if self.speaking:
            current, samples = self.speaking, max(0, self._output.position - self._stretches[0].origin)
        elif self._resume.current > self._settled:
            current, samples, rate = self._resume.current, self._resume.samples, self._resume.sample_rate
        buffered = [stretch.play for stretch in self._stretches if stretch.end is not None]
        buffered += [play for play, utterance in sorted(self._utterances.items()) if utterance.complete]
        return Ledger(
            settled=self._settled,
            current=current,
            samples=samples,
            sample_rate=rate,
            buffered=tuple(buffered),
            epoch=self._epoch,
            cancelling=bool(self.cancels),
        )

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
        last = writing.utterance.complete or writing.stretch.play in self._tombstones
        writing.refill(last)
        if last and len(writing.pending) <= self._output.free:
            self._finish(writing)
            return True
        if count := self._output.write(writing.pending):
            # Not before: a callback between would take an utterance that only begins for one that is interrupted.
            self._output.busy(True)
            writing.pending = writing.pending[count:]
        return False

    def _begin(self, now: int) -> Writing | None:
        """Begin the next utterance if it is here; step over tombstones."""
        while self._next is not None and not self.draining and len(self._stretches) < MAX_PLACES:
            tombstone = self._tombstones.get(self._next)
            if tombstone and tombstone.utterance.epoch == self._epoch:
                self._step_over(tombstone)
                continue
            utterance = self._utterances.get(self._next)
            if utterance and utterance.ready and utterance.header.utterance.epoch == self._epoch:
                return self._start(utterance, now)
            break
        return None

    def _step_over(self, tombstone: Tombstone) -> None:
        play, at = tombstone.utterance.play, self._output.written
        self._stretches.append(Stretch(play=play, origin=at, start=at, end=at, tombstone=tombstone))
        self._passed(play)

    def _start(self, utterance: Utterance, now: int) -> Writing:
        output, play = self._output, utterance.header.utterance.play
        if not output.is_open:
            output.open(self._settings.sample_rate or utterance.header.sample_rate)
        heard = 0
        if play == self._resume.current and self._resume.sample_rate:
            utterance.skip(self._resume.samples * utterance.header.sample_rate // self._resume.sample_rate)
            heard = self._resume.samples * output.sample_rate // self._resume.sample_rate
        pause = self._pause_left(now)
        silence = pause * output.sample_rate // NS
        start = output.written + silence
        stretch = Stretch(
            play=play, origin=start - heard, start=start, utterance=utterance, pause=pause, turn=self._ended
        )
        self._stretches.append(stretch)
        self._publish()
        return Writing(stretch, utterance, output.sample_rate, silence)

    def _pause_left(self, now: int) -> int:
        """Return how many nanoseconds of the pause behind the last utterance are still to come."""
        if self._output.realtime and not self._stretches:
            return max(0, self._pause - (now - self._ended))
        return self._pause

    def _finish(self, writing: Writing) -> None:
        """Write the end of an utterance; its end is on record before the callback can reach it."""
        stretch, header = writing.stretch, writing.utterance.header
        stretch.end = self._output.written + len(writing.pending)
        if not writing.utterance.complete:
            stretch.tombstone = self._tombstones[stretch.play]
        self._pause = self._pauses[header.pause]
        self._passed(stretch.play)
        self._output.busy(False)
        self._output.write(writing.pending)
        self._writing = None

    def _passed(self, play: int) -> None:
        self._utterances.pop(play, None)
        self._tombstones.pop(play, None)
        self._next = play + 1
        self._publish()

    def _settle(self, now: int) -> None:
        """Report what was handed over since the last call."""
        position = self._output.position
        while self._stretches:
            stretch = self._stretches[0]
            if not stretch.first and stretch.has_begun(position):
                stretch.turn = self._ended
                stretch.first = self._output.stamp(stretch.start) or Stamp(now, 0)
                self._events.append(stretch.speaking())
            if not stretch.has_ended(position):
                return
            self._stretches.popleft()
            self._settled = stretch.play
            if stretch.utterance:
                last = self._output.stamp((stretch.end or 0) - 1)
                self._ended = last.at if last else now
            self._events.append(stretch.settled())
            self._publish()

    def _publish(self) -> None:
        """Bring the progress file up to date."""
        resume = self._resume
        rate = self._output.sample_rate or resume.sample_rate
        places = [stretch.place for stretch in self._stretches]
        if not places and resume.current > self._settled and resume.sample_rate:
            at = self._output.position
            places.append(Place(resume.current, at - resume.samples * rate // resume.sample_rate, None))
        self._progress.publish(
            Plan(
                settled=self._settled,
                epoch=self._epoch,
                sample_rate=rate,
                held=self._held,
                places=tuple(places),
                cancels=tuple(self.cancels),
            )
        )
