"""A long session as fast as it goes: memory, file handles and cost per sentence must stay what they were.

By hand: ``python tests/chaos/soak.py --sentences 100000``. Sentences of 5 ms go through the whole pipeline into
``null:fast``; the writer stays a little ahead of the voice. Exit status 1 when after the first 1,000 sentences any
process has grown by more than 5 %, holds more file handles, or a sentence costs noticeably more than it did.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import tones
from pipeline import Instance, Pipeline

from voicectl.protocol.supervising import STAGES

AHEAD = 200
"""Sentences that the writer is ahead of the voice."""
BATCH = 50
FIRST = 1_000
GROWTH = 1.05
COST_GROWTH = 1.25
"""CPU time per sentence on a machine that others use too."""
STALLED_S = 60.0


class Sample(NamedTuple):
    """What was measured when ``spoken`` sentences had been spoken; by process: MB of memory, handles, CPU seconds."""

    spoken: int
    seconds: float
    memory: dict[str, float]
    handles: dict[str, int]
    cpu: dict[str, float]
    journal_mb: float


class Soak:
    """One session."""

    def __init__(self, instance: Instance, sentences: int, settings: dict[str, str]) -> None:
        self.samples: list[Sample] = []
        self._instance = instance
        self._pipeline = Pipeline(instance, {"synthesizer.backend": "tones:ShortToneBackend"} | settings)
        self._sentences = sentences
        self._journal = instance.state / "journal.sqlite3"

    def run(self, step: int) -> None:
        """Speak everything; take a sample every ``step`` sentences."""
        self._pipeline.up("null:fast")
        feed = self._instance.start("feed", "--wait", "--format", "text", "--session", "soak")
        assert feed.stdin
        self._processes = {stage: self._pipeline.process(stage) for stage in (*STAGES, "supervisor")}
        self._processes["feed"] = psutil.Process(feed.pid)
        began, written, due = time.monotonic(), 0, FIRST
        last = (began, 0)
        while (spoken := self._spoken()) < self._sentences:
            if spoken != last[1]:
                last = (time.monotonic(), spoken)
            assert time.monotonic() - last[0] < STALLED_S, f"stuck after {spoken} sentences"
            if spoken >= due:
                self._sample(spoken, time.monotonic() - began)
                due = due + step - due % step
            while written < min(self._sentences, spoken + AHEAD):
                batch = range(written + 1, min(self._sentences, written + BATCH) + 1)
                feed.stdin.write("".join(tones.text(1, number) + "\n\n" for number in batch).encode())
                feed.stdin.flush()
                written = batch[-1]
            self._pipeline.wait_until(lambda spoken=spoken: self._spoken() > spoken + BATCH, 0.2, every=0.02)
        self._sample(spoken, time.monotonic() - began)
        feed.stdin.close()
        try:
            assert feed.wait(STALLED_S) == 0
        except subprocess.TimeoutExpired:
            raise AssertionError("feed does not end") from None

    def pruned(self) -> tuple[int, int]:
        """Restart the parser, which prunes; return the rows before and after."""
        before = self._query("SELECT COUNT(*) FROM utterances")
        self._instance.run("restart", "parser")
        return before, self._query("SELECT COUNT(*) FROM utterances")

    def _spoken(self) -> int:
        return self._query("SELECT COALESCE(MAX(play), 0) FROM utterances WHERE state = 'spoken'")

    def _query(self, query: str) -> int:
        try:
            with closing(sqlite3.connect(f"{self._journal.as_uri()}?mode=ro", uri=True)) as connection:
                return int(connection.execute(query).fetchone()[0])
        except sqlite3.Error:
            return 0

    def _sample(self, spoken: int, seconds: float) -> None:
        memory, handles, cpu = {}, {}, {}
        for name, process in self._processes.items():
            assert process, name
            memory[name] = process.memory_info().rss / 2**20
            handles[name] = process.num_fds()
            times = process.cpu_times()
            cpu[name] = times.user + times.system
        size = sum(path.stat().st_size for path in self._journal.parent.glob("journal.sqlite3*"))
        self.samples.append(Sample(spoken, seconds, memory, handles, cpu, size / 2**20))
        print(row(self.samples))
        sys.stdout.flush()


def heading() -> str:
    """Return the table's first lines."""
    names = (*STAGES, "supervisor", "feed")
    return f"{'sentences':>10}{'s':>7}" + "".join(f"{name:>13}" for name in names) + f"{'CPU ms':>9}{'journal':>9}"


def row(samples: list[Sample]) -> str:
    """Return a line: memory in MB and handles of each process, CPU ms per sentence since the line before."""
    now = samples[-1]
    cells = "".join(f"{now.memory[name]:>9.1f}/{now.handles[name]:<3}" for name in now.memory)
    return f"{now.spoken:>10}{now.seconds:>7.0f}{cells}{cost_ms(samples):>9.2f}{now.journal_mb:>6.1f} MB"


def cost_ms(samples: list[Sample]) -> float:
    """Return the CPU time of all processes per sentence between the last two of these samples."""
    now = samples[-1]
    before = samples[-2] if len(samples) > 1 else now._replace(spoken=0, cpu=dict.fromkeys(now.cpu, 0.0))
    return 1000 * (sum(now.cpu.values()) - sum(before.cpu.values())) / max(1, now.spoken - before.spoken)


def problems(samples: list[Sample]) -> list[str]:
    """Return what was not flat after the first sample."""
    first, last = samples[0], samples[-1]
    found = [
        f"{name} has grown from {first.memory[name]:.1f} to {last.memory[name]:.1f} MB"
        for name in first.memory
        if last.memory[name] > GROWTH * first.memory[name]
    ]
    found += [
        f"{name} holds {last.handles[name]} file handles instead of {first.handles[name]}"
        for name in first.handles
        if last.handles[name] > first.handles[name]
    ]
    middle = len(samples) // 2
    early, late = cost_ms([first, samples[middle]]), cost_ms([samples[middle], last])
    if 0 < middle < len(samples) - 1 and late > COST_GROWTH * early:
        found.append(f"a sentence costs {late:.2f} ms of CPU time instead of {early:.2f}")
    return found


def main() -> int:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--step", type=int, default=10_000)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of voicectl up")
    parser.add_argument("--json", type=Path, help="write the samples to this file")
    options = parser.parse_args()
    with Instance() as instance:
        soak = Soak(instance, options.sentences, dict(item.split("=", 1) for item in options.set))
        print(heading())
        soak.run(options.step)
        before, after = soak.pruned()
    found = problems(soak.samples)
    print(f"journal: {before} sentences, {after} after the parser was restarted")
    print("\n".join(f"PROBLEM {problem}" for problem in found) or "flat")
    if options.json:
        samples: list[dict[str, Any]] = [sample._asdict() for sample in soak.samples]
        options.json.write_text(json.dumps({"samples": samples, "problems": found}, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
