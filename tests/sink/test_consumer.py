"""What the audio callback does with the ring."""

import numpy as np
from sink_parts import NS, RATE, speech

from voicectl.actors.sink.consumer import Consumer, Stamp
from voicectl.actors.sink.ring import Ring


def consumer(record: object = None) -> tuple[Ring, Consumer]:
    """Return a ring and what empties it."""
    ring = Ring(RATE)
    return ring, Consumer(ring, RATE, record)  # type: ignore[arg-type]


def test_running_dry_in_an_utterance_is_one_underrun_and_fades() -> None:
    """The last level decays to silence, the samples after the gap fade in, and none is lost or counted twice."""
    ring, mouth = consumer()
    mouth.busy = True
    ring.write(np.full(100, 8000, np.int16))
    out = np.zeros(400, np.int16)
    assert mouth.fill(out, NS, 0) == 100
    assert np.all(out[:100] == 8000)
    tail = out[100:140].astype(int)
    assert tail[0] > 7000
    assert np.all(np.diff(tail) < 0)
    assert not out[140:].any()
    mouth.fill(out, NS, 0)
    assert mouth.underruns == 1
    ring.write(np.full(400, 8000, np.int16))
    mouth.fill(out, NS, 0)
    assert out[0] == 0
    assert np.all(out[40:] == 8000)
    mouth.fill(out, NS, 0)
    assert mouth.underruns == 2


def test_running_dry_at_an_utterances_end_is_no_underrun() -> None:
    """Silence between utterances is not counted, and what follows is not faded."""
    ring, mouth = consumer()
    mouth.busy = True
    ring.write(speech(1, 100))
    mouth.busy = False
    out = np.zeros(400, np.int16)
    mouth.fill(out, NS, 0)
    mouth.fill(out, NS, 0)
    assert mouth.underruns == 0
    ring.write(speech(2, 400))
    mouth.fill(out, NS, 0)
    assert np.array_equal(out, speech(2, 400))


def test_paused_it_is_silent_and_takes_nothing() -> None:
    """After the pause the next sample is the one that was due before it."""
    ring, mouth = consumer()
    ring.write(speech(1, 1000))
    out = np.zeros(400, np.int16)
    mouth.fill(out, NS, 0)
    mouth.paused = True
    assert mouth.fill(out, NS, 0) == 0
    assert mouth.fill(out, NS, 0) == 0
    assert not out.any()
    assert ring.position == 400
    mouth.paused = False
    mouth.fill(out, NS, 0)
    assert np.array_equal(out[40:], speech(1, 1000)[440:800])


def test_every_sample_has_the_stamp_of_its_block() -> None:
    """A stamp is the block's time, and the latency grows with the place in the block."""
    ring, mouth = consumer()
    ring.write(speech(1, 1000))
    out = np.zeros(400, np.int16)
    mouth.fill(out, NS, 500)
    mouth.fill(out, 2 * NS, 600)
    assert mouth.stamp(0) == Stamp(NS, 500)
    assert mouth.stamp(399) == Stamp(NS, 500 + 399 * NS // RATE)
    assert mouth.stamp(400) == Stamp(2 * NS, 600)
    assert mouth.stamp(800) is None


def test_the_callback_puts_its_position_on_record() -> None:
    """Every block that took samples is recorded, silence is not."""
    record: list[tuple[int, int]] = []
    ring, mouth = consumer(lambda position, latency: record.append((position, latency)))
    ring.write(speech(1, 500))
    out = np.zeros(400, np.int16)
    for _ in range(4):
        mouth.fill(out, NS, 7)
    assert record == [(400, 7), (500, 7)]


def test_what_the_device_dropped_comes_again() -> None:
    """Of 200 ms that were taken, the device had played 100 when it was silenced: the rest follows."""
    record: list[tuple[int, int]] = []
    ring = Ring(RATE, history=RATE // 2)
    mouth = Consumer(ring, RATE, lambda position, latency: record.append((position, latency)))
    ring.write(speech(1, 4000))
    out = np.zeros(1600, np.int16)
    mouth.fill(out, NS, 100_000_000)
    mouth.rewind(NS + 200_000_000)
    assert ring.position == 800
    assert record[-1] == (800, 0)
    mouth.fill(out, NS, 0)
    assert np.array_equal(out[40:], speech(1, 4000)[840:2400])


def test_what_was_heard_long_ago_does_not_come_again() -> None:
    """Going back is by what is still unheard, not by the latency."""
    ring = Ring(RATE, history=RATE // 2)
    mouth = Consumer(ring, RATE)
    ring.write(speech(1, 800))
    mouth.fill(np.zeros(1600, np.int16), NS, 100_000_000)
    mouth.rewind(2 * NS)
    assert ring.position == 800


def test_a_gap_that_the_device_made_counts_in_speech_only() -> None:
    """PortAudio reports an underflow also after silence, where nobody hears it."""
    ring, mouth = consumer()
    mouth.fill(np.zeros(400, np.int16), NS, 0)
    mouth.lapse()
    assert mouth.underruns == 0
    ring.write(speech(1, 400))
    mouth.fill(np.zeros(400, np.int16), NS, 0)
    mouth.lapse()
    assert mouth.underruns == 1
