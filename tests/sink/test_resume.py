"""A new sink goes on where the last one was cut."""

from pathlib import Path

import numpy as np
import pytest
from sink_parts import RATE, Stage, speech, tombstone
from sink_parts import settings as sink_settings

from voicectl.protocol.speaking import Expect
from voicectl.protocol.supervising import Cancel


def test_a_new_sink_goes_on_at_the_sample_behind_the_last_one_heard(tmp_path: Path) -> None:
    """Nothing is closed properly, as after a SIGKILL, and nothing is sent again: the recordings join to the whole."""
    old = Stage(tmp_path, realtime=True)
    for play in (1, 2, 3):
        old.say(play, speech(play, RATE), chunks=4)
    old.after(1700)
    new = Stage(tmp_path, realtime=True, expect=None)
    ledger = new.player.ledger()
    assert (ledger.settled, ledger.current, ledger.sample_rate) == (1, 2, RATE)
    assert ledger.samples == len(old.output.heard) - RATE
    assert ledger.buffered == (2, 3)
    new.player.expect(Expect(play=2, epoch=0))
    new.after(2000)
    whole = np.concatenate([speech(1, RATE), speech(2, RATE), speech(3, RATE)])
    assert np.array_equal(np.concatenate([old.output.heard, new.output.heard]), whole)


@pytest.mark.parametrize("deaths", [(300, 350), (300, 0, 350), (100, 10, 10, 900, 10)])
def test_a_sentence_survives_several_deaths(tmp_path: Path, deaths: tuple[int, ...]) -> None:
    """Also a death before the new sink has played a sample."""
    heard = []
    for number, milliseconds in enumerate((*deaths, 2000)):
        stage = Stage(tmp_path, realtime=True, expect=None)
        ledger = stage.player.ledger()
        stage.player.expect(Expect(play=ledger.settled + 1, epoch=0))
        for play in (1, 2) if number == 0 else ():
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


def test_a_sentence_whose_end_is_still_in_the_device_is_not_settled(tmp_path: Path) -> None:
    """Handed over is not heard: a sink that dies now leaves its last tenth of a second to the next one."""
    old = Stage(tmp_path, realtime=True)
    old.output.audible = lambda now: old.output.position - RATE // 10  # type: ignore[method-assign]
    old.say(1, speech(1, RATE // 2))
    old.after(600)
    assert old.states() == [(1, "speaking")]
    old.progress.consumed(old.output.position, 100_000_000)
    new = Stage(tmp_path, realtime=True, expect=None)
    ledger = new.player.ledger()
    assert (ledger.settled, ledger.current, ledger.buffered) == (0, 1, (1,))
    new.player.expect(Expect(play=1, epoch=0))
    new.after(200)
    assert np.array_equal(new.output.heard, speech(1, RATE // 2)[RATE // 2 - RATE // 10 :])


def test_it_goes_on_at_another_rate(tmp_path: Path) -> None:
    """A new device with twice the rate resumes at the same moment of the sentence."""
    old = Stage(tmp_path, realtime=True)
    old.say(1, np.full(RATE, 5000, np.int16))
    old.after(250)
    heard = len(old.output.heard)
    new = Stage(tmp_path, sink_settings(sample_rate=2 * RATE), expect=None)
    new.player.expect(Expect(play=1, epoch=0))
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


# -- the PCM that was not heard ----------------------------------------------------------------


def test_half_a_sentence_is_joined_by_its_other_half(tmp_path: Path) -> None:
    """The synthesizer lives and goes on sending: what was stored and what comes are one run."""
    old = Stage(tmp_path, realtime=True)
    for index in range(2):
        old.chunk(1, index, speech(1)[1000 * index :][:1000])
    old.after(100)
    new = Stage(tmp_path, realtime=True, expect=None)
    assert new.player.ledger().buffered == ()
    for index in range(2, 4):
        new.chunk(1, index, speech(1)[1000 * index :][:1000], last=index == 3)
    assert new.player.ledger().buffered == (1,)
    new.player.expect(Expect(play=1, epoch=0))
    new.after(600)
    assert np.array_equal(np.concatenate([old.output.heard, new.output.heard]), speech(1))
    assert new.player.counters["restarted"] == 0


def test_a_chunk_that_was_lost_with_the_old_sink_is_not_skipped(tmp_path: Path) -> None:
    """A later one is no use without it; the repeat fills the hole."""
    old = Stage(tmp_path, realtime=True)
    old.chunk(1, 0, speech(1)[:1000])
    old.after(50)
    new = Stage(tmp_path, realtime=True, expect=None)
    new.chunk(1, 2, speech(1)[2000:], last=True)
    new.player.expect(Expect(play=1, epoch=0))
    new.say(1, speech(1), chunks=3)
    new.after(600)
    assert np.array_equal(np.concatenate([old.output.heard, new.output.heard]), speech(1))


def test_without_its_pcm_the_sentence_starts_again_and_is_counted(tmp_path: Path) -> None:
    """A second run may be another sound: to go on by counting would splice the two."""
    old = Stage(tmp_path, realtime=True)
    old.say(1, speech(1))
    old.after(200)
    (tmp_path / "pcm" / "1.pcm").unlink()
    new = Stage(tmp_path, realtime=True, expect=None)
    assert new.player.ledger().samples > 0
    new.player.expect(Expect(play=1, epoch=0))
    new.say(1, speech(7))
    new.after(600)
    assert np.array_equal(new.output.heard, speech(7))
    assert new.player.counters["restarted"] == 1


def test_a_run_that_is_another_sound_starts_the_sentence_again(tmp_path: Path) -> None:
    """The same header, other samples: the new run is heard whole; one that differs by rounding goes on."""
    stage = Stage(tmp_path)
    stage.chunk(1, 0, speech(1)[:2000])
    stage.run()
    stage.say(1, speech(1) + np.arange(4000, dtype=np.int16) % 3 - 1, sender="synthesizer.2")
    stage.chunk(2, 0, speech(2)[:2000])
    stage.run()
    assert len(stage.output.heard) == 6000
    assert stage.player.counters["restarted"] == 0
    stage.say(2, np.concatenate([speech(2)[:1000], speech(7)]), chunks=5, sender="synthesizer.2")
    stage.run()
    whole = np.concatenate([speech(2)[:2000], speech(2)[:1000], speech(7)])
    assert np.array_equal(stage.output.heard[4000:], whole)
    assert stage.player.counters["restarted"] == 1


def test_a_sink_that_dies_after_such_a_start_goes_on_in_the_new_sound(tmp_path: Path) -> None:
    """The place in the progress file is counted from the new beginning."""
    old = Stage(tmp_path, realtime=True)
    old.chunk(1, 0, speech(1)[:800])
    old.after(150)
    old.say(1, speech(7), chunks=2, sender="synthesizer.2")
    old.after(200)
    new = Stage(tmp_path, realtime=True, expect=None)
    new.player.expect(Expect(play=1, epoch=0))
    new.after(600)
    heard = np.concatenate([old.output.heard, new.output.heard])
    assert np.count_nonzero(heard[:800] != speech(1)[:800]) == 0
    # The ring had run dry, so the first 5 ms fade in.
    assert np.array_equal(heard[-3960:], speech(7)[40:])
    assert len(heard[800:]) - 4000 < RATE // 100


def test_a_death_before_the_player_has_followed_such_a_start_skips_nothing(tmp_path: Path) -> None:
    """What was heard belongs to the old sound: the new one is heard from its first sample."""
    old = Stage(tmp_path, realtime=True)
    old.chunk(1, 0, speech(1)[:800])
    old.after(50)
    old.say(1, speech(7), sender="synthesizer.2")
    new = Stage(tmp_path, realtime=True, expect=None)
    new.player.expect(Expect(play=1, epoch=0))
    new.after(600)
    assert np.array_equal(new.output.heard, speech(7))


def test_a_new_pipeline_finishes_the_sentence_that_was_cut_and_no_other(tmp_path: Path) -> None:
    """It may have another voice; between two sentences nothing is kept."""
    old = Stage(tmp_path, realtime=True)
    for play in (1, 2, 3):
        old.say(play, speech(play, RATE))
    old.after(1500)
    heard = len(old.output.heard)
    new = Stage(tmp_path, realtime=True, expect=None, new_pipeline=True)
    assert new.player.ledger().buffered == (2,)
    assert [path.name for path in (tmp_path / "pcm").iterdir()] == ["2.pcm"]
    new.player.expect(Expect(play=2, epoch=0))
    new.after(700)
    assert np.array_equal(new.output.heard, speech(2, RATE)[heard - RATE :])
    newest = Stage(tmp_path, expect=None, new_pipeline=True)
    assert newest.player.ledger().buffered == ()


def test_pcm_of_an_older_epoch_is_not_taken_back(tmp_path: Path) -> None:
    """A death between a cancel and the deletion leaves files that nobody wants."""
    old = Stage(tmp_path, realtime=True)
    old.say(1, speech(1, RATE))
    old.say(2, speech(2, RATE))
    left = (tmp_path / "pcm" / "2.pcm").read_bytes()
    old.after(300)
    old.player.cancel(Cancel(action="stop"), old.now)
    (tmp_path / "pcm" / "2.pcm").write_bytes(left)
    new = Stage(tmp_path, expect=None)
    assert new.player.ledger().buffered == ()
    assert list((tmp_path / "pcm").iterdir()) == []


def test_the_ledger_tells_what_a_tombstone_settled_also_after_a_death(tmp_path: Path) -> None:
    """Whether the end was published or only played."""
    old = Stage(tmp_path, realtime=True)
    old.player.bury(tombstone(1))
    old.say(2, speech(2, 800))
    old.player.bury(tombstone(3, "quarantined"))
    old.say(4, speech(4, 8000))
    old.player.advance(old.now)
    old.now += 150 * 1_000_000
    old.output.poll(old.now)
    old.output.poll(old.now + 150 * 1_000_000)
    assert old.player.ledger().failed == (1,)
    new = Stage(tmp_path, expect=None)
    ledger = new.player.ledger()
    assert (ledger.settled, ledger.failed) == (3, (1, 3))
    assert Stage(tmp_path, expect=None).player.ledger().failed == (1, 3)
