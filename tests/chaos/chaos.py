"""Kills whatever can be killed while sentences are spoken, and judges the sound: ``python tests/chaos/chaos.py``.

Exit status 0 when every sentence was heard once, in order, cut by at most 100 ms; 1 otherwise, and then the folder
with the schedule, the recording, the journal and the logs is kept and named.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import oracle
import tones
from faults import KINDS, VICTIMS, Kind, schedule
from inject import Done, Injector
from pipeline import PAUSE_S, Instance, Pipeline
from writer import Pace, Writer

STALLED_S = 60.0
AHEAD = 24
"""Sentences that the writers are ahead of the voice at most: more than the parser's window, and soon spoken."""
SETTLE_S = 4.0
"""A gap that begins this long after a fault is not put down to it."""


class Plan(NamedTuple):
    """One run. ``settings`` are given to ``up``; ``pause`` is the range of seconds between sentences of one feed."""

    seed: int
    seconds: float
    feeds: int = 2
    pause: tuple[float, float] = (0.2, 1.0)
    spacing: tuple[float, float] = (1.0, 3.0)
    victims: tuple[str, ...] = VICTIMS
    kinds: tuple[Kind, ...] = tuple(KINDS)
    settings: dict[str, str] = {}  # noqa: RUF012 (never changed)
    on_device: bool = False


class Outcome(NamedTuple):
    """What a run showed; ``gaps`` are the silences in seconds by who was hit."""

    plan: Plan
    verdict: oracle.Verdict
    faults: list[Done]
    gaps: dict[str, list[float]]
    problems: list[str]
    folder: Path | None

    @property
    def is_good(self) -> bool:
        """Whether the promise was kept."""
        verdict = self.verdict
        return not (self.problems or verdict.lost or verdict.repeated or verdict.disordered)


def run(plan: Plan, keep: Path) -> Outcome:
    """Run one plan; the folder ``keep/seed-N`` remains when the promise was broken."""
    with Instance() as instance:
        pipeline = Pipeline(instance, plan.settings, plan.on_device)
        pipeline.up()
        pipeline.watch.start()
        writers: list[Writer] = []
        pace = Pace(plan.pause, lambda: sum(len(each.written) for each in writers) > pipeline.progress()[0] + AHEAD)
        writers += [_writer(instance, plan.seed, pace, feed) for feed in range(1, plan.feeds + 1)]
        faults = schedule(plan.seed, plan.seconds, plan.spacing, plan.victims, plan.kinds, plan.on_device)
        injector = Injector(pipeline, writers, faults, plan.seconds, instance.folder / "faults.jsonl")
        for thread in (*writers, injector):
            thread.start()
        injector.join()
        problems = [injector.error] if injector.error else []
        problems += _finish(pipeline, writers, may_fail=_is_poisoned(plan))
        history = instance.history()
        pipeline.down()
        pipeline.watch.stop()
        problems += [f"left behind: {process}" for process in instance.processes()]
        outcome = _judge(plan, pipeline, writers, injector, history, problems)
        if outcome.is_good:
            return outcome
        return outcome._replace(folder=_keep(instance.folder, keep / f"seed-{plan.seed}", history, outcome))


def _writer(instance: Instance, seed: int, pace: Pace, feed: int) -> Writer:
    def start(session: str, source: int) -> "subprocess.Popen[bytes]":
        wait = ["--wait"] if feed % 2 else []
        command = [sys.executable, "-m", "voicectl", "feed", "--format", "text", "--session", session, *wait]
        with (instance.folder / "feeds.log").open("ab") as log:
            return subprocess.Popen(
                command, stdin=source, stdout=log, stderr=log, env=instance.env, cwd=instance.folder
            )

    return Writer(feed, seed, pace, start)


def _is_poisoned(plan: Plan) -> bool:
    return tones.POISON.items() <= plan.settings.items()


def _finish(pipeline: Pipeline, writers: list[Writer], may_fail: bool) -> list[str]:
    """Let everything be spoken; return what went wrong. ``may_fail``: sentences are expected to be set aside."""
    for writer in writers:
        writer.finish()
    for writer in writers:
        writer.join()
        writer.close()
    if not pipeline.lives:
        pipeline.up()
    feeds = [writer.process for writer in writers]

    def is_over() -> bool:
        return not pipeline.unheard() and all(feed.poll() is not None for feed in feeds)

    before = pipeline.progress()
    last = time.monotonic()
    while time.monotonic() - last < STALLED_S and not pipeline.wait_until(is_over, 1.0, every=0.05):
        if (now := pipeline.progress()) != before:
            before, last = now, time.monotonic()
    # A feed that waits ends with 1 when the pipeline does; what it had read is spoken all the same.
    problems = [
        f"feed {writer.feed} ended with status {status}"
        for writer in writers
        if (status := writer.process.poll()) and not (status == 1 and (may_fail or pipeline.ups > 1))
    ]
    if not is_over():
        alive = [writer.feed for writer in writers if writer.process.poll() is None]
        status = pipeline.instance.status()
        problems.append(f"stuck: {pipeline.unheard()} sentences or spools, feeds {alive}; status: {status}")
    for feed in feeds:
        feed.kill()
        feed.wait()
    return problems


def _judge(
    plan: Plan,
    pipeline: Pipeline,
    writers: list[Writer],
    injector: Injector,
    history: list[dict[str, Any]],
    problems: list[str],
) -> Outcome:
    written = {(writer.feed, number): at for writer in writers for number, at in writer.written.items()}
    heard, strange = oracle.hearings(pipeline.watch.files)
    deaths = oracle.Deaths(
        {writer.feed: writer.cut for writer in writers}, {writer.feed: writer.torn for writer in writers}
    )
    is_deadly = tones.is_deadly if _is_poisoned(plan) else lambda _: False
    verdict = oracle.judge(heard, strange, written, deaths, history, is_deadly)
    silences = oracle.gaps(heard, pipeline.watch, written, PAUSE_S)
    return Outcome(plan, verdict, injector.done, attribute(injector.done, silences), problems + verdict.problems, None)


def attribute(faults: list[Done], silences: list[oracle.Gap]) -> dict[str, list[float]]:
    """Return for each victim the longest gap (seconds) after its faults, until the next one or a little later."""
    found: dict[str, list[float]] = {}
    for place, done in enumerate(faults):
        end = min(done.when + SETTLE_S, faults[place + 1].when if place + 1 < len(faults) else float("inf"))
        after = [gap.end - max(gap.begin, done.when) for gap in silences if gap.end > done.when and gap.begin < end]
        kind = "" if done.fault.kind in ("kill", "segv") else f" {done.fault.kind}"
        found.setdefault(done.fault.label + kind, []).append(max(after, default=0.0))
    return found


def _keep(folder: Path, target: Path, history: list[dict[str, Any]], outcome: Outcome) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    ignored = shutil.ignore_patterns("*.ipc")
    shutil.copytree(folder, target, ignore=ignored)
    (target / "history.json").write_text("\n".join(map(json.dumps, history)))
    (target / "outcome.json").write_text(json.dumps(summary([outcome]), indent=1))
    return target


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the results of several runs as one object."""
    kinds: dict[str, int] = {}
    gaps: dict[str, list[float]] = {}
    for outcome in outcomes:
        for done in outcome.faults:
            name = f"{done.fault.kind} {done.fault.label}"
            kinds[name] = kinds.get(name, 0) + 1
        for victim, values in outcome.gaps.items():
            gaps.setdefault(victim, []).extend(values)
    verdicts = [outcome.verdict for outcome in outcomes]
    cuts = [cut for verdict in verdicts for cut in verdict.cuts]
    return {
        "plans": [outcome.plan._asdict() for outcome in outcomes],
        "faults": dict(sorted(kinds.items())),
        "sentences": sum(verdict.sentences for verdict in verdicts),
        "lost": sum(len(verdict.lost) for verdict in verdicts),
        "repeated": sum(len(verdict.repeated) for verdict in verdicts),
        "out_of_order": sum(len(verdict.disordered) for verdict in verdicts),
        "cut": len(cuts),
        "cut_ms": {"least": min(cuts, default=0.0), "most": max(cuts, default=0.0)},
        "in_flight": sum(len(verdict.in_flight) for verdict in verdicts),
        "set_aside": sum(len(verdict.set_aside) for verdict in verdicts),
        "torn": sum(len(verdict.torn) for verdict in verdicts),
        "gaps_ms": {victim: _spread(values) for victim, values in sorted(gaps.items())},
        "problems": [problem for outcome in outcomes for problem in outcome.problems],
        "details": [
            {"lost": verdict.lost, "repeated": verdict.repeated, "out_of_order": verdict.disordered}
            for verdict in verdicts
        ],
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    values = sorted(1000 * value for value in seconds)
    return {
        "count": len(values),
        "p50": round(statistics.median(values), 1),
        "p95": round(values[min(len(values) - 1, int(0.95 * len(values)))], 1),
        "max": round(values[-1], 1),
    }


def table(result: dict[str, Any]) -> str:
    """Return a summary as text."""
    lines = [f"faults {sum(result['faults'].values())}: " + ", ".join(f"{k} {v}" for k, v in result["faults"].items())]
    names = ("sentences", "lost", "repeated", "out_of_order", "cut", "in_flight", "set_aside", "torn")
    lines.append("  ".join(f"{name} {result[name]}" for name in names))
    lines.append(f"cuts: {result['cut_ms']['least']:+.0f} … {result['cut_ms']['most']:+.0f} ms")
    lines.append(f"{'gap after a fault of (ms)':<28}{'n':>5}{'p50':>8}{'p95':>8}{'max':>8}")
    for victim, row in result["gaps_ms"].items():
        lines.append(f"{victim:<28}{row['count']:>5}{row['p50']:>8.0f}{row['p95']:>8.0f}{row['max']:>8.0f}")
    return "\n".join([*lines, *(f"PROBLEM {problem}" for problem in result["problems"])])


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that the short and the long run share."""
    parser.add_argument("--feeds", type=int, default=2)
    parser.add_argument("--spacing", type=float, nargs=2, default=(1.0, 3.0), help="seconds between two faults")
    parser.add_argument("--pause", type=float, nargs=2, default=(0.2, 1.0), help="seconds between a feed's sentences")
    parser.add_argument("--victims", nargs="+", default=list(VICTIMS), choices=VICTIMS)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--device", action="store_true", help="record an audio server, and kill that as well")
    parser.add_argument("--poison", action="store_true", help="some sentences kill the translator or the voices")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of voicectl up")
    parser.add_argument("--json", type=Path, help="write the result to this file")
    parser.add_argument("--keep", type=Path, default=Path("chaos-failures"), help="where failed runs are kept")


def plan(options: argparse.Namespace, seed: int, seconds: float) -> Plan:
    """Return the plan that the options describe."""
    settings = dict(item.split("=", 1) for item in options.set) | (tones.POISON if options.poison else {})
    pause, spacing, victims = tuple(options.pause), tuple(options.spacing), tuple(options.victims)
    kinds = tuple(options.kinds)
    return Plan(seed, seconds, options.feeds, pause, spacing, victims, kinds, settings, options.device)


def main() -> int:
    """Run one seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments(parser)
    options = parser.parse_args()
    outcome = run(plan(options, options.seed, options.seconds), options.keep)
    result = summary([outcome])
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    if outcome.folder:
        print(f"seed {options.seed} broke the promise; everything is kept in {outcome.folder}")
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
