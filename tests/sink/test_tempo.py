"""Speed and volume act on what is already in the ring; every sample of the speech is heard once, in order."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_parts import MS, NS, Samples, Stage, speech
from sink_parts import settings as sink_settings

from voicectl.actors.sink.consumer import Consumer
from voicectl.actors.sink.reader import Reader
from voicectl.actors.sink.ring import Ring
from voicectl.protocol.speaking import Expect
from voicectl.protocol.supervising import Cancel

RATE = 16_000
LOW, RISE = 200.0, 250.0
"""A sweep begins at LOW Hz and rises by RISE Hz a second, so that its pitch says which place of it is heard."""
NEAR_S = 0.1
SPEEDS = st.sampled_from([0.5, 0.8, 1.0, 1.3, 1.5, 2.0, 3.0])


def sweep(seconds: float) -> Samples:
    """Return speech of which every place can be told by its pitch."""
    t = np.arange(int(seconds * RATE)) / RATE
    fade = np.clip((seconds - t) / 0.05, 0, 1)
    return (8000 * fade * np.sin(2 * np.pi * (LOW * t + RISE * t**2 / 2))).astype(np.int16)


def places(sound: Samples, window: int = RATE // 25) -> np.ndarray:
    """Return which second of the sweep is heard in each window of a sound."""
    found = []
    for block in sound[: len(sound) // window * window].reshape(-1, window).astype(float):
        signs = np.signbit(block)
        at = np.flatnonzero(signs[1:] != signs[:-1])
        exact = at + block[at] / (block[at] - block[at + 1])
        pitch = RATE / (2 * np.mean(np.diff(exact)))
        found.append((pitch - LOW) / RISE)
    return np.array(found)


class Listener:
    """A ring with a sweep of ``seconds`` in it, and a consumer that a test asks for sound."""

    def __init__(self, seconds: float) -> None:
        self.ring = Ring(int(seconds * RATE), history=RATE)
        self.consumer = Consumer(self.ring, RATE)
        self.ring.write(sweep(seconds))
        self.now = NS
        self.sound: list[Samples] = []

    def hear(self, samples: int) -> int:
        """Take so much sound in blocks of 10 ms; return how much of it was speech."""
        heard = 0
        for start in range(0, samples, RATE // 100):
            out = np.zeros(min(RATE // 100, samples - start), np.int16)
            count = self.consumer.fill(out, self.now, 0)
            self.now += len(out) * NS // RATE
            self.sound.append(out[:count])
            heard += count
        return heard

    def hear_all(self) -> Samples:
        """Take all that is left; return everything that was heard."""
        while self.hear(RATE // 10):
            pass
        return np.concatenate(self.sound)


@given(changes=st.lists(st.tuples(SPEEDS, st.integers(0, RATE)), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_changes_of_speed_lose_and_repeat_nothing(changes: list[tuple[float, int]]) -> None:
    """The places that are heard only rise, leave nothing out, and are those that are on record; no join clicks."""
    listener = Listener(4)
    recorded = []
    for speed, samples in changes:
        listener.consumer.speed = speed
        for _ in range(samples // 640):
            listener.hear(640)
            recorded.append(listener.consumer.position / RATE)
    sound = listener.hear_all()
    assert listener.consumer.position == 4 * RATE
    heard = places(sound)
    fastest = max(speed for speed, _ in changes)
    steps = np.diff(np.concatenate([[0.0], heard, [4.0]]))
    assert steps.max() < 0.04 * max(1.0, fastest) + NEAR_S
    assert steps.min() > -NEAR_S
    count = min(len(recorded), len(heard))
    assert np.abs(np.array(recorded[:count]) - heard[:count]).max(initial=0.0) < NEAR_S
    assert np.abs(np.diff(sound.astype(int), 2)).max() < 2500


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0, 3.0])
def test_at_another_speed_it_takes_so_much_less_time_and_the_pitch_stays(speed: float) -> None:
    """A tone of 200 Hz at any speed is one of 200 Hz."""
    listener = Listener(0)
    tone = (8000 * np.sin(2 * np.pi * 200 * np.arange(3 * RATE) / RATE)).astype(np.int16)
    listener.ring = Ring(3 * RATE)
    listener.consumer = Consumer(listener.ring, RATE)
    listener.consumer.speed = speed
    listener.ring.write(tone)
    sound = listener.hear_all()
    assert len(sound) == pytest.approx(3 * RATE / speed, rel=0.03)
    assert places(sound)[1:-2] * RISE + LOW == pytest.approx(200, abs=2)


def test_at_normal_speed_the_samples_are_the_very_same_also_after_another_one() -> None:
    """What follows a passage at another speed joins it without a seam and is bit-exact."""
    listener = Listener(4)
    listener.consumer.speed = 1.5
    listener.hear(RATE)
    listener.consumer.speed = 1.0
    listener.hear(RATE * 3 // 2)
    position = listener.consumer.position
    sound = np.concatenate(listener.sound)
    assert np.array_equal(sound[-RATE // 2 :], sweep(4)[position - RATE // 2 : position])
    assert np.abs(np.diff(sound.astype(int), 2)).max() < 2500


@pytest.mark.parametrize(("before", "after"), [(1.0, 2.0), (2.0, 1.0), (0.5, 3.0), (3.0, 0.5)])
def test_a_change_is_heard_within_100_ms(before: float, after: float) -> None:
    """Behind it the places rise at the new speed, though seconds of speech were in the ring."""
    listener = Listener(6)
    listener.consumer.speed = before
    listener.hear(RATE)
    listener.consumer.speed = after
    begun = listener.consumer.position
    listener.hear(RATE // 10)
    changed = listener.consumer.position
    listener.hear(RATE // 2)
    assert (listener.consumer.position - changed) / RATE == pytest.approx(after / 2, abs=0.07)
    assert (changed - begun) / RATE < 0.1 * max(before, after) + 0.06


def test_every_sample_of_a_sentence_is_over_when_its_end_is_reported() -> None:
    """The position reaches the end with the last sound and not before, though the tempo looks ahead."""
    listener = Listener(1)
    listener.consumer.speed = 2.0
    while listener.consumer.position < RATE:
        assert listener.hear(80) > 0
    assert listener.hear(80) == 0


def test_a_voice_that_is_late_is_waited_for_in_the_middle_of_a_period() -> None:
    """While an utterance is not whole, what the tempo holds back is not flushed: the parts join as one."""
    listener = Listener(2)
    whole = sweep(2)
    listener.ring = Ring(2 * RATE)
    listener.consumer = Consumer(listener.ring, RATE)
    listener.consumer.patient = listener.consumer.busy = True
    listener.consumer.speed = 1.5
    for part in np.array_split(whole, 7):
        listener.ring.write(part)
        listener.hear(RATE)
    listener.consumer.busy = False
    pieces = listener.hear_all()
    other = Listener(2)
    other.consumer.speed = 1.5
    assert np.array_equal(pieces, other.hear_all())
    assert listener.consumer.underruns == 0


def test_a_drop_forgets_what_the_tempo_held() -> None:
    """Behind it only new speech is heard."""
    listener = Listener(1)
    listener.consumer.speed = 2.0
    listener.hear(1600)
    listener.ring.drop()
    listener.sound.clear()
    listener.ring.write(sweep(4)[3 * RATE :])
    assert places(listener.hear_all()).min() > 2.9


def test_what_a_device_dropped_comes_again_at_the_new_speed() -> None:
    """Of 300 ms at double speed it had played 100: it goes on at the place that was heard last."""
    listener = Listener(3)
    listener.consumer.speed = 2.0
    out = np.zeros(RATE * 3 // 10, np.int16)
    listener.consumer.fill(out, NS, 0)
    listener.consumer.rewind(NS + 100 * MS)
    assert listener.consumer.position / RATE == pytest.approx(0.2, abs=0.07)
    listener.consumer.speed = 1.0
    listener.hear(RATE)
    assert places(np.concatenate(listener.sound))[2] == pytest.approx(0.3, abs=NEAR_S)


def test_the_reader_stops_where_it_was_told() -> None:
    """Nothing behind the place given to ``stop_at`` is heard, also what the tempo has looked at already."""
    ring = Ring(RATE)
    ring.write(sweep(1))
    reader = Reader(ring, RATE)
    reader.prepare()
    reader.speed = 2.0
    reader.take(np.zeros(800, np.int16), last=False)
    ring.stop_at(reader.position)
    assert reader.take(np.zeros(800, np.int16), last=True) == 0


def test_the_place_on_record_does_not_drift_in_a_long_answer() -> None:
    """Sonic counts in whole periods, so that what came out times the speed is not what went in."""
    ring = Ring(60 * RATE)
    ring.write((8000 * np.sin(2 * np.pi * 187 * np.arange(60 * RATE) / RATE)).astype(np.int16))
    consumer = Consumer(ring, RATE)
    consumer.speed = 3.0
    out = np.zeros(RATE // 50, np.int16)
    ahead = []
    while consumer.fill(out, NS, 0):
        ahead.append((ring.taken - consumer.position) / RATE)
    assert len(ahead) == pytest.approx(1000, rel=0.02)
    assert max(ahead) < NEAR_S


def test_what_the_device_holds_is_on_record_as_speech() -> None:
    """At double speed 100 ms in the device are 200 ms of the sentence."""
    record: list[tuple[int, int]] = []
    ring = Ring(RATE)
    ring.write(sweep(1))
    consumer = Consumer(ring, RATE, lambda position, latency: record.append((position, latency)))
    consumer.speed = 2.0
    consumer.fill(np.zeros(1600, np.int16), NS, 100 * MS)
    assert record == [(consumer.position, 200 * MS)]


# -- volume ------------------------------------------------------------------------------------


def test_volume_changes_on_a_ramp_and_at_1_nothing_at_all() -> None:
    """Within 20 ms, without a click; a sample that would be too large stays at full scale."""
    ring = Ring(RATE)
    consumer = Consumer(ring, RATE)
    ring.write(np.full(RATE, 20_000, np.int16))
    out = np.zeros(RATE // 10, np.int16)
    consumer.fill(out, NS, 0)
    assert np.all(out == 20_000)
    consumer.volume = 0.5
    consumer.fill(out, NS, 0)
    assert np.abs(np.diff(out.astype(int))).max() < 100
    assert np.all(out[RATE // 50 :] == 10_000)
    consumer.volume = 2.0
    consumer.fill(out, NS, 0)
    assert out[-1] == 32767
    consumer.volume = 1.0
    consumer.fill(out, NS, 0)
    assert np.all(out[RATE // 50 :] == 20_000)


# -- the whole sink ----------------------------------------------------------------------------


def test_speed_and_volume_outlive_a_sink_but_can_be_set_anew(tmp_path: Path) -> None:
    """They are in the record of what was heard, beside the pause."""
    old = Stage(tmp_path)
    old.player.tune(1.5, None)
    old.player.tune(None, 0.5)
    assert (old.player.speed, old.player.volume) == (1.5, 0.5)
    assert (old.progress.heard.speed, old.progress.heard.volume) == (None, None)
    left = Stage(tmp_path).progress.heard
    assert (left.speed, left.volume) == (1.5, 0.5)


def test_haste_only_ever_speeds_up(tmp_path: Path) -> None:
    """The listener's own speed is kept under it, and comes back when the voice has caught up."""
    stage = Stage(tmp_path)
    stage.player.tune(1.3, None)
    for haste, speed in ((1.2, 1.3), (1.5, 1.5), (0.0, 1.3)):
        stage.player.hasten(haste)
        assert stage.player.speed == speed


def test_a_stretched_sentence_has_its_receipts_in_order_and_the_rest_follows_whole(tmp_path: Path) -> None:
    """Speaking and spoken, then the next sentence bit by bit at normal speed."""
    stage = Stage(tmp_path, realtime=True)
    stage.say(1, sweep(1), chunks=3, rate=RATE)
    stage.player.tune(2.0, None)
    stage.after(700)
    assert stage.states() == [(1, "speaking"), (1, "spoken")]
    stage.player.tune(1.0, None)
    heard = len(stage.output.heard)
    assert heard == pytest.approx(RATE / 2, rel=0.05)
    stage.say(2, speech(2, RATE), rate=RATE)
    stage.after(1200)
    assert np.array_equal(stage.output.heard[heard:], speech(2, RATE))


@given(
    speed=SPEEDS,
    deaths=st.lists(st.tuples(SPEEDS, st.integers(20, 900)), min_size=1, max_size=4),
    volume=st.sampled_from([1.0, 1.5]),
)
@settings(max_examples=20, deadline=None)
def test_a_death_at_any_speed_resumes_within_100_ms(
    tmp_path_factory: pytest.TempPathFactory, speed: float, deaths: list[tuple[float, int]], volume: float
) -> None:
    """Every incarnation begins at the place at which the last one was cut."""
    folder = tmp_path_factory.mktemp("run")
    last = 0.0
    for number, (change, milliseconds) in enumerate([(speed, 100), *deaths]):
        stage = Stage(folder, realtime=True, expect=None)
        stage.player.expect(Expect(play=1, epoch=0))
        if number == 0:
            stage.say(1, sweep(5), chunks=9, rate=RATE)
        stage.player.tune(change, volume)
        stage.after(milliseconds)
        heard = places(stage.output.heard)
        if len(heard) > 1 and last < 4.8:
            assert heard[0] == pytest.approx(last + 0.02 * change, abs=NEAR_S + 0.01)
        last = max(last, heard[-1] + 0.02 * change) if len(heard) else last


def test_a_cancel_at_another_speed_is_silence_at_once(tmp_path: Path) -> None:
    """What the tempo had looked at is not heard after it; the next epoch is."""
    stage = Stage(tmp_path, sink_settings(), realtime=True)
    stage.player.tune(0.5, None)
    stage.say(1, sweep(2), rate=RATE)
    stage.after(300)
    stage.player.cancel(Cancel(action="skip"), stage.now)
    heard = len(stage.output.heard)
    stage.after(200)
    assert len(stage.output.heard) == heard
    stage.player.tune(1.0, None)
    stage.player.expect(Expect(play=2, epoch=1))
    stage.say(2, speech(2, RATE), epoch=1, rate=RATE)
    stage.after(1200)
    assert np.array_equal(stage.output.heard[heard:], speech(2, RATE))
