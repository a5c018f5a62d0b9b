"""Streaming decode of a VITS model: the sound leaves window by window, and equals the whole decode.

VITS makes a sentence in two steps. Text encoder, duration predictor and flow turn it into latent frames; the HiFi-GAN
decoder turns frames into samples and takes about 95 % of the time. Only the decoder is run in windows. It is a stack of
convolutions, so a sample depends on a known number of frames on each side: each window is decoded with that many more,
and what they make is cut off. (VITS: Kim et al. 2021, arXiv:2106.06103; HiFi-GAN: Kong et al. 2020, arXiv:2010.05646.)
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

FIRST_WINDOW = 16
"""Frames of the first window, 0.19 s at 22,050 Hz. Measured on 2 cores: first sound after 160 ms, not 1800 ms."""

GROWTH = 1.5
"""Each window is this much longer than the one before; a jump from 16 straight to 64 leaves a gap in playback."""

LARGEST_WINDOW = 128
"""Frames at which growing stops; beyond it the context is under a fifth of the work anyway."""


class LatentTap:
    """Stands in the decoder's place, so that the model's own ``inference`` ends at the latent frames.

    That keeps everything before the decoder (speakers, languages, durations, sampling) the library's own.
    """

    def __init__(self) -> None:
        self.conditioning: Any = None

    def __call__(self, latent: Any, g: Any = None) -> Any:
        """Keep the speaker conditioning and return the latent unchanged."""
        self.conditioning = g
        return latent


def context_frames(
    rates: Sequence[int],
    kernels: Sequence[int],
    block_kernels: Sequence[int],
    dilations: Sequence[Sequence[int]],
    block_type: str = "1",
) -> int:
    """Return how many frames on each side one output sample of a HiFi-GAN generator depends on.

    The needed interval is followed from the samples of one frame back to its input. The default architecture has 12.6,
    so 13.

    Args:
        rates: The stride of each transposed convolution.
        kernels: Their kernel sizes.
        block_kernels: The kernel size of each residual block of a level.
        dilations: The dilations of each of these blocks.
        block_type: ``1`` (every dilated convolution is followed by a plain one) or ``2``.
    """
    plain = 1 if block_type == "1" else 0
    block = max(
        sum((kernel - 1) // 2 * (dilation + plain) for dilation in steps)
        for kernel, steps in zip(block_kernels, dilations, strict=True)
    )
    low, high = 0, math.prod(rates) - 1
    low, high = low - 3, high + 3  # the last convolution, kernel 7
    for rate, kernel in reversed(list(zip(rates, kernels, strict=True))):
        low, high = low - block, high + block
        padding = (kernel - rate) // 2
        low, high = -((kernel - 1 - padding - low) // rate), (high + padding) // rate
    return max(-(low - 3), high + 3)  # the first convolution, kernel 7


def windows(
    latent: npt.NDArray[Any] | Any, decode: Callable[[Any], npt.NDArray[np.float32]], hop: int, context: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the decoded sound window by window.

    Args:
        latent: Frames, shape (1, channels, frames); any array or tensor.
        decode: Turns frames of shape (1, channels, n) into samples of shape (n * hop,).
        hop: Samples a frame.
        context: Frames of context on each side.
    """
    frames = latent.shape[-1]
    start, size = 0, FIRST_WINDOW
    while start < frames:
        stop = min(frames, start + size)
        low, high = max(0, start - context), min(frames, stop + context)
        samples = decode(latent[:, :, low:high])
        yield samples[(start - low) * hop : (stop - low) * hop]
        start, size = stop, min(LARGEST_WINDOW, int(size * GROWTH))
