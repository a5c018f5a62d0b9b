"""Takes the silence off both ends of a sentence while it streams: pauses between sentences are the sink's."""

from collections.abc import Iterator

import numpy as np

from voicectl.actors.synthesizer.backend import Pcm

_AUDIBLE = 1 / 400
"""Part of the full scale (-52 dB) that is taken for sound; codecs and vocoders hum below it."""

_HEAD_S, _TAIL_S = 0.02, 0.06
"""Seconds kept before the first sound, for soft consonants, and after the last, for its decay."""


def trimmed(chunks: Iterator[Pcm]) -> Iterator[Pcm]:
    """Yield the chunks of one sentence without the silence before and after its sound.

    All chunks have one sample rate. Silence inside the sentence is held back until sound follows it.
    """
    held = np.zeros(0, dtype=np.int16)
    is_begun = False
    rate = 0
    for samples, rate in chunks:
        held = np.concatenate([held, samples])
        loud = np.flatnonzero(np.abs(held.astype(np.int32)) > _AUDIBLE * np.iinfo(np.int16).max)
        if not loud.size:
            # Of what comes before the first sound no more than the head is ever needed.
            held = held if is_begun else held[max(0, len(held) - round(_HEAD_S * rate)) :]
            continue
        start = 0 if is_begun else max(0, int(loud[0]) - round(_HEAD_S * rate))
        end = int(loud[-1]) + 1
        yield Pcm(held[start:end], rate)
        held, is_begun = held[end:], True
    if is_begun and held.size:
        yield Pcm(held[: round(_TAIL_S * rate)], rate)
