"""A new sink goes on where the last one was cut."""

from pathlib import Path

import numpy as np
import pytest
from sink_parts import RATE, Stage, speech
from sink_parts import settings as sink_settings

from voicectl.protocol.messages import Cancel, Expect


def test_a_new_sink_goes_on_at_the_sample_behind_the_last_one_heard(tmp_path: Path) -> None:
    """Nothing is closed properly, as after a SIGKILL: the two recordings join to the whole."""
    old = Stage(tmp_path, realtime=True)
    for play in (1, 2, 3):
        old.say(play, speech(play, RATE), chunks=4)
    old.after(1700)
    new = Stage(tmp_path, realtime=True, expect=None)
    ledger = new.player.ledger()
    assert (ledger.settled, ledger.current, ledger.sample_rate) == (1, 2, RATE)
    assert ledger.samples == len(old.output.heard) - RATE
    new.player.expect(Expect(play=2, epoch=0))
    for play in (2, 3):
        new.say(play, speech(play, RATE), chunks=9)
    new.after(2000)
    whole = np.concatenate([speech(1, RATE), speech(2, RATE), speech(3, RATE)])
    assert np.array_equal(np.concatenate([old.output.heard, new.output.heard]), whole)


@pytest.mark.parametrize("deaths", [(300, 350), (300, 0, 350), (100, 10, 10, 900, 10)])
def test_a_sentence_survives_several_deaths(tmp_path: Path, deaths: tuple[int, ...]) -> None:
    """Also a death before the new sink has played a sample."""
    heard = []
    for milliseconds in (*deaths, 2000):
        stage = Stage(tmp_path, realtime=True, expect=None)
        ledger = stage.player.ledger()
        stage.player.expect(Expect(play=ledger.settled + 1, epoch=0))
        for play in (1, 2):
            stage.say(play, speech(play, RATE))
        stage.after(milliseconds)
        heard.append(stage.output.heard)
    assert np.array_equal(np.concatenate(heard), np.concatenate([speech(1, RATE), speech(2, RATE)]))


def test_what_the_device_had_not_played_is_said_again(tmp_path: Path) -> None:
    """The device's latency is taken off, but never below what an earlier incarnation had heard."""
    old = Stage(tmp_path, realtime=True)
    old.say(1, speech(1, RATE))
    old.after(500)
    old.progress.consumed(old.output.position, 100_000_000)
    heard = len(old.output.heard)
    new = Stage(tmp_path, realtime=True, expect=None)
    assert new.player.ledger().samples == heard - RATE // 10
    new.progress.consumed(0, 100_000_000)
    assert Stage(tmp_path, expect=None).player.ledger().samples == heard - RATE // 10


def test_it_goes_on_at_another_rate(tmp_path: Path) -> None:
    """A new device with twice the rate resumes at the same moment of the sentence."""
    old = Stage(tmp_path, realtime=True)
    old.say(1, np.full(RATE, 5000, np.int16))
    old.after(250)
    heard = len(old.output.heard)
    new = Stage(tmp_path, sink_settings(sample_rate=2 * RATE), expect=None)
    new.player.expect(Expect(play=1, epoch=0))
    new.say(1, np.full(RATE, 5000, np.int16))
    new.run()
    assert len(new.output.heard) == 2 * (RATE - heard)


def test_a_cancel_outlives_the_sink_until_the_parser_has_acted_on_it(tmp_path: Path) -> None:
    """The parser may have died too: the new sink knows epoch and answer, and plays nothing old."""
    old = Stage(tmp_path, realtime=True)
    old.say(1, speech(1, RATE))
    old.after(300)
    old.player.cancel(Cancel(action="skip", count=2), old.now)
    new = Stage(tmp_path, realtime=True, expect=None)
    assert new.player.cancels == old.player.cancels
    assert new.player.ledger().epoch == 1
    new.player.expect(Expect(play=1, epoch=0))
    new.say(1, speech(1, RATE))
    new.after(100)
    assert len(new.output.heard) == 0
    new.player.expect(Expect(play=2, epoch=1))
    assert Stage(tmp_path, expect=None).player.cancels == []


def test_a_fresh_journal_sets_the_number(tmp_path: Path) -> None:
    """The first ``Expect`` of an incarnation counts, whatever the file said."""
    Stage(tmp_path).say(1, speech(1))
    stage = Stage(tmp_path, expect=8)
    stage.say(8, speech(8))
    stage.run()
    assert stage.player.ledger().settled == 8
