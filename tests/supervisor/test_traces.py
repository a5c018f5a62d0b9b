"""The record of the last minutes."""

from voicectl.protocol.message import Utterance
from voicectl.protocol.speaking import Receipt
from voicectl.protocol.trace import Trace
from voicectl.supervisor.traces import Traces


def receipt(play: int, state: str, first_sample: int = 0) -> Receipt:
    """A receipt of the sink."""
    who = Utterance(session="s", seq=play, play=play, epoch=0)
    return Receipt(utterance=who, state=state, first_sample=first_sample, trace=Trace(arrived=1))  # type: ignore[arg-type]


def kept(traces: Traces) -> list[tuple[int, int]]:
    """Play number and end of every utterance that is kept."""
    return [(each.receipt.utterance.play, each.ended) for each in traces.record(99, 0.0).utterances]


def test_an_utterance_ends_with_its_spoken_receipt() -> None:
    """The end is that of the receipt; what still sounds has none."""
    traces = Traces()
    traces.add(receipt(1, "speaking"), 10)
    traces.add(receipt(1, "spoken"), 20)
    traces.add(receipt(2, "speaking"), 30)
    assert kept(traces) == [(1, 20), (2, 0)]


def test_a_stop_ends_what_sounds() -> None:
    """A cut sentence gets no receipt: the cut is its end, and a later one does not move it."""
    traces = Traces()
    traces.add(receipt(1, "speaking"), 10)
    traces.cut(15)
    traces.cut(40)
    assert kept(traces) == [(1, 15)]


def test_a_sentence_that_is_begun_twice_is_kept_once() -> None:
    """A sink that was restarted says again that it speaks; the first time counts."""
    traces = Traces()
    traces.add(receipt(1, "speaking", first_sample=5), 10)
    traces.add(receipt(1, "speaking", first_sample=50), 60)
    traces.add(receipt(1, "spoken"), 70)
    record = traces.record(99, 0.0)
    assert [(each.receipt.first_sample, each.ended) for each in record.utterances] == [(5, 70)]


def test_a_tombstone_that_was_never_heard_leaves_no_utterance() -> None:
    """Only what was begun is kept."""
    traces = Traces()
    traces.add(receipt(1, "failed"), 10)
    assert kept(traces) == []


def test_memory_is_bounded_by_the_oldest_going() -> None:
    """The newest utterances and instants stay."""
    traces = Traces(utterances=3, instants=2)
    for play in range(1, 11):
        traces.add(receipt(play, "speaking"), play)
        traces.add(receipt(play, "spoken"), play)
        traces.happened("sink", f"sink.{play} started", play)
    record = traces.record(99, 0.0)
    assert [each.receipt.utterance.play for each in record.utterances] == [8, 9, 10]
    assert [each.text for each in record.instants] == ["sink.9 started", "sink.10 started"]
