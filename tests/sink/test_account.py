"""What is believed of a device's latency while its own account settles."""

from hypothesis import given
from hypothesis import strategies as st

from voicectl.actors.sink.portaudio import SETTLE_NS, Account

RATE = 48_000
MS = 1_000_000


def test_a_buffer_that_is_filled_in_one_go_is_not_taken_for_played() -> None:
    """Four blocks of 25 ms within 3 ms: the fifth is heard when four have been, whatever is reported."""
    account = Account(RATE, started=0)
    assert [account.latency(10 * MS, 1200, now) for now in (0, MS, 2 * MS, 3 * MS)] == [
        10 * MS,
        24 * MS,
        48 * MS,
        72 * MS,
    ]
    assert account.latency(10 * MS, 1200, 28 * MS) == 72 * MS


def test_a_longer_latency_that_is_reported_is_believed() -> None:
    """The bound is only a lower one."""
    assert Account(RATE, started=0).latency(90 * MS, 1200, 0) == 90 * MS


@given(st.integers(1, 1000))
def test_a_device_whose_clock_is_faster_is_believed_once_it_has_settled(ppm: int) -> None:
    """Else the difference would add up, to seconds in a day."""
    account = Account(RATE, started=0)
    block_ns = 1_000_000_000 * 1200 * 1_000_000 // (RATE * (1_000_000 + ppm))
    latencies = [account.latency(50 * MS, 1200, number * block_ns) for number in range(2 * SETTLE_NS // (25 * MS))]
    assert max(latencies) == latencies[-1] == 50 * MS
