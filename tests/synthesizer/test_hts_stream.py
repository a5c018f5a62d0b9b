"""Open JTalk's engine, frame by frame: window sizes, a busy machine, what cannot be used."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyopenjtalk
import pytest

from voicectl.actors.synthesizer.openjtalk.hts_stream import FIRST_WINDOW, LARGEST_WINDOW, HtsUtterance, HtsVoice
from voicectl.protocol.errors import BackendUnavailable

LABELS = pyopenjtalk.extract_fullcontext("テストを実行したところ、三つのファイルで失敗しましたが、もう一度実行します。")


@pytest.fixture(scope="module")
def voice() -> Iterator[HtsVoice]:
    """The voice that pyopenjtalk ships."""
    voice = HtsVoice(pyopenjtalk.htsengine.__file__, pyopenjtalk.DEFAULT_HTS_VOICE)
    yield voice
    voice.close()


def clock(step: float) -> Callable[[], float]:
    """Return a clock that goes on by ``step`` seconds from one look at it to the next."""
    looks = iter(range(10_000))
    return lambda: next(looks) * step


def frames(voice: HtsVoice, utterance: HtsUtterance, step: float) -> list[int]:
    """Return the length of every window in frames, where each takes so many seconds to make."""
    waves = list(utterance.windows(clock(step)))
    assert [is_last for _, is_last in waves] == [False] * (len(waves) - 1) + [True]
    return [len(wave) // voice.frame_samples for wave, _ in waves]


def test_the_first_window_is_small_and_the_others_grow(voice: HtsVoice) -> None:
    """The silence before the sound comes with the first one, that behind it with the last."""
    with HtsUtterance(voice, LABELS, 1.0, 0.0) as utterance:
        first, *others, last = frames(voice, utterance, 0.0)
        assert first == utterance.lead + FIRST_WINDOW
        assert all(before <= after <= 1.25 * before for before, after in pairwise([FIRST_WINDOW, *others]))
        assert max(others) == LARGEST_WINDOW
        assert last > utterance.tail
        assert first + sum(others) + last == utterance.total


@pytest.mark.parametrize(("step", "seconds"), [(0.05, 0.2), (0.3, 1.0), (10.0, 7.0)])
def test_a_slow_machine_begins_later(voice: HtsVoice, step: float, seconds: float) -> None:
    """So that what follows is there in time: at the pace of the first windows, with much to spare."""
    with HtsUtterance(voice, LABELS, 1.0, 0.0) as utterance:
        first = frames(voice, utterance, step)[0]
        assert min(utterance.total, seconds / voice.frame_s) <= first + 1
        if step < 0.1:
            assert first == utterance.lead + FIRST_WINDOW


def test_the_same_sound_comes_out_however_it_is_cut(voice: HtsVoice) -> None:
    """A sentence that is made again at another pace goes on where it was cut."""
    cut = []
    for step in (0.0, 0.3, 10.0):
        with HtsUtterance(voice, LABELS, 1.0, 0.0) as utterance:
            cut.append(np.concatenate([wave for wave, _ in utterance.windows(clock(step))]))
    assert np.array_equal(cut[0], cut[1])
    assert np.array_equal(cut[0], cut[2])
    assert np.array_equal(cut[0], pyopenjtalk.synthesize(LABELS)[0])


def test_a_module_without_the_engine_and_a_file_without_a_voice_are_refused(tmp_path: Path) -> None:
    """The line says what it is about."""
    with pytest.raises(BackendUnavailable, match="cannot be called frame by frame"):
        HtsVoice(pyopenjtalk.openjtalk.__file__, pyopenjtalk.DEFAULT_HTS_VOICE)
    (tmp_path / "none.htsvoice").write_bytes(b"no voice")
    with pytest.raises(BackendUnavailable, match=r"none.htsvoice cannot be loaded"):
        HtsVoice(pyopenjtalk.htsengine.__file__, bytes(tmp_path / "none.htsvoice"))
