"""The record of the last minutes as trace events, for ui.perfetto.dev and chrome://tracing.

The format is Google's "Trace Event Format" (JSON object form): complete events (``X``) are slices, ``s`` and ``f`` are
the ends of a flow arrow, ``i`` is an instant, ``M`` names processes and threads; times are microseconds.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from voicectl import __version__
from voicectl.protocol.speaking import Receipt
from voicectl.protocol.supervising import STAGES
from voicectl.supervisor.traces import Traced, TraceRecord

FEED = "feed"
TRACKS = (FEED, *STAGES)
"""Each is a process of the trace; its id is its place here, from 1."""
ROWS = ("sound", "working", "waiting")
LANES = 1000
"""So many thread ids are kept for the lanes of one row."""

Event = dict[str, Any]


class Slice(NamedTuple):
    """Something that took time: on a row of a track, from ``start`` to ``end`` (monotonic ns)."""

    track: str
    row: str
    start: int
    end: int
    label: str
    args: dict[str, Any]


class Placed(NamedTuple):
    """A slice on the lane (thread) where nothing overlaps it."""

    slice: Slice
    thread: int


def trace_events(record: TraceRecord) -> dict[str, Any]:
    """Return the trace as the object that the file holds; time 0 is the earliest moment in it."""
    ways = [way(traced, record.now) for traced in record.utterances]
    placed = place([each for slices in ways for each in slices])
    begin = min(
        [each.start for slices in ways for each in slices] + [each.at for each in record.instants], default=record.now
    )
    events = [*_names(placed.values())]
    events += [_complete(each, begin) for each in placed.values()]
    for number, slices in enumerate(ways):
        events += _arrows(number, [placed[id(each)] for each in slices], begin)
    for instant in record.instants:
        name, ts, pid = instant.text, (instant.at - begin) / 1000, TRACKS.index(instant.stage) + 1
        events.append({"ph": "i", "cat": "process", "name": name, "ts": ts, "pid": pid, "tid": 0, "s": "p"})
    began = datetime.fromtimestamp(record.clock - (record.now - begin) / 1e9, UTC)
    about = {"version": f"voicectl {__version__}", "began": began.isoformat(timespec="milliseconds")}
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}


def way(traced: Traced, now: int) -> list[Slice]:
    """Return an utterance's slices in the order of its way, its sound last."""
    receipt = traced.receipt
    if receipt.trace is None:
        return []
    label, args = _label(receipt), _args(receipt)
    slices = []
    if 0 < receipt.trace.written < receipt.trace.arrived:
        slices.append(Slice(FEED, "waiting", receipt.trace.written, receipt.trace.arrived, label, args))
    for hop in receipt.trace.hops:
        if hop.stage not in STAGES:
            continue
        # What was held waited between its work and its sending; in the sink, before its first sample.
        worked = hop.sent - hop.held
        slices += [
            Slice(hop.stage, "waiting", hop.received, hop.begun, label, args),
            Slice(hop.stage, "working", hop.begun, worked, label, args),
            Slice(hop.stage, "waiting", worked, hop.sent, label, args),
        ]
    sound = Slice("sink", "sound", receipt.first_sample, traced.ended or now, label, args)
    return [*(each for each in slices if each.end > each.start), sound]


def place(slices: list[Slice]) -> dict[int, Placed]:
    """Give every slice, by its ``id``, the first lane of its row that is free: slices of a thread must not overlap."""
    free: dict[tuple[str, str], list[int]] = {}
    placed: dict[int, Placed] = {}
    for each in sorted(slices, key=lambda each: each.start):
        lanes = free.setdefault((each.track, each.row), [])
        lane = next((number for number, end in enumerate(lanes) if end <= each.start), len(lanes))
        lanes[lane : lane + 1] = [max(each.end, each.start)]
        placed[id(each)] = Placed(each, ROWS.index(each.row) * LANES + lane + 1)
    return placed


def _label(receipt: Receipt) -> str:
    session, seq = receipt.utterance.session, receipt.utterance.seq
    return f"{session if len(session) <= 16 else session[:8]} {seq}"


def _args(receipt: Receipt) -> dict[str, Any]:
    return {
        "session": receipt.utterance.session,
        "play": receipt.utterance.play,
        "source": receipt.source,
        "translation": receipt.translation,
        "translator": receipt.translator,
        "synthesizer": receipt.synthesizer,
    }


def _names(placed: Any) -> Iterator[Event]:
    for number, track in enumerate(TRACKS, 1):
        yield {"ph": "M", "name": "process_name", "pid": number, "tid": 0, "args": {"name": track}}
        yield {"ph": "M", "name": "process_sort_index", "pid": number, "tid": 0, "args": {"sort_index": number}}
    for pid, tid in sorted({(TRACKS.index(each.slice.track) + 1, each.thread) for each in placed}):
        name = ROWS[tid // LANES] + ("" if tid % LANES == 1 else f" {tid % LANES}")
        yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": name}}
        yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": tid}}


def _complete(placed: Placed, begin: int) -> Event:
    each, thread = placed
    return {
        "ph": "X",
        "cat": each.row,
        "name": each.label,
        "ts": (each.start - begin) / 1000,
        "dur": max(0, each.end - each.start) / 1000,
        "pid": TRACKS.index(each.track) + 1,
        "tid": thread,
        "args": each.args,
    }


def _arrows(number: int, path: list[Placed], begin: int) -> Iterator[Event]:
    """Draw the wire: from the last slice in one stage to the first in the next."""
    for step, (before, after) in enumerate(pairwise(path)):
        if before.slice.track == after.slice.track:
            continue
        common = {"cat": "wire", "name": "wire", "id": number * 16 + step}
        # An arrow is bound to the slice that is open at its time: not at its very end.
        leaves, comes = max(before.slice.start, before.slice.end - 1), after.slice.start
        for phase, at, end in (("s", leaves, before), ("f", max(leaves, comes), after)):
            event = {"ph": phase, "ts": (at - begin) / 1000, "pid": TRACKS.index(end.slice.track) + 1}
            yield {**common, **event, "tid": end.thread, **({"bp": "e"} if phase == "f" else {})}
