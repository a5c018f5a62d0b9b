"""What a run of the standard session comes to, and how it is shown. Pure: figures in, figures and tables out."""

import math
from collections.abc import Sequence

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from voicectl.protocol.speaking import Receipt
from voicectl.protocol.supervising import STAGES
from voicectl.protocol.trace import wires
from voicectl.supervisor.traces import TraceRecord

MODELS = ("translator", "synthesizer")
NS_PER_MS = 1e6


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """Of one duration, in milliseconds; None where there is no sample."""

    p50: float | None = None
    p95: float | None = None
    max: float | None = None
    count: int = 0


class StageCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a process used: seconds of CPU during the session, peak memory in MB since its start."""

    cpu_s: float
    peak_mb: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``hops`` are those of first sentences: STAGE: waiting, working, wire."""

    version: str
    date: str
    machine: dict[str, str | int]
    backends: dict[str, str]
    seconds: float
    ttfa: Quantiles
    ttfa_later: Quantiles
    machinery: Quantiles
    certainty: Quantiles
    hops: dict[str, dict[str, Quantiles]]
    underruns: int
    stages: dict[str, StageCost]


def quantiles(nanoseconds: Sequence[float]) -> Quantiles:
    """Return the quantiles of some durations, by nearest rank."""
    if not nanoseconds:
        return Quantiles()
    values = sorted(max(0.0, each) / NS_PER_MS for each in nanoseconds)

    def rank(q: float) -> float:
        return round(values[max(0, math.ceil(q * len(values)) - 1)], 3)

    return Quantiles(p50=rank(0.5), p95=rank(0.95), max=rank(1.0), count=len(values))


def latencies(record: TraceRecord) -> dict[str, Quantiles]:
    """Return the totals of a report: ``ttfa``, ``ttfa_later``, ``machinery``, ``certainty``."""
    first, later = _split(record)
    return {
        "ttfa": quantiles([_ttfa(receipt) for receipt in first]),
        "ttfa_later": quantiles([_ttfa(receipt) for receipt in later]),
        "machinery": quantiles([_ttfa(receipt) - _models(receipt) for receipt in first]),
        "certainty": quantiles([_certainty(receipt) for receipt in first]),
    }


def hops(record: TraceRecord) -> dict[str, dict[str, Quantiles]]:
    """Return each stage's waiting, working and wire time of first sentences."""
    samples: dict[str, dict[str, list[float]]] = {stage: {"waiting": [], "working": [], "wire": []} for stage in STAGES}
    for receipt in _split(record)[0]:
        assert receipt.trace
        wire = wires(receipt.trace)
        for hop in receipt.trace.hops:
            if hop.stage in samples:
                samples[hop.stage]["waiting"].append(hop.waiting)
                samples[hop.stage]["working"].append(hop.working)
                samples[hop.stage]["wire"].append(wire[hop.stage])
    return {stage: {kind: quantiles(each) for kind, each in kinds.items()} for stage, kinds in samples.items()}


def _split(record: TraceRecord) -> tuple[list[Receipt], list[Receipt]]:
    receipts = [each.receipt for each in record.utterances if each.receipt.trace]
    return [each for each in receipts if each.first], [each for each in receipts if not each.first]


def _ttfa(receipt: Receipt) -> int:
    return receipt.first_sample - receipt.trace.arrived if receipt.trace else 0


def _certainty(receipt: Receipt) -> int:
    return receipt.trace.arrived - receipt.trace.written if receipt.trace else 0


def _models(receipt: Receipt) -> int:
    return sum(hop.working for hop in receipt.trace.hops if hop.stage in MODELS) if receipt.trace else 0


def view(report: Report, against: Report | None) -> RenderableType:
    """Return the tables of a run, beside those of an earlier one if there is one."""
    columns = ("p50", "p95", "count", "p50 then", "p95 then", "ratio") if against else ("p50", "p95", "max", "count")
    totals = _table("Time to first audio (ms)", ("",), columns)
    labels = {
        "ttfa": "first sentence",
        "machinery": "  less the models' work",
        "ttfa_later": "later sentences",
        "certainty": "before: certainty",
    }
    for name, label in labels.items():
        then = getattr(against, name) if against else None
        totals.add_row(label, *_cells(getattr(report, name), then))
    table = _table("First sentences by hop (ms)", ("hop", "kind"), columns)
    for stage, kinds in report.hops.items():
        for number, (kind, figures) in enumerate(kinds.items()):
            then = against.hops.get(stage, {}).get(kind) if against else None
            table.add_row(stage if number == 0 else "", kind, *_cells(figures, then), end_section=number == 2)
    return Group(totals, table, _stages(report, against), *_remarks(report, against))


def _stages(report: Report, against: Report | None) -> Table:
    table = _table("Processes", ("",), ("CPU s", "peak MB", *(("CPU s then", "peak MB then") if against else ())))
    for name, cost in report.stages.items():
        then = against.stages.get(name) if against else None
        cells = [f"{cost.cpu_s:.2f}", f"{cost.peak_mb:.0f}"]
        cells += [f"{then.cpu_s:.2f}", f"{then.peak_mb:.0f}"] if then else []
        table.add_row(name, *cells)
    return table


def _remarks(report: Report, against: Report | None) -> list[Text]:
    runs = [("", report), *([("then: ", against)] if against else [])]
    lines = []
    for mark, run in runs:
        engines = ", ".join(f"{stage} {name}" for stage, name in run.backends.items())
        machine = ", ".join(f"{value}" for value in run.machine.values())
        lines.append(Text(f"{mark}{run.underruns} gaps in {run.seconds:.0f} s; {engines}; {machine}; {run.date}"))
    return lines


def _table(title: str, labels: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in labels:
        table.add_column(name, no_wrap=True)
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(now: Quantiles, then: Quantiles | None) -> list[str]:
    """Return a row: with an earlier run beside it, the last cell is the ratio of the medians."""
    if then is None:
        return [_number(now.p50), _number(now.p95), _number(now.max), str(now.count)]
    ratio = f"{now.p50 / then.p50:.2f}" if now.p50 and then.p50 else "–"
    return [_number(now.p50), _number(now.p95), str(now.count), _number(then.p50), _number(then.p95), ratio]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
