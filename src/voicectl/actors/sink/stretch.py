"""One utterance's stretch of the output, from its turn to its receipt."""

from dataclasses import dataclass
from typing import Literal

from voicectl.actors.sink.consumer import Stamp
from voicectl.actors.sink.progress import Place
from voicectl.actors.sink.utterance import Utterance
from voicectl.protocol.message import Settled
from voicectl.protocol.speaking import Receipt, Tombstone
from voicectl.protocol.trace import Hop, Trace


@dataclass(kw_only=True)
class Stretch:
    """Where an utterance lies in the output.

    ``start`` is the position of the first sample that this incarnation plays, ``origin`` that of its sample 0
    (earlier, when it goes on where the last incarnation was cut), ``end`` the position behind its last (None:
    more will come). ``utterance`` is None for a tombstone alone, ``tombstone`` for one spoken to its end.
    ``pause`` nanoseconds of silence precede it; ``turn`` is when its predecessor had ended; ``restarts`` says
    which beginning of the utterance ``origin`` means.
    """

    play: int
    origin: int
    start: int
    end: int | None = None
    utterance: Utterance | None = None
    tombstone: Tombstone | None = None
    pause: int = 0
    turn: int = 0
    restarts: int = 0
    first: Stamp | None = None

    @property
    def place(self) -> Place:
        """What the progress file keeps of it."""
        return Place(self.play, self.origin, self.end, self.restarts, self.tombstone is not None)

    def has_begun(self, position: int) -> bool:
        """Whether its first sample was handed over (or it had none and its turn is over)."""
        return self.utterance is not None and (position > self.start or self.has_ended(position))

    def has_ended(self, position: int) -> bool:
        """Whether its last sample was handed over."""
        return self.end is not None and position >= self.end

    def speaking(self) -> Receipt:
        """Return the receipt for its first sample."""
        return self._receipt("speaking")

    def settled(self) -> Receipt:
        """Return the receipt for its end."""
        if not self.tombstone:
            return self._receipt("spoken")
        return self._receipt(self.tombstone.state, self.tombstone.error)

    def _receipt(self, state: Literal["speaking"] | Settled, error: str = "") -> Receipt:
        if not self.utterance:
            assert self.tombstone
            return Receipt(utterance=self.tombstone.utterance, state=state, source=self.tombstone.source, error=error)
        audio = self.utterance.header
        first = self.first or Stamp(0, 0)
        return Receipt(
            utterance=audio.utterance,
            state=state,
            source=audio.source,
            translation=audio.text,
            translator=audio.translator,
            synthesizer=audio.synthesizer,
            first=audio.first,
            first_sample=first.at,
            device_latency=first.latency,
            audio_ms=self.utterance.audio_ms,
            error=error,
            trace=self._trace(self.utterance, first.at),
        )

    def _trace(self, utterance: Utterance, sent: int) -> Trace:
        begun = min(sent, max(utterance.received, self.turn))
        held = min(self.pause, sent - begun)
        hop = Hop(stage="sink", received=min(utterance.received, sent), begun=begun, sent=sent, held=held)
        return utterance.header.trace.plus(hop)
