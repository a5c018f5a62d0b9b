"""What has arrived and is not wholly in the output yet."""

from collections.abc import Callable

import numpy as np

from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.actors.sink.ring import Samples
from voicectl.actors.sink.utterance import Utterance
from voicectl.protocol.speaking import Audio, Receipt, Tombstone


class Arrivals:
    """Utterances and tombstones by play number; ``store`` keeps their PCM until they are settled.

    ``counters`` is the sink's: duplicates (of no use), gaps (a beginning is missing), restarted.
    """

    def __init__(self, store: PcmStore, counters: dict[str, int]) -> None:
        self.utterances: dict[int, Utterance] = {}
        self.tombstones: dict[int, Tombstone] = {}
        self._store = store
        self._counters = counters

    def restore(self, is_wanted: Callable[[int], bool], epoch: int) -> None:
        """Take back the stored PCM of the play numbers that are wanted and not of an older epoch; delete the rest."""
        self._store.retain([play for play in self._store.plays if is_wanted(play)])
        for frame in self._store.frames():
            audio = frame.envelope.body
            if isinstance(audio, Audio) and audio.utterance.epoch >= epoch and self._belongs(audio):
                pcm = np.frombuffer(frame.payload, "<i2").astype(np.int16, copy=False)
                self._utterance(audio, frame.received).add(audio, pcm, frame.envelope.sender)
        self._store.retain(self.utterances)

    def take(self, audio: Audio, pcm: Samples, sender: str, received: int) -> Receipt | None:
        """Take a chunk; return the receipt for the last one of its utterance."""
        if not self._belongs(audio):
            # Its beginning went to an earlier incarnation of the sink, and will be sent again.
            self._counters["gaps"] += 1
            return None
        utterance = self._utterance(audio, received)
        restarts = utterance.restarts
        if utterance.add(audio, pcm, sender):
            self._store.append(audio, pcm, sender)
        else:
            self._counters["duplicates"] += 1
        self._counters["restarted"] += utterance.restarts - restarts
        # Said again for a repeat too: whoever repeats it has not heard the answer.
        return utterance.buffered() if utterance.complete and audio.last else None

    def _belongs(self, audio: Audio) -> bool:
        return audio.index == 0 or audio.utterance.play in self.utterances

    def _utterance(self, audio: Audio, received: int) -> Utterance:
        return self.utterances.setdefault(audio.utterance.play, Utterance(audio, received))

    def expect(self, play: int) -> None:
        """Make ready for the utterance that comes next."""
        if play not in self.utterances and play not in self.tombstones:
            self._store.expect(play)

    def bury(self, tombstone: Tombstone) -> None:
        """Note that an utterance will not come, or not to its end."""
        self.tombstones[tombstone.utterance.play] = tombstone

    def written(self, play: int) -> None:
        """Let go of an utterance that is wholly in the output, or a tombstone that was stepped over."""
        self.utterances.pop(play, None)
        self.tombstones.pop(play, None)

    def settled(self, play: int) -> None:
        """Delete the PCM of an utterance that has ended."""
        self._store.remove(play)

    def forget(self, before: int, epoch: int) -> None:
        """Drop what has a lower play number than ``before``, or belongs to an older epoch than ``epoch``."""

        def is_past(play: int, message: Audio | Tombstone) -> bool:
            return play < before or message.utterance.epoch < epoch

        self.utterances = {play: item for play, item in self.utterances.items() if not is_past(play, item.header)}
        self.tombstones = {play: item for play, item in self.tombstones.items() if not is_past(play, item)}
        self._store.retain(self.utterances)

    @property
    def complete(self) -> list[int]:
        """The play numbers of which all PCM is here, rising."""
        return [play for play, utterance in sorted(self.utterances.items()) if utterance.complete]
