"""The order of play, and each utterance once."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_parts import MS, NS, RATE, Stage, speech, tombstone
from sink_parts import settings as sink_settings

from voicectl.protocol.speaking import Expect
from voicectl.protocol.supervising import Cancel


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Return a player that expects play number 1 and an output that does not wait."""
    return Stage(tmp_path)


def test_utterances_join_without_a_gap_in_order_of_play(stage: Stage) -> None:
    """What arrives as 3, 1, 2 is heard as 1, 2, 3, sample by sample."""
    for play in (3, 1, 2):
        stage.say(play, speech(play), chunks=3)
        stage.run()
    assert np.array_equal(stage.output.heard, np.concatenate([speech(1), speech(2), speech(3)]))
    assert stage.states("spoken") == [(1, "spoken"), (2, "spoken"), (3, "spoken")]


def test_a_hole_is_waited_for(stage: Stage) -> None:
    """Behind a missing number nothing is heard until it or its tombstone comes."""
    stage.say(2, speech(2))
    stage.run()
    assert len(stage.output.heard) == 0
    stage.player.bury(tombstone(1, "quarantined"))
    stage.run()
    assert np.array_equal(stage.output.heard, speech(2))
    assert stage.states() == [(1, "quarantined"), (2, "speaking"), (2, "spoken")]


def test_a_tombstone_settles_when_its_turn_comes(tmp_path: Path) -> None:
    """It waits until the utterance before it was heard to its end."""
    stage = Stage(tmp_path, realtime=True)
    stage.say(1, speech(1, RATE))
    stage.player.bury(tombstone(2))
    stage.after(900)
    assert stage.states() == [(1, "speaking")]
    stage.after(200)
    assert stage.states() == [(1, "speaking"), (1, "spoken"), (2, "failed")]


def test_nothing_is_heard_before_the_parser_says_where_to_begin(tmp_path: Path) -> None:
    """Speech waits for ``Expect``, which also drops what is already settled."""
    stage = Stage(tmp_path, expect=None)
    stage.say(4, speech(4))
    stage.say(5, speech(5))
    stage.run()
    assert len(stage.output.heard) == 0
    stage.player.expect(Expect(play=5, epoch=0))
    stage.run()
    assert np.array_equal(stage.output.heard, speech(5))


def test_a_repeat_is_not_heard(stage: Stage) -> None:
    """A settled number, a complete utterance and a chunk that is here are dropped and counted."""
    stage.say(1, speech(1))
    stage.run()
    stage.say(1, speech(1))
    stage.say(3, speech(3))
    stage.say(3, speech(3), sender="synthesizer.2")
    stage.chunk(2, 0, speech(2)[:1000])
    stage.chunk(2, 1, speech(2)[1000:2000])
    stage.chunk(2, 1, speech(2)[1000:2000])
    stage.chunk(2, 2, speech(2)[2000:], last=True)
    stage.run()
    assert np.array_equal(stage.output.heard, np.concatenate([speech(1), speech(2), speech(3)]))
    assert stage.player.counters["duplicates"] == 3


def test_a_late_expect_does_not_turn_the_player_back(stage: Stage) -> None:
    """An answer to an older ledger comes after the sink has gone on: nothing is said twice."""
    stage.say(1, speech(1))
    stage.run()
    stage.player.expect(Expect(play=1, epoch=0))
    stage.say(1, speech(1))
    stage.run()
    assert np.array_equal(stage.output.heard, speech(1))


@given(first=st.lists(st.integers(0, 4000), max_size=4), second=st.lists(st.integers(0, 4000), max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_restarted_synthesizer_goes_on_at_the_very_sample(
    tmp_path_factory: pytest.TempPathFactory, first: list[int], second: list[int]
) -> None:
    """However the two runs cut their chunks, the utterance is heard once and whole."""
    stage = Stage(tmp_path_factory.mktemp("run"))
    pcm = speech(1)
    for index, part in enumerate(np.split(pcm, sorted(first))[:-1] or [pcm[:10]]):
        stage.chunk(1, index, part, sender="synthesizer.1")
        stage.run()
    parts = np.split(pcm, sorted(second))
    for index, part in enumerate(parts):
        stage.chunk(1, index, part, index == len(parts) - 1, sender="synthesizer.2")
        stage.run()
    assert np.array_equal(stage.output.heard, pcm)
    assert stage.states() == [(1, "speaking"), (1, "spoken")]


def test_chunks_of_a_dead_synthesizer_do_not_mix_with_its_successors(stage: Stage) -> None:
    """What is still on its way from the old incarnation is dropped once the new one has begun."""
    pcm = speech(1)
    stage.chunk(1, 0, pcm[:1000], sender="synthesizer.1")
    stage.chunk(1, 0, pcm[:500], sender="synthesizer.2")
    stage.chunk(1, 1, pcm[1000:2000], sender="synthesizer.1")
    stage.chunk(1, 1, pcm[500:], last=True, sender="synthesizer.2")
    stage.run()
    assert np.array_equal(stage.output.heard, pcm)


def test_another_voice_begins_the_sentence_again(stage: Stage) -> None:
    """Samples of two voices are not spliced by counting; the repeat is counted."""
    stage.chunk(1, 0, speech(1)[:1000], sender="synthesizer.1")
    stage.run()
    stage.say(1, speech(9), sender="synthesizer.2", voice="other")
    stage.run()
    assert np.array_equal(stage.output.heard, np.concatenate([speech(1)[:1000], speech(9)]))
    assert stage.player.counters["restarted"] == 1


def test_a_sentence_that_fails_half_way_is_heard_as_far_as_it_came(stage: Stage) -> None:
    """Its tombstone ends it; the next one follows."""
    stage.chunk(1, 0, speech(1)[:1000])
    stage.run()
    stage.player.bury(tombstone(1))
    stage.say(2, speech(2))
    stage.run()
    assert np.array_equal(stage.output.heard, np.concatenate([speech(1)[:1000], speech(2)]))
    assert stage.states() == [(1, "speaking"), (1, "failed"), (2, "speaking"), (2, "spoken")]


def test_an_utterance_without_a_sample_is_spoken_at_once(stage: Stage) -> None:
    """Text with nothing to pronounce settles and holds nobody up."""
    stage.chunk(1, 0, speech(1, 0), last=True)
    stage.say(2, speech(2))
    stage.run()
    assert stage.states() == [(1, "speaking"), (1, "spoken"), (2, "speaking"), (2, "spoken")]


def test_pauses_stand_between_utterances_only(tmp_path: Path) -> None:
    """The pause of an utterance follows it, none comes before the first or after the last."""
    stage = Stage(tmp_path, sink_settings(pause_ms=100))
    stage.say(1, speech(1), pause="clause")
    stage.say(2, speech(2), pause="paragraph")
    stage.say(3, speech(3))
    stage.run()
    clause, paragraph = np.zeros(RATE // 10, np.int16), np.zeros(3 * RATE // 10, np.int16)
    assert np.array_equal(stage.output.heard, np.concatenate([speech(1), clause, speech(2), paragraph, speech(3)]))


def test_silence_that_has_passed_counts_as_pause(tmp_path: Path) -> None:
    """In real time, an utterance that comes late waits only for the rest of the pause, or not at all."""
    stage = Stage(tmp_path, sink_settings(pause_ms=100), realtime=True)
    stage.say(1, speech(1, 800))
    stage.after(300)
    stage.say(2, speech(2, 800))
    stage.after(100)
    stage.say(3, speech(3, 800))
    stage.after(800)
    begun = {receipt.utterance.play: receipt for receipt in stage.receipts if receipt.state == "speaking"}
    assert begun[2].first_sample - begun[1].first_sample <= 310 * MS
    assert 280 * MS <= begun[3].first_sample - begun[2].first_sample <= 330 * MS
    hop = begun[3].trace.hops[-1]
    assert hop.held > 100 * MS
    assert hop.working <= 20 * MS


def test_receipts_carry_stamps_and_the_sinks_own_hop(tmp_path: Path) -> None:
    """Received is the arrival of chunk 0, begun its turn, sent the hand-over of the first sample."""
    stage = Stage(tmp_path, realtime=True)
    received = stage.now
    stage.say(1, speech(1, RATE))
    stage.say(2, speech(2, RATE))
    stage.after(2200)
    first, second = (r for r in stage.receipts if r.state == "speaking")
    assert first.trace.hops[-1].received == received
    assert first.trace.hops[-1].begun == received
    assert first.first_sample == first.trace.hops[-1].sent
    assert second.trace.hops[-1].received == received
    assert abs(second.trace.hops[-1].waiting - NS) <= 20 * MS
    assert second.trace.hops[-1].working <= 20 * MS
    assert second.audio_ms == 1000
    assert (second.source, second.translation, second.synthesizer) == ("text 2", "text 2", "mei")


def test_all_pcm_here_is_reported_with_its_length(stage: Stage) -> None:
    """``buffered`` comes with the last chunk, and again for a repeat: whoever repeats did not hear it."""
    stage.say(2, speech(2), chunks=2)
    stage.say(2, speech(2), chunks=2)
    stage.run()
    assert [(r.utterance.play, r.audio_ms) for r in stage.receipts] == [(2, 500.0), (2, 500.0)]
    assert stage.player.ledger().buffered == (2,)


def test_a_cancel_is_silence_at_once_and_a_new_epoch(tmp_path: Path) -> None:
    """Nothing of the old epoch is heard any more, neither what was here nor what still comes."""
    stage = Stage(tmp_path, realtime=True)
    stage.say(1, speech(1, RATE))
    stage.say(2, speech(2, RATE))
    stage.after(500)
    heard = len(stage.output.heard)
    stage.player.cancel(Cancel(action="skip", count=1), stage.now)
    cancelled = stage.player.cancels[-1]
    assert (cancelled.epoch, cancelled.heard, cancelled.action) == (1, 1, "skip")
    stage.say(3, speech(3, RATE))
    stage.after(500)
    assert len(stage.output.heard) == heard
    stage.player.expect(Expect(play=4, epoch=1))
    assert stage.player.cancels == []
    stage.say(4, speech(2, RATE), epoch=1)
    stage.after(1100)
    assert np.array_equal(stage.output.heard[heard:], speech(2, RATE))


def test_what_came_before_its_epoch_was_announced_is_kept(stage: Stage) -> None:
    """Speech takes another way than ``Expect`` and may overtake it."""
    stage.say(1, speech(1))
    stage.say(5, speech(5), epoch=1)
    stage.player.expect(Expect(play=5, epoch=1))
    stage.run()
    assert np.array_equal(stage.output.heard, speech(5))


def test_a_cancel_between_two_utterances_heard_nobody(stage: Stage) -> None:
    """What was spoken to its end is settled as spoken, not as cancelled."""
    stage.say(1, speech(1))
    stage.run()
    stage.player.cancel(Cancel(action="stop"), stage.now)
    assert stage.player.cancels[-1].heard == 0
    assert stage.player.ledger().settled == 1


def test_a_yield_waits_for_the_end_of_the_sentence(tmp_path: Path) -> None:
    """The sentence that is spoken is heard whole, the next one is not begun; then the new epoch is played."""
    stage = Stage(tmp_path, realtime=True)
    stage.say(1, speech(1, RATE))
    stage.say(2, speech(2, RATE))
    stage.after(500)
    stage.player.cancel(Cancel(action="yield"), stage.now)
    assert stage.player.cancels == []
    stage.after(1000)
    cancelled = stage.player.cancels[-1]
    assert (cancelled.epoch, cancelled.settled, cancelled.heard, cancelled.action) == (1, 1, 0, "yield")
    stage.player.expect(Expect(play=3, epoch=1))
    stage.say(3, speech(3, RATE), epoch=1)
    stage.after(2000)
    heard = stage.output.heard.tobytes()
    assert heard.count(speech(1, RATE).tobytes()) == 1
    assert heard.count(speech(2, RATE).tobytes()) == 0
    assert heard.count(speech(3, RATE).tobytes()) == 1


def test_hold_stops_the_sound_and_goes_on_where_it_was(tmp_path: Path) -> None:
    """No sample is taken while held."""
    stage = Stage(tmp_path, realtime=True)
    stage.say(1, speech(1, RATE))
    stage.after(500)
    stage.player.hold(True)
    heard = len(stage.output.heard)
    stage.after(500)
    assert len(stage.output.heard) == heard
    stage.player.hold(False)
    stage.after(600)
    assert len(stage.output.heard) == RATE
    assert np.array_equal(stage.output.heard[heard + 40 :], speech(1, RATE)[heard + 40 :])


def test_a_drain_finishes_the_sentence_and_keeps_the_rest(tmp_path: Path) -> None:
    """Also when the next sentence lies in the ring already; the next sink knows where to go on."""
    stage = Stage(tmp_path, realtime=True)
    stage.say(1, speech(1, RATE))
    stage.say(2, speech(2, RATE))
    stage.after(500)
    stage.player.drain(stage.now)
    assert not stage.player.drained
    stage.after(700)
    assert stage.player.drained
    assert np.array_equal(stage.output.heard, speech(1, RATE))
    stage.progress.close()
    assert Stage(tmp_path, expect=None).player.ledger().settled == 1


def test_a_drain_waits_for_the_rest_of_the_sentence(tmp_path: Path) -> None:
    """A sentence whose end has not arrived yet is finished too."""
    stage = Stage(tmp_path, realtime=True)
    stage.chunk(1, 0, speech(1)[:2000])
    stage.after(100)
    stage.player.drain(stage.now)
    stage.after(500)
    assert not stage.player.drained
    stage.chunk(1, 1, speech(1)[2000:], last=True)
    stage.after(500)
    assert stage.player.drained
    assert len(stage.output.heard) == 4000


def test_another_rate_is_resampled_without_a_seam(tmp_path: Path) -> None:
    """A tone at half the output's rate, in many chunks, comes out as the same tone of the same length."""
    stage = Stage(tmp_path, sink_settings(sample_rate=2 * RATE))
    tone = (10000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.int16)
    stage.say(1, tone, chunks=17)
    stage.run()
    expected = 10000 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / (2 * RATE))
    assert len(stage.output.heard) == 2 * RATE
    assert np.abs(stage.output.heard - expected)[200:-200].max() < 50


def test_a_long_answer_streams_through_the_small_ring(stage: Stage) -> None:
    """Utterances longer than the ring are heard whole."""
    pcm = speech(1, 5 * RATE)
    stage.say(1, pcm, chunks=7)
    stage.run()
    assert np.array_equal(stage.output.heard, pcm)


def test_many_tombstones_in_a_row_are_stepped_over(stage: Stage) -> None:
    """Skipping a long text leaves hundreds of holes."""
    for play in range(1, 300):
        stage.player.bury(tombstone(play, "cancelled"))
    stage.say(300, speech(1))
    stage.run()
    assert np.array_equal(stage.output.heard, speech(1))
    assert len(stage.states("cancelled")) == 299


def test_an_utterance_that_begins_is_not_taken_for_an_interrupted_one(tmp_path: Path) -> None:
    """The callback runs all the time: one between the turn and the first sample counts no underrun."""
    stage = Stage(tmp_path, realtime=True)
    write = stage.output.write

    def write_late(samples: np.ndarray) -> int:
        stage.output.write = write  # type: ignore[method-assign]
        stage.output._consumer.fill(np.zeros(80, np.int16), stage.now, 0)
        return write(samples)

    stage.output.write = write_late  # type: ignore[method-assign]
    stage.chunk(1, 0, speech(1)[:2000])
    stage.run()
    assert stage.output.underruns == 0
    stage.output._consumer.fill(np.zeros(2080, np.int16), stage.now, 0)
    assert stage.output.underruns == 1
