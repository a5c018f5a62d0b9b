"""A voice that can be read back: every sentence becomes a short tone code that says which sentence it is.

``Sentence 123 of feed 4.`` is three copies of the same seven symbols of 15 ms: a start tone (which copy it is), the
feed, four hexadecimal digits of the number, a check digit. A copy is 105 ms long, so a cut that loses or repeats up
to 100 ms leaves at least one of the three whole, and a copy that is heard twice is a repetition of more than that.
"""

import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.translator.backend import Result, Source

Samples = npt.NDArray[np.int16]

RATE = 16_000
SYMBOL = RATE * 15 // 1000
COPIES = 3
DIGITS = 4
COPY = SYMBOL * (DIGITS + 3)
SENTENCE = COPY * COPIES
"""Samples of a whole sentence: 315 ms."""

CHUNKS = 5
CHUNK_WORK_S = 0.004
"""How long the voice works on a chunk, so that a death can fall between two of them."""

_DATA_HZ = [600 + 200 * digit for digit in range(16)]
_START_HZ = [3800 + 200 * index for index in range(COPIES)]
_UNKNOWN_HZ = 4600
_AMPLITUDE = 12_000
_RAMP = RATE // 1000
_HOP = SYMBOL // 10
_PURITY = 0.6
"""Share of a frame's energy that lies in one tone."""
_LOUD = 200
_NAME = re.compile(r"Sentence (\d+) of feed (\d+)\.")


def text(feed: int, number: int) -> str:
    """Return the sentence that is spoken as this code."""
    return f"Sentence {number} of feed {feed}."


def parse(sentence: str) -> tuple[int, int] | None:
    """Return (feed, number) of such a sentence, or None for another text."""
    found = _NAME.fullmatch(sentence.strip())
    return (int(found[2]), int(found[1])) if found else None


POISON = {
    "translator.backend": "tones:FragileTranslator",
    "translator.fallback": '["none"]',
    "synthesizer.backend": "tones:FragileToneBackend",
    "synthesizer.fallback": '["tones:DeadlyToneBackend"]',
}
"""Settings under which some sentences kill a stage, every time: it goes on with its fallback, or sets them aside."""


def is_fragile(number: int) -> bool:
    """Whether the first voice dies on this sentence of any feed."""
    return number % 11 == 6


def is_deadly(number: int) -> bool:
    """Whether every voice does."""
    return number % 17 == 9


def is_untranslatable(number: int) -> bool:
    """Whether the translator does."""
    return number % 13 == 4


# -- speaking ----------------------------------------------------------------------------------


def encode(feed: int, number: int) -> Samples:
    """Return the code, shape (``SENTENCE``,); ``feed`` is below 16, ``number`` below 65536."""
    digits = [feed, *(number >> shift & 15 for shift in range(4 * DIGITS - 4, -1, -4))]
    symbols = [_DATA_HZ[digit] for digit in [*digits, _check(digits)]]
    tones = [_tone(hertz) for copy in range(COPIES) for hertz in (_START_HZ[copy], *symbols)]
    return np.concatenate(tones)


def _check(digits: list[int]) -> int:
    """Odd weights: one wrong digit always shows."""
    return (5 + sum((2 * place + 1) * digit for place, digit in enumerate(digits))) % 16


def _tone(hertz: int, length: int = SYMBOL) -> Samples:
    wave = _AMPLITUDE * np.sin(2 * np.pi * hertz / RATE * np.arange(length))
    ramp = np.minimum(1, (np.arange(length) + 0.5) / _RAMP)
    return np.rint(wave * np.minimum(ramp, ramp[::-1])).astype(np.int16)


class ToneBackend:
    """A synthesizer backend (``synthesizer.backend = tones:ToneBackend``); deterministic."""

    name = "tones:ToneBackend"
    device = "cpu"
    voice = "tones"
    sample_rate = RATE

    def __init__(self, settings: Any, language: str) -> None:
        pass

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the code of a sentence chunk by chunk; a tone of its own for a text that is no such sentence."""
        name = parse(text)
        sound = encode(*name) if name else _tone(_UNKNOWN_HZ, 4 * SYMBOL)
        for chunk in np.array_split(sound, CHUNKS):
            time.sleep(CHUNK_WORK_S)
            yield Pcm(chunk, RATE)

    def close(self) -> None:
        """Nothing to free."""


class SecondToneBackend(ToneBackend):
    """The same voice under another name, for the list of fallbacks."""

    name = "tones:SecondToneBackend"


class FragileToneBackend(ToneBackend):
    """Dies on some sentences, before it has made a sound of them."""

    name = "tones:FragileToneBackend"

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Speak, or die."""
        name = parse(text)
        if name and (is_fragile(name[1]) or is_deadly(name[1])):
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().synthesize(text)


class DeadlyToneBackend(SecondToneBackend):
    """What takes over from it, and dies on fewer."""

    name = "tones:DeadlyToneBackend"

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Speak, or die."""
        name = parse(text)
        if name and is_deadly(name[1]):
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().synthesize(text)


class FragileTranslator:
    """Translates nothing, and dies on some sentences."""

    name = "tones:FragileTranslator"
    device = "cpu"

    def __init__(self, *_: object) -> None:
        pass

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Hand on, or die."""
        names = [parse(source.text) for source in batch]
        if any(name and is_untranslatable(name[1]) for name in names):
            os.kill(os.getpid(), signal.SIGSEGV)
        return [Result(source.text) for source in batch]

    def close(self) -> None:
        """Nothing to free."""


class ShortToneBackend(ToneBackend):
    """5 ms a sentence and no work: for long sessions."""

    name = "tones:ShortToneBackend"

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield one chunk."""
        yield Pcm(_tone(_DATA_HZ[len(text) % 16], RATE * 5 // 1000), RATE)


# -- hearing -----------------------------------------------------------------------------------


class Copy(NamedTuple):
    """One whole copy of a code in a sound; ``at`` is its first sample at 16 kHz (± 12)."""

    feed: int
    number: int
    index: int
    at: int


class Run(NamedTuple):
    """A stretch of sound between two silences, samples at 16 kHz."""

    start: int
    end: int


def decode(sound: Samples) -> list[Copy]:
    """Return every whole copy in a sound of shape (n,) at 16 kHz, in order."""
    purity = _purity(sound)
    starts = purity[:, len(_DATA_HZ) :]
    copies = []
    for frame in _peaks(starts.max(axis=1, initial=0.0)):
        places = frame + np.arange(1, DIGITS + 3) * 10
        if places[-1] >= len(purity):
            continue
        symbols = purity[places][:, : len(_DATA_HZ)]
        if symbols.max(axis=1).min() < _PURITY:
            continue
        *digits, check = (int(digit) for digit in symbols.argmax(axis=1))
        if check == _check(digits):
            number = sum(digit << 4 * place for place, digit in enumerate(reversed(digits[1:])))
            copies.append(Copy(digits[0], number, int(starts[frame].argmax()), int(frame) * _HOP))
    return copies


def runs(sound: Samples, quiet: int = RATE * 8 // 1000) -> list[Run]:
    """Return the stretches of sound that silences of at least ``quiet`` samples separate."""
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > _LOUD)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > quiet)
    firsts, lasts = loud[np.r_[0, breaks + 1]], loud[np.r_[breaks, len(loud) - 1]]
    return [Run(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def unknown(sound: Samples) -> int:
    """Return how often a text that is no numbered sentence was heard."""
    frames = _purity(sound, [_UNKNOWN_HZ])[:, 0] > _PURITY
    return int(np.count_nonzero(np.diff(frames.astype(np.int8)) > 0))


def is_unknown(sound: Samples) -> bool:
    """Whether a stretch of sound is nothing but a text that is no numbered sentence, or a part of one."""
    frames = _purity(sound, [_UNKNOWN_HZ])[:, 0] > _PURITY
    return len(frames) > 0 and bool(frames.mean() > 0.5)


def _purity(sound: Samples, tones: list[int] | None = None) -> npt.NDArray[np.float32]:
    """Return the share of each tone in each frame's energy, shape (frames, tones)."""
    tones = tones or _DATA_HZ + _START_HZ
    if len(sound) < SYMBOL:
        return np.zeros((0, len(tones)), np.float32)
    angle = -2j * np.pi * np.outer(np.arange(SYMBOL), tones) / RATE
    bank = np.exp(angle).astype(np.complex64)
    frames = np.lib.stride_tricks.sliding_window_view(sound, SYMBOL)[::_HOP]
    parts = []
    for begin in range(0, len(frames), 20_000):
        part = frames[begin : begin + 20_000].astype(np.float32)
        energy = np.maximum((part * part).sum(axis=1), SYMBOL * float(_LOUD) ** 2)
        parts.append((np.abs(part @ bank) ** 2 / (energy[:, None] * SYMBOL / 2)).astype(np.float32))
    return np.concatenate(parts)


def _peaks(level: npt.NDArray[np.float32]) -> Iterator[int]:
    """Yield the place of the highest level in each stretch above the threshold."""
    above = np.flatnonzero(level > _PURITY)
    for group in np.split(above, np.flatnonzero(np.diff(above) > 1) + 1):
        if len(group):
            yield int(group[level[group].argmax()])
