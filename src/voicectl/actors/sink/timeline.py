"""Where utterances lie in the output, and what was heard of them."""

from collections import deque

from voicectl.actors.sink.consumer import Stamp
from voicectl.actors.sink.output import Output
from voicectl.actors.sink.progress import MAX_FAILED, MAX_PLACES, Heard, Place, Plan, Progress
from voicectl.actors.sink.stretch import Stretch
from voicectl.protocol.speaking import Ledger, Receipt


class Timeline:
    """The utterances in the output, in order, and everything that the next incarnation has to know.

    ``settled`` is the last play number that has ended, ``ended`` when it did (monotonic ns), ``failed`` which of
    the latest a tombstone ended. ``cancels`` are those that the parser has not answered yet; ``resume`` is what
    an earlier incarnation has left; ``held``, ``speed`` and ``volume`` are the listener's wish. Whoever changes
    one of them calls ``publish``.
    """

    def __init__(self, output: Output, progress: Progress, held: bool, speed: float, volume: float) -> None:
        heard = progress.heard
        self.settled = heard.settled
        self.epoch = heard.epoch
        self.held = held
        self.speed = speed
        self.volume = volume
        self.cancels = list(heard.cancels)
        self.failed = deque(heard.failed, maxlen=MAX_FAILED)
        self.resume = heard
        self.ended = 0
        self.stretches: deque[Stretch] = deque()
        self._output = output
        self._progress = progress

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on its way through the output."""
        return not self.stretches

    @property
    def is_full(self) -> bool:
        """Whether the progress file has no place for another utterance."""
        return len(self.stretches) >= MAX_PLACES

    @property
    def speaking(self) -> int:
        """The play number that is being heard, or 0."""
        return self.stretches[0].play if self.stretches and self.stretches[0].first else 0

    def was_cut(self, play: int) -> bool:
        """Whether an earlier incarnation ended while this utterance was heard."""
        return play == self.resume.current and self.resume.samples > 0

    def clear(self) -> None:
        """Forget what is in the output, and what an earlier incarnation has left."""
        self.stretches.clear()
        self.resume = Heard()

    def only_speaking(self) -> Stretch | None:
        """Forget what is in the output behind the utterance that is being heard; return that."""
        while self.stretches and (len(self.stretches) > 1 or not self.speaking):
            self.stretches.pop()
        return self.stretches[0] if self.stretches else None

    def settle(self, now: int) -> list[Receipt]:
        """Return the receipts for what was begun to be handed over, and for what was heard, since the last call."""
        receipts: list[Receipt] = []
        position, heard = self._output.position, self._output.audible(now)
        while self.stretches:
            stretch = self.stretches[0]
            if not stretch.first and stretch.has_begun(position):
                stretch.turn = self.ended
                stretch.first = self._output.stamp(stretch.start) or Stamp(now, 0)
                receipts.append(stretch.speaking())
            if not stretch.has_ended(heard):
                break
            self.stretches.popleft()
            self.settled = stretch.play
            if stretch.tombstone:
                self.failed.append(stretch.play)
            if stretch.utterance:
                last = self._output.stamp((stretch.end or 0) - 1)
                self.ended = last.at if last else now
            receipts.append(stretch.settled())
            self.publish()
        return receipts

    def ledger(self, complete: list[int]) -> Ledger:
        """Return what is known to have been heard; ``complete`` are the numbers that wait with all their PCM."""
        current, samples, rate = 0, 0, self._output.sample_rate
        if self.speaking:
            current, samples = self.speaking, max(0, self._output.position - self.stretches[0].origin)
        elif self.resume.current > self.settled:
            current, samples, rate = self.resume.current, self.resume.samples, self.resume.sample_rate
        return Ledger(
            settled=self.settled,
            current=current,
            samples=samples,
            sample_rate=rate,
            buffered=(*(stretch.play for stretch in self.stretches if stretch.end is not None), *complete),
            failed=tuple(self.failed),
            epoch=self.epoch,
            cancelling=bool(self.cancels),
        )

    def publish(self) -> None:
        """Bring the progress file up to date."""
        resume = self.resume
        rate = self._output.sample_rate or resume.sample_rate
        places = [stretch.place for stretch in self.stretches]
        if not places and resume.current > self.settled and resume.sample_rate:
            heard = resume.samples * rate // resume.sample_rate
            places.append(Place(resume.current, self._output.position - heard, None, resume.restarts))
        self._progress.publish(
            Plan(
                settled=self.settled,
                epoch=self.epoch,
                sample_rate=rate,
                held=self.held,
                speed=self.speed,
                volume=self.volume,
                failed=tuple(self.failed),
                places=tuple(places),
                cancels=tuple(self.cancels),
            )
        )
