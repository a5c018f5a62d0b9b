"""The figures of a run of the standard session, and how two runs are compared."""

from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from voicectl.actors.parser.reader import FeedParser, Spoken
from voicectl.cli.bench import read_report
from voicectl.cli.bench_report import Quantiles, Report, StageCost, hops, latencies, quantiles, view
from voicectl.cli.bench_session import after, before, delta, event, standard_session
from voicectl.config.load import load_settings
from voicectl.protocol.errors import UsageError
from voicectl.protocol.message import Utterance
from voicectl.protocol.speaking import Receipt
from voicectl.protocol.supervising import STAGES
from voicectl.protocol.trace import Hop, Trace
from voicectl.supervisor.traces import Traced, TraceRecord

MS = 1_000_000


def traced(first: bool, working: int, wire: int) -> Traced:
    """An utterance that arrives at 0; every stage works so many ms, every wire takes so many."""
    hops, now = [], 0
    for stage in STAGES:
        received = now + wire * MS
        now = received + working * MS
        hops.append(Hop(stage=stage, received=received, begun=received, sent=now))
    who = Utterance(session="s", seq=1, play=1, epoch=0)
    trace = Trace(arrived=0, written=-5 * MS, hops=tuple(hops))
    return Traced(receipt=Receipt(utterance=who, state="speaking", first=first, first_sample=now, trace=trace))


def report(ttfa: float) -> Report:
    """A run with this median."""
    figures = Quantiles(p50=ttfa, p95=2 * ttfa, max=3 * ttfa, count=25)
    return Report(
        version="1",
        date="2026-01-01T00:00:00+00:00",
        machine={"cores": 2},
        backends={"translator": "starter"},
        seconds=100.0,
        ttfa=figures,
        ttfa_later=figures,
        machinery=figures,
        certainty=figures,
        hops={stage: dict.fromkeys(("waiting", "working", "wire"), figures) for stage in STAGES},
        underruns=0,
        stages={"sink": StageCost(cpu_s=1.0, peak_mb=50.0)},
    )


def shown(now: Report, then: Report | None) -> str:
    """What a user sees in a terminal of 80 columns."""
    console = Console(width=80)
    with console.capture() as capture:
        console.print(view(now, then))
    return capture.get()


def test_quantiles_are_samples_in_milliseconds() -> None:
    """Nearest rank: of 20 samples the 19th is the p95."""
    assert quantiles([n * MS for n in range(20, 0, -1)]) == Quantiles(p50=10.0, p95=19.0, max=20.0, count=20)
    assert quantiles([]) == Quantiles()


def test_totals_separate_first_from_later_and_the_models_from_the_rest() -> None:
    """TTFA is everything, machinery everything but the work of translator and synthesizer."""
    record = TraceRecord(now=0, clock=0.0, utterances=[traced(True, 10, 1), traced(False, 20, 1)])
    totals = latencies(record)
    assert (totals["ttfa"].p50, totals["ttfa_later"].p50) == (44.0, 84.0)
    assert (totals["machinery"].p50, totals["certainty"].p50) == (24.0, 5.0)
    assert all(each.count == 1 for each in totals.values())


def test_hops_are_those_of_first_sentences() -> None:
    """Waiting, working and wire of every stage."""
    record = TraceRecord(now=0, clock=0.0, utterances=[traced(True, 10, 1), traced(False, 20, 1)])
    for kinds in hops(record).values():
        assert {kind: each.p50 for kind, each in kinds.items()} == {"waiting": 0.0, "working": 10.0, "wire": 1.0}


def test_two_runs_are_shown_side_by_side_and_fit_a_terminal() -> None:
    """The ratio of the medians stands at the end; nothing is cut off."""
    text = shown(report(50.0), report(100.0))
    line = next(line for line in text.splitlines() if line.strip().startswith("first sentence"))
    assert line.split()[2:] == ["50.00", "100.00", "25", "100.00", "200.00", "0.50"]
    assert "…" not in text + shown(report(50.0), None)


def test_a_saved_run_is_read_again_and_anything_else_is_refused(tmp_path: Path) -> None:
    """What --save wrote is what --against reads."""
    path = tmp_path / "run.json"
    path.write_bytes(msgspec.json.encode(report(50.0)))
    assert read_report(path) == report(50.0)
    path.write_text("{}")
    with pytest.raises(UsageError, match="was not written by voicectl bench --save"):
        read_report(path)


def test_the_standard_session_has_enough_first_sentences_and_parses() -> None:
    """At least 20 answers of at least two sentences; times rise; the parser takes the lines for what they stand for."""
    answers = standard_session()
    assert len(answers) >= 20
    parser = FeedParser(load_settings().settings.parser, "stream-json")
    for number, answer in enumerate(answers, 1):
        assert [at for at, _ in answer] == sorted(at for at, _ in answer)
        pieces = [{"type": "content_block_delta", "index": 0, "delta": delta(text)} for _, text in answer]
        deltas = [event(number, piece) for piece in pieces]
        lines = [*before(number), *deltas, *after(number), {"type": "result", "subtype": "success", "is_error": False}]
        items = [item for line in lines for item in parser.feed(msgspec.json.encode(line) + b"\n", 1)]
        spoken = [item.text for item in items if isinstance(item, Spoken)]
        assert len(spoken) >= 2
        assert " ".join(spoken).split() == "".join(text for _, text in answer).split()
