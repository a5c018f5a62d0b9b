"""The oracle's ear: what was spoken is read back, also when it was cut."""

import numpy as np
import pytest
import tones

SILENCE = np.zeros(960, np.int16)


def test_every_sentence_is_read_back() -> None:
    """A row of codes gives its feeds, numbers and copies, each at its place."""
    names = [(feed, number) for feed in (0, 7, 15) for number in (1, 255, 4097, 65535)]
    sound = np.concatenate([part for name in names for part in (tones.encode(*name), SILENCE)])
    copies = tones.decode(sound)
    assert [copy[:3] for copy in copies] == [(*name, index) for name in names for index in range(3)]
    places = [place * (tones.SENTENCE + 960) + index * tones.COPY for place in range(12) for index in range(3)]
    assert max(abs(copy.at - place) for copy, place in zip(copies, places, strict=True)) <= 24
    assert len(tones.runs(sound)) == 12


@pytest.mark.parametrize("cut", range(0, tones.SENTENCE, 371))
@pytest.mark.parametrize("moved", [-1600, 1600])
def test_a_cut_of_a_tenth_of_a_second_leaves_a_whole_copy(cut: int, moved: int) -> None:
    """Lost (+) or repeated (-) samples at any place: the sentence is still known, and no copy is heard twice."""
    code = tones.encode(4, 123)
    sound = np.concatenate([code[:cut], code[max(0, cut + moved) :]])
    copies = tones.decode(np.concatenate([SILENCE, sound, SILENCE]))
    assert {copy[:2] for copy in copies} == {(4, 123)}
    assert [copy.index for copy in copies] == sorted({copy.index for copy in copies})


def test_another_text_is_told_from_silence() -> None:
    """What is no numbered sentence is counted, and decodes to nothing."""
    sound = np.concatenate([pcm.samples for pcm in tones.ToneBackend(None, "en").synthesize("Hello.")])
    assert tones.unknown(np.concatenate([SILENCE, sound, SILENCE, sound, SILENCE])) == 2
    assert tones.decode(sound) == []
