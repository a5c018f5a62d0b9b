"""Windowed decoding, shown on a plain convolution."""

from itertools import pairwise

import numpy as np

from voicectl.actors.synthesizer.vits_stream import FIRST_WINDOW, LARGEST_WINDOW, context_frames, windows

HOP = 4


def blurred(latent):
    """Return a stand-in for a decoder: every sample is a mean over five frames on each side."""
    frames = np.convolve(latent[0, 0], np.hanning(13)[1:-1])[5:-5]
    return np.repeat(frames, HOP).astype(np.float32)


def test_the_windows_joined_are_the_whole_decode():
    """With enough context not a sample differs, whatever the length."""
    for frames in (1, 15, 16, 17, 40, 41, 500):
        latent = np.random.default_rng(frames).normal(size=(1, 1, frames))
        assert np.allclose(np.concatenate(list(windows(latent, blurred, HOP, 5))), blurred(latent))


def test_too_little_context_would_be_noticed():
    """The test above could fail."""
    latent = np.random.default_rng(0).normal(size=(1, 1, 200))
    assert not np.allclose(np.concatenate(list(windows(latent, blurred, HOP, 4))), blurred(latent))


def test_windows_start_small_and_grow_to_a_limit():
    """Small for the first sound, large for the throughput, and never a jump that leaves a gap."""
    sizes = [len(wave) // HOP for wave in windows(np.zeros((1, 1, 1000)), blurred, HOP, 5)]
    assert sizes[0] == FIRST_WINDOW
    assert max(sizes) == LARGEST_WINDOW
    assert all(later <= 1.5 * earlier for earlier, later in pairwise(sizes))


def test_the_default_architecture_needs_thirteen_frames():
    """Measured by perturbing one frame: 12.6."""
    dilations = [[1, 3, 5]] * 3
    assert context_frames([8, 8, 2, 2], [16, 16, 4, 4], [3, 7, 11], dilations) == 13
