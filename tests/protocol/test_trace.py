"""The arithmetic of trace stamps."""

from hypothesis import given
from hypothesis import strategies as st

from voicectl.protocol.trace import Hop, Trace, wires


def test_a_hop_waits_until_it_begins_and_works_until_it_sends() -> None:
    """Received at 10, begun at 30, sent at 100."""
    hop = Hop(stage="translator", received=10, begun=30, sent=100)
    assert (hop.waiting, hop.working) == (20, 70)


def test_time_held_back_counts_as_waiting() -> None:
    """The parser holds a sentence for the window; that is not its work."""
    hop = Hop(stage="parser", received=10, begun=30, sent=100, held=60)
    assert (hop.waiting, hop.working) == (80, 10)


def test_wires_lie_between_the_hops() -> None:
    """The first wire begins at the arrival in feed."""
    trace = Trace(arrived=100, hops=(Hop(stage="parser", received=107, begun=108, sent=120),))
    trace = trace.plus(Hop(stage="translator", received=131, begun=131, sent=150))
    assert wires(trace) == {"parser": 7, "translator": 11}


def test_a_trace_without_hops_has_no_wires() -> None:
    """Nothing was on its way."""
    assert wires(Trace(arrived=5)) == {}


def test_plus_leaves_the_trace_it_extends_alone() -> None:
    """A sentence that is sent again must not carry the hops of its first way."""
    trace = Trace(arrived=1, written=0)
    longer = trace.plus(Hop(stage="parser", received=2, begun=3, sent=4))
    assert trace.hops == ()
    assert (longer.arrived, longer.written, len(longer.hops)) == (1, 0, 1)


@given(st.lists(st.tuples(*[st.integers(0, 10**12)] * 3, st.integers(0, 1000)), max_size=5), st.integers(0, 10**12))
def test_waiting_working_and_wire_add_up_to_the_whole_way(steps: list[tuple[int, ...]], arrived: int) -> None:
    """Nothing between the arrival and the last sending is counted twice or left out."""
    trace, now = Trace(arrived=arrived), arrived
    for stage, (wire, waiting, working, held) in enumerate(steps):
        received, begun = now + wire, now + wire + waiting
        now = begun + working + held
        trace = trace.plus(Hop(stage=str(stage), received=received, begun=begun, sent=now, held=held))
    parts = sum(hop.waiting + hop.working for hop in trace.hops) + sum(wires(trace).values())
    assert parts == now - arrived
