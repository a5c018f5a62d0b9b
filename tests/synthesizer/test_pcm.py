"""How speech is cut for its way to the sink."""

import numpy as np

from voicectl.actors.synthesizer.pcm import FIRST_PIECE_S, pieces


def test_a_small_piece_goes_ahead_of_the_first_chunk() -> None:
    """It is a fifth of a second, and nothing is lost or changed."""
    samples = np.arange(10_000, dtype=np.int16)
    cut = list(pieces(samples, 8000, is_first=True))
    assert [len(piece) for piece in cut] == [int(8000 * FIRST_PIECE_S), 10_000 - int(8000 * FIRST_PIECE_S)]
    assert np.array_equal(np.concatenate(cut), samples)


def test_later_and_short_chunks_stay_whole() -> None:
    """Only what keeps the listener waiting is cut."""
    samples = np.arange(10_000, dtype=np.int16)
    assert [len(piece) for piece in pieces(samples, 8000, is_first=False)] == [10_000]
    assert [len(piece) for piece in pieces(samples[:100], 8000, is_first=True)] == [100]
