"""The ring between the sink and the audio callback."""

import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicectl.actors.sink.ring import Ring


@given(st.integers(1, 50), st.lists(st.tuples(st.sampled_from(["write", "take", "drop"]), st.integers(0, 70))))
def test_samples_come_out_once_and_in_order(capacity: int, steps: list[tuple[str, int]]) -> None:
    """Whatever the order of writes, takes and drops: the ring behaves as a queue of bounded length."""
    ring = Ring(capacity)
    queue: list[int] = []
    number = 0
    untaken = 0
    for step, count in steps:
        if step == "write":
            samples = np.arange(number, number + count).astype(np.int16)
            written = ring.write(samples)
            assert written == min(count, capacity - untaken)
            queue += samples[:written].tolist()
            number += written
            untaken += written
        elif step == "take":
            out = np.full(count, -1, np.int16)
            taken = ring.take(out)
            assert out[:taken].tolist() == queue[:taken]
            assert taken == min(count, len(queue))
            del queue[:taken]
            untaken = len(queue)
        else:
            ring.drop()
            queue.clear()
        assert ring.written - ring.position == len(queue)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_the_consumer_can_go_back_by_the_history(taken: int, more: int, back: int) -> None:
    """However full the ring was written meanwhile, what was taken last is still there."""
    ring = Ring(60, history=20)
    source = np.arange(200).astype(np.int16)
    ring.write(source[:60])
    out = np.zeros(60, np.int16)
    ring.take(out[:taken])
    more = ring.write(source[60 : 60 + more])
    ring.rewind(back)
    begin = ring.position
    assert begin == taken - min(back, 20, taken)
    ring.write(source[60 + more :])
    count = ring.take(out)
    assert count == 60
    assert np.array_equal(out[:count], source[begin : begin + count])


def test_going_back_never_brings_dropped_samples() -> None:
    """A flush is final."""
    ring = Ring(60, history=20)
    ring.write(np.arange(30).astype(np.int16))
    out = np.zeros(10, np.int16)
    ring.take(out)
    ring.drop()
    ring.take(out)
    ring.rewind(20)
    assert ring.take(out) == 0


def test_a_limit_stops_the_consumer_in_front_of_a_sample() -> None:
    """Nothing at or behind the limit is taken, however much is there."""
    ring = Ring(100)
    ring.write(np.arange(80).astype(np.int16))
    ring.stop_at(30)
    out = np.zeros(50, np.int16)
    assert ring.take(out) == 30
    assert ring.stopped
    assert ring.take(out) == 0


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Let threads change places every few bytecodes."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("quick_switches")
def test_two_threads_pass_every_sample() -> None:
    """Producer and consumer run at once; the sequence arrives whole."""
    ring, total = Ring(97), 20_000
    source = np.arange(total).astype(np.int16)
    received: list[np.ndarray] = []

    def consume() -> None:
        out, taken = np.zeros(41, np.int16), 0
        while taken < total:
            count = ring.take(out)
            received.append(out[:count].copy())
            taken += count

    thread = threading.Thread(target=consume)
    thread.start()
    written = 0
    while written < total:
        written += ring.write(source[written : written + 53])
    thread.join()
    assert np.array_equal(np.concatenate(received), source)
