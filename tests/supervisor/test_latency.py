"""The latency record against values that are known."""

import msgspec
import pytest

from voicectl.protocol.message import Utterance
from voicectl.protocol.speaking import Receipt
from voicectl.protocol.supervising import STAGES
from voicectl.protocol.trace import Hop, Trace
from voicectl.supervisor.latency import KINDS, Latency, Record

MS = 1_000_000
EMPTY = {"p50": None, "p90": None, "p99": None, "max": None, "count": 0}


def receipt(first: bool = True) -> Receipt:
    """Return a sentence's receipt; its hops are in milliseconds and add up to 180 from arrival to first sample."""
    hops = (
        Hop(stage="parser", received=101 * MS, begun=102 * MS, sent=114 * MS, held=10 * MS),
        Hop(stage="translator", received=115 * MS, begun=118 * MS, sent=168 * MS),
        Hop(stage="synthesizer", received=170 * MS, begun=170 * MS, sent=270 * MS),
        Hop(stage="sink", received=271 * MS, begun=271 * MS, sent=280 * MS),
    )
    return Receipt(
        utterance=Utterance(session="s", seq=1, play=1, epoch=0),
        state="speaking",
        first=first,
        first_sample=280 * MS,
        device_latency=40 * MS,
        trace=Trace(arrived=100 * MS, written=75 * MS, hops=hops),
    )


def test_quantiles_are_within_one_per_cent() -> None:
    """Of 1 to 1000 ms, as the sketch promises; the maximum is exact."""
    record = Record()
    for milliseconds in range(1, 1001):
        record.add(milliseconds * MS)
    summary = record.summary()
    for name, value in (("p50", 500), ("p90", 900), ("p99", 990)):
        assert summary[name] == pytest.approx(value, rel=0.02)
    assert (summary["max"], summary["count"]) == (1000.0, 1000)


def test_one_value_is_all_its_quantiles() -> None:
    """No quantile is larger than the maximum."""
    record = Record()
    record.add(1_234_567)
    summary = record.summary()
    assert summary["max"] == 1.235
    assert summary["p50"] == summary["p90"] == summary["p99"] == pytest.approx(1.2345, rel=0.02)
    assert summary["p99"] <= summary["max"]


def test_a_negative_duration_counts_as_none() -> None:
    """An estimate of the wire may be larger than the wire."""
    record = Record()
    record.add(-5 * MS)
    assert record.summary() == {"p50": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0, "count": 1}


def test_an_empty_record_has_no_quantiles() -> None:
    """Null in JSON, not 0: nothing was measured."""
    assert Record().summary() == EMPTY
    summary = Latency().summary()
    assert set(summary["hops"]) == set(STAGES)
    assert all(summary["hops"][stage][kind] == EMPTY for stage in STAGES for kind in KINDS)
    assert summary["ttfa"] == EMPTY
    assert msgspec.json.encode(summary)


def test_every_hop_is_recorded_by_kind() -> None:
    """Waiting, working, on the wire; what the parser held back is waiting."""
    latency = Latency()
    latency.add(receipt())
    found = {stage: [round(kinds[kind]["max"]) for kind in KINDS] for stage, kinds in latency.summary()["hops"].items()}
    assert found == {
        "parser": [11, 2, 1],
        "translator": [3, 50, 1],
        "synthesizer": [0, 100, 2],
        "sink": [0, 9, 1],
    }


def test_the_time_to_first_audio_and_what_stands_beside_it() -> None:
    """From the arrival to the first sample; the wait for certainty and the device are columns of their own."""
    latency = Latency()
    latency.add(receipt())
    summary = latency.summary()
    assert summary["ttfa"]["max"] == 180.0
    assert summary["machinery"]["max"] == 30.0
    assert summary["certainty"]["max"] == 25.0
    assert summary["device"]["max"] == 40.0


def test_later_sentences_are_kept_apart() -> None:
    """They wait for the sentences before them: that is not the latency that a listener feels."""
    latency = Latency()
    latency.add(receipt(first=False))
    summary = latency.summary()
    assert summary["ttfa"] == summary["machinery"] == EMPTY
    assert summary["ttfa_later"]["count"] == 1


def test_a_receipt_without_a_trace_is_left_out() -> None:
    """A tombstone has none."""
    latency = Latency()
    latency.add(msgspec.structs.replace(receipt(), trace=None))
    assert latency.summary()["ttfa"] == EMPTY


def test_a_hop_of_a_stage_that_is_not_ours_is_left_out() -> None:
    """Somebody else's stage in between must not end the supervisor."""
    ours = receipt()
    assert ours.trace
    trace = ours.trace.plus(Hop(stage="equalizer", received=0, begun=0, sent=0))
    latency = Latency()
    latency.add(msgspec.structs.replace(ours, trace=trace))
    assert set(latency.summary()["hops"]) == set(STAGES)
    assert latency.summary()["ttfa"]["count"] == 1
