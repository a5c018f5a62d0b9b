"""The harness's own parts: a schedule can be replayed, and the oracle sees what it has to see."""

import wave
from pathlib import Path

import numpy as np
import oracle
import pytest
import tones
from faults import KINDS, VICTIMS, schedule

SILENCE = np.zeros(960, np.int16)
CODES = [tones.encode(1, number) for number in (1, 2, 3)]
HISTORY = [{"source": tones.text(1, number), "session": "f1.0", "state": "spoken", "error": ""} for number in (1, 2, 3)]


def judged(path: Path, parts: list[tones.Samples]) -> oracle.Verdict:
    """Judge a recording in which these parts were heard, with silences between."""
    sound = np.concatenate([each for part in parts for each in (part, SILENCE)])
    with wave.open(str(path / "heard.wav"), "wb") as file:
        file.setparams((1, 2, tones.RATE, 0, "NONE", ""))
        file.writeframes(sound.astype("<i2").tobytes())
    heard, strange = oracle.hearings([path / "heard.wav"])
    return oracle.judge(heard, strange, {(1, number): 0.0 for number in (1, 2, 3)}, oracle.Deaths({}, {}), HISTORY)


def test_a_schedule_is_the_same_for_the_same_seed() -> None:
    """Seeds differ, a seed does not; every kind and every victim comes up."""
    faults = schedule(1, 1000, (0.5, 1.5))
    assert faults == schedule(1, 1000, (0.5, 1.5)) != schedule(2, 1000, (0.5, 1.5))
    assert {fault.kind for fault in faults} == set(KINDS)
    assert {victim for fault in faults for victim in fault.victims} == set(VICTIMS)


def test_a_good_recording_is_good(tmp_path: Path) -> None:
    """Each sentence once, in order, whole."""
    verdict = judged(tmp_path, CODES)
    assert not (verdict.lost or verdict.repeated or verdict.disordered or verdict.cuts or verdict.problems)


def test_a_lost_sentence_is_seen(tmp_path: Path) -> None:
    """The journal says spoken, the sound does not."""
    assert judged(tmp_path, [CODES[0], CODES[2]]).lost == [(1, 2)]


def test_a_repeated_sentence_is_seen(tmp_path: Path) -> None:
    """Once more after another one."""
    assert judged(tmp_path, [*CODES, CODES[1]]).repeated == [(1, 2)]


def test_a_wrong_order_is_seen(tmp_path: Path) -> None:
    """Two neighbours in the wrong order."""
    assert judged(tmp_path, [CODES[1], CODES[0], CODES[2]]).disordered == [((1, 2), (1, 1))]


def torn(fragments: list[str], sound: list[tones.Samples], path: Path) -> oracle.Verdict:
    """Judge a run in which the second sentence is journaled as these fragments."""
    rows = [HISTORY[0], *({**HISTORY[1], "source": text} for text in fragments), HISTORY[2]]
    silent = np.concatenate([each for part in sound for each in (part, SILENCE)])
    with wave.open(str(path / "heard.wav"), "wb") as file:
        file.setparams((1, 2, tones.RATE, 0, "NONE", ""))
        file.writeframes(silent.astype("<i2").tobytes())
    heard, strange = oracle.hearings([path / "heard.wav"])
    written = {(1, number): 0.0 for number in (1, 2, 3)}
    return oracle.judge(heard, strange, written, oracle.Deaths({}, {1: [2]}), rows)


def test_a_sentence_that_two_feeds_had_a_half_of_is_not_lost(tmp_path: Path) -> None:
    """Both halves are journaled; with one of them missing it was in flight, and a text of nobody is a problem."""
    unknown = np.concatenate([pcm.samples for pcm in tones.ToneBackend(None, "en").synthesize("Sentence 2")])
    sound = [CODES[0], unknown, unknown, CODES[2]]
    verdict = torn(["Sentence 2", "of feed 1."], sound, tmp_path)
    assert (verdict.lost, verdict.torn, verdict.in_flight, verdict.problems) == ([], [(1, 2)], [], [])
    verdict = torn(["of feed 1."], sound, tmp_path)
    assert (verdict.torn, verdict.in_flight, verdict.problems) == ([], [(1, 2)], [])
    assert torn(["Sentence 2", "of feed 1.", "Boo."], sound, tmp_path).problems


def test_a_sentence_that_kills_every_voice_must_be_set_aside(tmp_path: Path) -> None:
    """To be heard in spite of it would mean that the kill was not tried."""
    rows = [*HISTORY[:2], {**HISTORY[2], "state": "quarantined"}]
    heard = [oracle.Hearing((1, number)) for number in (1, 2)]
    written = {(1, number): 0.0 for number in (1, 2, 3)}
    judge = oracle.judge(heard, 0, written, oracle.Deaths({}, {}), rows, lambda number: number == 3)
    assert (judge.lost, judge.set_aside) == ([], [(1, 3)])
    assert not any("kills every voice" in problem for problem in judge.problems)
    judge = oracle.judge(heard, 0, written, oracle.Deaths({}, {}), HISTORY, lambda number: number == 3)
    assert any("kills every voice" in problem for problem in judge.problems)


@pytest.mark.parametrize("cut", [2000, 3000])
@pytest.mark.parametrize(("moved", "is_allowed"), [(1500, True), (-1500, True), (1900, False), (-1900, False)])
def test_a_cut_is_measured(tmp_path: Path, cut: int, moved: int, is_allowed: bool) -> None:
    """94 ms lost or repeated are a cut, 119 ms are a broken promise; the sentence is neither lost nor repeated."""
    first, second = CODES[1][:cut], CODES[1][max(0, cut + moved) :]
    verdict = judged(tmp_path, [CODES[0], first, second, CODES[2]])
    assert not (verdict.lost or verdict.repeated or verdict.disordered)
    assert verdict.cuts == [pytest.approx(-moved * 1000 / tones.RATE, abs=oracle.MEASURE_MS)]
    assert bool(verdict.problems) != is_allowed
