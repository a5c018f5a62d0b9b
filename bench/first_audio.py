"""Time to first audio: voicectl, the classic sequential pipeline and RealtimeTTS, in one run.

The same machine, translator (the starter model) and voice (Open JTalk), the same sentences, the same pace: answers of
two sentences from the standard session. All play into a device that takes real time and is not heard. Their rounds
are interleaved, so that a busy machine hurts all alike. RealtimeTTS takes part where it is installed (see
docs/performance.md).

One definition for all: from the writing of the piece of text that follows a sentence's end to the sentence's first
sample being handed to the device. A later sentence waits for the one before it to be spoken; what can be better
or worse there is the silence between the two.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import psutil
from baselines.sequential import SENTENCE_END

from voicectl.cli.bench_session import Answer, after, before, delta, event, standard_session
from voicectl.cli.client import ask
from voicectl.cli.launch import Launch
from voicectl.cli.trace import fetch
from voicectl.config.load import load_settings

HERE = Path(__file__).parent
OVERRIDES = ("sink.spec=null", "parser.early_clause_chars=0")
"""Whole sentences only: the others have no clauses."""
PAUSE_S = 0.3
DEADLINE_S = 60.0

Heard = list[tuple[int, int]]
"""Of each sentence: its first sample, the end of the sound before it (0: none); monotonic ns."""


class System(Protocol):
    """Something that is written an answer piece by piece and speaks it."""

    name: str
    gaps: int

    def begin(self, number: int) -> None:
        """An answer begins."""

    def write(self, text: str) -> None:
        """A piece of it comes."""

    def finish(self, sentences: int) -> Heard:
        """The answer is over; return, when it was spoken, what was heard of it."""

    def processes(self) -> list[psutil.Process]:
        """Return everything that works for it."""

    def close(self) -> None:
        """End it."""


class Voicectl:
    """A pipeline of its own and one ``voicectl feed``."""

    name = "voicectl"

    def __init__(self, folder: str) -> None:
        os.environ |= {"VOICECTL_RUNTIME_DIR": f"{folder}/r", "VOICECTL_STATE_DIR": f"{folder}/s"}
        self._launch = Launch(load_settings(None, OVERRIDES, "offline").settings, lifeline=True)
        self._launch.wait_until_up(lambda *_: None)
        command = [sys.executable, "-m", "voicectl", "feed", "--quiet", "--format", "stream-json"]
        self._feed = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0)
        self._number = 0
        self._seen = 0

    @property
    def gaps(self) -> int:
        """How often the sound broke off."""
        return int(ask("stats")["counters"]["sink"].get("underruns", 0))

    def begin(self, number: int) -> None:
        """Write the lines before the first word."""
        self._number = number
        self._write(*before(number))

    def write(self, text: str) -> None:
        """Write one delta."""
        self._write(event(self._number, {"type": "content_block_delta", "index": 0, "delta": delta(text)}))

    def finish(self, sentences: int) -> Heard:
        """End the answer and wait for its sound."""
        self._write(*after(self._number), {"type": "result", "subtype": "success", "is_error": False})
        deadline = time.monotonic() + DEADLINE_S
        while len(done := [each for each in fetch().utterances if each.ended]) < self._seen + sentences:
            if time.monotonic() > deadline:
                raise TimeoutError(f"answer {self._number} was not spoken")
            time.sleep(0.25)
        spoken, self._seen = done[self._seen :], self._seen + sentences
        ends = [0, *(each.ended for each in spoken)]
        return [(each.receipt.first_sample, end) for each, end in zip(spoken, ends, strict=False)]

    def processes(self) -> list[psutil.Process]:
        """Return the supervisor, its stages and the feed."""
        supervisor = psutil.Process(self._launch.process.pid)
        return [supervisor, *supervisor.children(recursive=True), psutil.Process(self._feed.pid)]

    def close(self) -> None:
        """Stop the pipeline."""
        self._feed.kill()
        self._feed.communicate()
        self._launch.close()
        self._launch.process.wait()

    def _write(self, *lines: dict[str, object]) -> None:
        assert self._feed.stdin
        for line in lines:
            self._feed.stdin.write(msgspec.json.encode(line) + b"\n")


class Baseline:
    """A program of ``baselines`` in a process of its own."""

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self.gaps = 0
        command = [sys.executable, "-W", "ignore", "-m", f"baselines.{module}"]
        self._process = subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._read("ready")

    def begin(self, number: int) -> None:
        """Nothing comes before the first word."""

    def write(self, text: str) -> None:
        """Send a piece."""
        self._send({"text": text})

    def finish(self, sentences: int) -> Heard:
        """Send the end and wait for the sound."""
        self._send({"end": True})
        result = self._read("heard")
        self.gaps += result["gaps"]
        assert len(result["heard"]) == sentences, f"{self.name} made {len(result['heard'])} sentences of {sentences}"
        return [(first, end) for first, end in result["heard"]]

    def processes(self) -> list[psutil.Process]:
        """Return it and its workers."""
        process = psutil.Process(self._process.pid)
        return [process, *process.children(recursive=True)]

    def close(self) -> None:
        """End it; its workers end with their input."""
        self._process.kill()
        self._process.communicate()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def _read(self, key: str) -> Any:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith(b"{") and key in (message := json.loads(line)):
                return message
        raise ChildProcessError(f"{self.name} ended with status {self._process.wait()}")


class Figures(NamedTuple):
    """What was measured of one system: milliseconds, and seconds of CPU."""

    first: list[float]
    later: list[float]
    silence: list[float]
    cpu: list[float]


def two_sentence_answers() -> list[Answer]:
    """Return the answers of the standard session that have two sentences, the shortest first."""
    answers = [each for each in standard_session() if len(SENTENCE_END.split(joined(each))) == 2]
    return sorted(answers, key=lambda each: len(joined(each)))


def joined(answer: Answer) -> str:
    """Return an answer's text."""
    return "".join(text for _, text in answer)


def speak(system: System, number: int, answer: Answer) -> tuple[Heard, list[int]]:
    """Write an answer with its pace; return what was heard, and when each sentence's end was certain."""
    second = len(SENTENCE_END.split(joined(answer))[0]) + 1
    began, written, certain = time.monotonic(), 0, 0
    system.begin(number)
    for at, text in answer:
        time.sleep(max(0.0, began + at - time.monotonic()))
        if written <= second < written + len(text):
            certain = time.monotonic_ns()
        system.write(text)
        written += len(text)
    end = time.monotonic_ns()
    return system.finish(2), [certain, end]


def run(system: System, number: int, answer: Answer, figures: Figures) -> None:
    """Take one round."""
    before_cpu = _cpu_s(system)
    heard, certain = speak(system, number, answer)
    figures.cpu.append(_cpu_s(system) - before_cpu)
    figures.first.append((heard[0][0] - certain[0]) / 1e6)
    figures.later.append((heard[1][0] - certain[1]) / 1e6)
    figures.silence.append((heard[1][0] - heard[1][1]) / 1e6)
    time.sleep(PAUSE_S)


def _cpu_s(system: System) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in system.processes())


def measure(rounds: int) -> dict[str, dict[str, Any]]:
    """Return the figures of every system; a first round, which warms up, is not counted."""
    answers = two_sentence_answers()[: rounds + 1]
    with tempfile.TemporaryDirectory(prefix="vcfirst-") as folder:
        systems: list[System] = [Voicectl(folder), Baseline("sequential", "sequential")]
        if importlib.util.find_spec("RealtimeTTS"):
            systems.append(Baseline("RealtimeTTS", "realtime_tts"))
        figures = {system.name: Figures([], [], [], []) for system in systems}
        try:
            for number, answer in enumerate(answers):
                # In turn: the first one reads the pages of the voice's dictionary for the others.
                turn = number % len(systems)
                for system in systems[turn:] + systems[:turn]:
                    run(system, number, answer, figures[system.name])
            return {system.name: summary(figures[system.name], system.gaps) for system in systems}
        finally:
            for system in systems:
                system.close()


def summary(figures: Figures, gaps: int) -> dict[str, Any]:
    """Return medians and p95 in milliseconds, seconds of CPU for one answer, and the number of gaps."""
    rows = {name: getattr(figures, name)[1:] for name in ("first", "later", "silence")}
    result: dict[str, Any] = {
        name: {"p50": round(statistics.median(row), 1), "p95": round(sorted(row)[int(len(row) * 0.95)], 1)}
        for name, row in rows.items()
    }
    return {
        **result,
        "gaps": gaps,
        "cpu_s": round(statistics.median(figures.cpu[1:]), 3),
        "answers": len(rows["first"]),
    }


def main() -> None:
    """Measure and print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=12, help="answers that are counted, 15 at most")
    options = parser.parse_args()
    systems = measure(options.rounds)
    if options.json:
        machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
        print(json.dumps({"unit": "ms", "systems": systems, "machine": machine}))
        return
    print(f"{'':<14}{'first p50':>11}{'p95':>9}{'later p50':>11}{'p95':>9}{'silence p50':>13}{'gaps':>6}{'CPU s':>8}")
    for name, row in systems.items():
        times = "".join(f"{row[kind]['p50']:>11.1f}{row[kind]['p95']:>9.1f}" for kind in ("first", "later"))
        print(f"{name:<14}{times}{row['silence']['p50']:>13.1f}{row['gaps']:>6}{row['cpu_s']:>8.2f}")
    count = next(iter(systems.values()))["answers"]
    print(f"ms; {count} answers of two sentences; CPU s: of one answer, all processes; {platform.platform()}")


if __name__ == "__main__":
    main()
