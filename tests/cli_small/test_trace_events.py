"""The trace file against the Trace Event Format: what ui.perfetto.dev and chrome://tracing can show."""

import json
from itertools import pairwise
from typing import Any

from voicectl.cli.perfetto import trace_events
from voicectl.protocol.message import Utterance
from voicectl.protocol.speaking import Receipt
from voicectl.protocol.supervising import STAGES
from voicectl.protocol.trace import Hop, Trace
from voicectl.supervisor.traces import Instant, Traced, TraceRecord

MS = 1_000_000
REQUIRED = {
    "X": {"name", "cat", "ts", "dur", "pid", "tid"},
    "M": {"name", "pid", "args"},
    "i": {"name", "ts", "pid", "s"},
    "s": {"name", "cat", "id", "ts", "pid", "tid"},
    "f": {"name", "cat", "id", "ts", "pid", "tid", "bp"},
}
"""What the format asks of each phase that is used here."""

Event = dict[str, Any]


def traced(seq: int, at: int, held: int = 0, ended: int = 0, session: str = "work") -> Traced:
    """An utterance that arrives ``at`` ms; each stage waits 1 ms, works 10 ms, and the wire takes 1 ms."""
    hops, now = [], at * MS
    for stage in STAGES:
        received = now + MS
        extra = held * MS if stage == "parser" else 0
        now = received + 11 * MS + extra
        hops.append(Hop(stage=stage, received=received, begun=received + MS, sent=now, held=extra))
    who = Utterance(session=session, seq=seq, play=seq, epoch=0)
    trace = Trace(arrived=at * MS, written=(at - 3) * MS, hops=tuple(hops))
    receipt = Receipt(utterance=who, state="speaking", source="One.", translation="一", first_sample=now, trace=trace)
    return Traced(receipt=receipt, ended=ended * MS)


def record() -> TraceRecord:
    """Three utterances that overlap in every stage, the last still sounding, and a restart."""
    return TraceRecord(
        now=5000 * MS,
        clock=1_800_000_000.0,
        utterances=[traced(1, 100, ended=1000), traced(2, 102, held=40, ended=2000), traced(3, 104)],
        instants=[Instant(at=110 * MS, stage="translator", text="translator.2 started")],
    )


def events(phase: str, of: TraceRecord | None = None) -> list[Event]:
    """The events of one phase, as a reader of the file sees them."""
    trace = json.loads(json.dumps(trace_events(of or record())))
    return [event for event in trace["traceEvents"] if event["ph"] == phase]


def threads(of: TraceRecord | None = None) -> dict[tuple[int, int], list[Event]]:
    """The slices of each thread, in the order of time."""
    found: dict[tuple[int, int], list[Event]] = {}
    for event in sorted(events("X", of), key=lambda event: event["ts"]):
        found.setdefault((event["pid"], event["tid"]), []).append(event)
    return found


def test_every_event_has_what_its_phase_requires() -> None:
    """The object form, documented phases only, times as numbers that are not negative."""
    trace = json.loads(json.dumps(trace_events(record())))
    assert trace["displayTimeUnit"] == "ms"
    for event in trace["traceEvents"]:
        assert REQUIRED[event["ph"]] <= event.keys(), event
        assert all(event.get(key, 0) >= 0 for key in ("ts", "dur", "pid", "tid")), event


def test_slices_of_a_thread_never_overlap() -> None:
    """Overlapping slices on one thread cannot be shown: each waits for the end of the one before it."""
    for slices in threads().values():
        for before, after in pairwise(slices):
            assert before["ts"] + before["dur"] <= after["ts"] + 1e-6


def test_each_stage_is_a_named_track() -> None:
    """Every process that has slices is named, the stages in the order of the flow, every thread too."""
    names = {event["pid"]: event["args"]["name"] for event in events("M") if event["name"] == "process_name"}
    assert list(names.values()) == ["feed", *STAGES]
    named = {(event["pid"], event["tid"]) for event in events("M") if event["name"] == "thread_name"}
    assert threads().keys() <= named


def test_slices_say_how_long_each_utterance_waited_and_worked() -> None:
    """Durations are microseconds; what was held is waiting behind the work; the name is session and number."""
    parser = [event for event in events("X") if event["pid"] == 2 and event["name"] == "work 2"]
    assert [(event["cat"], event["dur"]) for event in sorted(parser, key=lambda event: event["ts"])] == [
        ("waiting", 1000),
        ("working", 10000),
        ("waiting", 40000),
    ]


def test_the_sound_lasts_from_the_first_sample_to_its_end() -> None:
    """What has not ended lasts until now."""
    sounds = {event["name"]: event for event in events("X") if event["cat"] == "sound"}
    begin = 97 * MS  # the first byte of the first utterance
    first = record().utterances[0].receipt.first_sample
    assert sounds["work 1"]["ts"] == (first - begin) / 1000
    assert sounds["work 1"]["ts"] + sounds["work 1"]["dur"] == (1000 * MS - begin) / 1000
    assert sounds["work 3"]["ts"] + sounds["work 3"]["dur"] == (5000 * MS - begin) / 1000


def test_every_arrow_leaves_and_meets_an_open_slice_of_its_utterance() -> None:
    """Four wires for each utterance; an arrow binds to the slice that encloses its time."""
    slices, ends = threads(), {event["id"]: event for event in events("f")}
    starts = {event["id"]: event for event in events("s")}
    assert starts.keys() == ends.keys()
    assert len(starts) == 3 * len(STAGES)
    for number, start in starts.items():
        assert start["ts"] <= ends[number]["ts"]
        bound = [_open(slices[event["pid"], event["tid"]], event["ts"]) for event in (start, ends[number])]
        assert bound[0] == bound[1]
        assert (start["pid"], ends[number]["pid"]) in {(1, 2), (2, 3), (3, 4), (4, 5)}


def _open(slices: list[Event], at: float) -> str:
    return next(str(each["name"]) for each in slices if each["ts"] <= at < each["ts"] + each["dur"])


def test_a_restart_is_an_instant_on_its_stage() -> None:
    """It lies on the process of the stage, at its time."""
    assert [(event["name"], event["pid"], event["ts"], event["s"]) for event in events("i")] == [
        ("translator.2 started", 3, 13000, "p")
    ]


def test_a_long_session_id_is_shortened_in_names_only() -> None:
    """A UUID would fill the slice; the arguments have it whole."""
    session = "784cfabd-0876-4006-8be7-bebb4c4ed69c"
    of = TraceRecord(now=1, clock=0.0, utterances=[traced(7, 100, ended=900, session=session)])
    assert {(event["name"], event["args"]["session"]) for event in events("X", of)} == {("784cfabd 7", session)}


def test_nothing_spoken_is_a_trace_too() -> None:
    """An empty record gives a file that opens."""
    assert events("X", TraceRecord(now=1, clock=0.0)) == []
