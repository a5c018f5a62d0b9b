"""The PCM of one utterance as it arrives, whoever sends it and however often."""

from collections import deque

import numpy as np

from voicectl.actors.sink.ring import Samples
from voicectl.protocol.speaking import Audio, Receipt

SAME_RATIO = 0.01
"""Two runs of one sentence are the same sound while their difference is 20 dB below it (rounding may differ)."""

SAME_FLOOR = 1000.0
"""Mean square below which sound counts as silence (-60 dB of full scale)."""


class Utterance:
    """Collects the chunks of one play number and hands out each sample once.

    A synthesizer that was restarted speaks the sentence again from chunk 0, cut differently perhaps. While that
    is the same sound, what is already here is skipped by counting samples. When another voice, another text
    or another sound comes instead, counting would splice two sentences: then it starts again.
    ``heard`` samples of what is here were heard in an earlier incarnation of the sink.
    """

    def __init__(self, audio: Audio, received: int) -> None:
        self.header = audio
        self.received = received
        self.complete = False
        self.restarts = 0
        self.samples = 0
        self.heard = 0
        self._held: list[Samples] = []
        self._chunks: deque[Samples] = deque()
        self._skip = 0
        self._run = audio
        self._sender = ""
        self._next_index = -1
        self._run_samples = 0

    def add(self, audio: Audio, pcm: Samples, sender: str) -> bool:
        """Take a chunk that ``sender`` (an incarnation) made; return False when it was of no use."""
        if self.complete:
            return False
        if audio.index == 0:
            self._run, self._sender, self._run_samples = audio, sender, 0
        elif sender != self._sender or audio.index != self._next_index:
            return False
        self._next_index = audio.index + 1
        if not self._is_same_sound(pcm):
            self._begin_again()
        new = pcm[max(0, self.samples - self._run_samples) :]
        self._run_samples += len(pcm)
        self._append(new)
        self.complete = audio.last
        if self.complete:
            self._held.clear()
        return True

    def skip(self, samples: int) -> None:
        """Leave out the first ``samples``; they were heard already."""
        self.heard = self._skip = samples

    def buffered(self) -> Receipt:
        """Return the receipt for its last chunk."""
        return Receipt(utterance=self.header.utterance, state="buffered", audio_ms=self.audio_ms)

    @property
    def audio_ms(self) -> float:
        """Length in milliseconds of what has arrived."""
        return self.samples * 1000 / self.header.sample_rate

    @property
    def ready(self) -> bool:
        """Whether it can begin (or go on): there is a sample to hand out, or it is at its end."""
        return self.complete or sum(map(len, self._chunks)) > self._skip

    def take(self) -> Samples:
        """Hand out what has arrived and was not handed out yet, shape (n,)."""
        pcm = _joined(self._chunks)
        self._chunks.clear()
        skipped = min(self._skip, len(pcm))
        self._skip -= skipped
        return pcm[skipped:]

    def _append(self, pcm: Samples) -> None:
        if len(pcm):
            self.samples += len(pcm)
            self._held.append(pcm)
            self._chunks.append(pcm)

    def _is_same_sound(self, pcm: Samples) -> bool:
        """Whether a chunk of the present run agrees with what is here of its place."""
        run, here = self._run, self.header
        if (run.sample_rate, run.synthesizer, run.text) != (here.sample_rate, here.synthesizer, here.text):
            return False
        if self._run_samples >= self.samples:
            return True
        held = _joined(self._held)[self._run_samples :][: len(pcm)].astype(np.float32)
        if not len(held):
            return True
        difference = held - pcm[: len(held)]
        return float(np.mean(difference**2)) <= SAME_RATIO * max(SAME_FLOOR, float(np.mean(held**2)))

    def _begin_again(self) -> None:
        """Drop everything but what the present run has confirmed, which is handed out once more."""
        confirmed = _joined(self._held)[: self._run_samples]
        self.header = self._run
        if self.samples:
            self.restarts += 1
        self.samples = self._skip = self.heard = 0
        self._held.clear()
        self._chunks.clear()
        self._append(confirmed)


def _joined(chunks: "list[Samples] | deque[Samples]") -> Samples:
    return np.concatenate([np.zeros(0, np.int16), *chunks])
