"""Backends that die on purpose, loaded by the real factories as plugins (``poison:DeadlyVoice``)."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.translator.backend import Result, Source


def die() -> None:
    """End this process as a native library does that runs into a wall."""
    os.kill(os.getpid(), signal.SIGSEGV)


class LowerCase:
    """A translator into a language without capitals."""

    name = "lower"
    device = "cpu"

    def __init__(self, *_: object) -> None:
        """Take the settings that every backend gets."""

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Translate."""
        return [Result(source.text.lower()) for source in batch]

    def close(self) -> None:
        """Hold nothing."""


class DeadlyTranslator(LowerCase):
    """Dies on sentences that say so."""

    name = "deadly"

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Translate, or die."""
        if any("must not" in source.text for source in batch):
            die()
        return super().translate(batch)


class FusedTranslator(LowerCase):
    """Dies on every sentence as long as a file is there."""

    name = "fused"

    def __init__(self, *_: object) -> None:
        """Cannot even be loaded the second time while the fuse burns."""
        if Path(os.environ["FUSE"]).exists():
            die()


class ToneVoice:
    """A voice that is loaded at once and says a tone at once."""

    name = "tone"
    device = "cpu"
    voice = "tone"
    sample_rate = 16_000

    def __init__(self, *_: object) -> None:
        """Take the settings that every backend gets."""

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Speak."""
        yield Pcm((np.sin(np.arange(1600) / 5) * 8000).astype(np.int16), self.sample_rate)

    def close(self) -> None:
        """Hold nothing."""


class DeadlyVoice(ToneVoice):
    """Dies on sentences that say so."""

    name = "deadly"

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Speak, or die."""
        if "must not" in text:
            die()
        return super().synthesize(text)


class HangingTranslator(LowerCase):
    """Never comes back from sentences that say so."""

    name = "hanging"

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Translate, or hang as a lost GPU does."""
        if any("must not" in source.text for source in batch):
            threading.Event().wait()
        return super().translate(batch)


class LateTranslator(LowerCase):
    """Never finishes loading."""

    def __init__(self, *_: object) -> None:
        """Wait for ever."""
        threading.Event().wait()


class SteadyVoice(ToneVoice):
    """A tone as long as a person would speak, made at once: so that only the machinery around the models works."""

    name = "steady"
    seconds_per_character = 0.07
    """English is spoken at fourteen characters a second."""

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Speak in parts of half a second."""
        samples = int(len(text) * self.seconds_per_character * self.sample_rate)
        tone = (np.sin(np.arange(samples) / 5) * 8000).astype(np.int16)
        for start in range(0, samples, self.sample_rate // 2):
            yield Pcm(tone[start : start + self.sample_rate // 2], self.sample_rate)
