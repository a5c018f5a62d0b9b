"""The interface of every synthesizer backend."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""Mono PCM, shape (n,), signed 16 bit."""


class Pcm(NamedTuple):
    """A chunk of speech."""

    samples: Samples
    sample_rate: int


class SynthesizerBackend(Protocol):
    """Speaks one language with one voice; loading happens in its constructor.

    The same text gives the same samples, whatever was spoken before: a sentence that is made
    again after a crash goes on where it was cut.
    """

    name: str
    device: str
    voice: str
    sample_rate: int

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, chunk by chunk, the first as early as possible.

        Text with nothing to pronounce yields nothing.

        Raises:
            BackendError: this sentence could not be spoken; the backend can still be used.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...
