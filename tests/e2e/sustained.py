"""Input at 1,000 words a minute, for as long as asked: ``python tests/e2e/sustained.py --minutes 10 --hogs 2``.

The standard session's answers are written word by word, over and over, as Claude Code's stream has them. With ``null``
they are spoken at the voice's natural pace, so the backlog grows, in the journal; with ``null:fast`` nothing may be
left behind. Exit status 1 when the sound ran dry inside a sentence, when a process has grown by more than 5 % since the
first minute, when coordination took more than 20 % of a core, or when ``null:fast`` fell behind.
"""

import argparse
import itertools
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

import msgspec
import psutil
from instance import STAGES, Instance

from voicectl.cli.bench_session import SESSION_ID, after, before, delta, event, standard_session

WORD_S = 60 / 1000
PROCESSES = (*STAGES, "supervisor", "feed")
COORDINATION = ("parser", "sink", "supervisor", "feed")
"""Processes that hold no model; the base machinery of the other two is measured with ``--no-models``."""
COORDINATION_PERCENT = 20.0
GROWTH = 1.05
BEHIND = 40
"""Sentences that ``null:fast`` may be behind: the window, and those of the answer that is just being written."""
NO_MODELS = ("translator.backend=none", "synthesizer.backend=poison:SteadyVoice")


class Sample(NamedTuple):
    """What the product says of itself ``seconds`` after the first word; CPU seconds and MB by process."""

    seconds: float
    words: int
    spoken: int
    queued: int
    underruns: int
    rss_mb: dict[str, float]
    cpu_s: dict[str, float]


class Writer(threading.Thread):
    """An agent that writes 1,000 words a minute into a pipe; ``words`` is how many it has written."""

    def __init__(self, pipe: IO[bytes], seconds: float) -> None:
        super().__init__(name="writer", daemon=True)
        self.words = 0
        self.began = time.monotonic()
        self._pipe = pipe
        self._seconds = seconds

    def run(self) -> None:
        """Write each word in its time, the last answer to its end."""
        for line, is_word in lines():
            if is_word:
                time.sleep(max(0.0, self.began + self.words * WORD_S - time.monotonic()))
                self.words += 1
            elif time.monotonic() - self.began > self._seconds:
                break
            self._pipe.write(line)
            self._pipe.flush()


def lines() -> Iterator[tuple[bytes, bool]]:
    """Yield the lines of a session that never ends, and whether each one carries a word."""
    for number, answer in enumerate(itertools.cycle(standard_session()), 1):
        for line in before(number):
            yield _encoded(line), False
        for word in re.findall(r"\s*\S+", "".join(text for _, text in answer)):
            yield _encoded(event(number, {"type": "content_block_delta", "index": 0, "delta": delta(word)})), True
        result = {"type": "result", "subtype": "success", "is_error": False, "session_id": SESSION_ID}
        for line in (*after(number), result):
            yield _encoded(line), False


def _encoded(line: dict[str, object]) -> bytes:
    return msgspec.json.encode(line) + b"\n"


class Hogs:
    """Processes that use up a core each, at everybody's priority."""

    def __init__(self, count: int) -> None:
        self._processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


class Session:
    """A pipeline, a feed, and what was measured."""

    def __init__(self, instance: Instance, sink: str, settings: Sequence[str] = ()) -> None:
        """Start the pipeline."""
        self.samples: list[Sample] = []
        self._instance = instance
        instance.use_plugins()
        instance.up(sink, *(part for setting in settings for part in ("--set", setting)))

    def run(self, seconds: float, every: float) -> None:
        """Let an agent write for ``seconds``; take a sample every so many."""
        self.feed = self._instance.start("feed")
        assert self.feed.stdin
        pids = {name: self._instance.pid(name) for name in (*STAGES, "supervisor")} | {"feed": self.feed.pid}
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        writer = Writer(self.feed.stdin, seconds)
        writer.start()
        while writer.is_alive():
            self._sample(writer)
            writer.join(every)
        self._sample(writer)
        self.feed.stdin.close()

    def _sample(self, writer: Writer) -> None:
        stats = json.loads(self._instance.run("stats", "--json"))
        rss, cpu = {}, {}
        for name, process in self._processes.items():
            rss[name] = process.memory_info().rss / 2**20
            times = process.cpu_times()
            cpu[name] = times.user + times.system
        underruns = stats["counters"]["sink"].get("underruns", 0)
        seconds = time.monotonic() - writer.began
        queued = stats["queued"]["parser"]
        self.samples.append(Sample(seconds, writer.words, stats["spoken"], queued, underruns, rss, cpu))


def percent(samples: list[Sample], names: Sequence[str] = PROCESSES) -> float:
    """Return the share of one core that these processes took between the first and the last sample."""
    first, last = samples[0], samples[-1]
    used = sum(last.cpu_s[name] - first.cpu_s[name] for name in names)
    return 100 * used / (last.seconds - first.seconds)


def problems(samples: list[Sample], is_fast: bool) -> list[str]:
    """Return what was not as it should be."""
    last = samples[-1]
    warm = next(each for each in samples if each.seconds >= min(60, last.seconds / 2))
    found = [
        f"{name} has grown from {warm.rss_mb[name]:.1f} to {last.rss_mb[name]:.1f} MB"
        for name in PROCESSES
        if last.rss_mb[name] > GROWTH * warm.rss_mb[name]
    ]
    if last.underruns:
        found.append(f"the sound ran dry {last.underruns} times")
    if (share := percent(samples, COORDINATION)) > COORDINATION_PERCENT:
        found.append(f"coordination took {share:.1f} % of a core")
    if is_fast and last.queued > BEHIND:
        found.append(f"{last.queued} sentences are behind")
    return found


def table(samples: list[Sample]) -> str:
    """Return the samples as lines of a table: memory in MB, CPU in per cent of a core since the start."""
    heading = "".join(f"{name:>13}" for name in PROCESSES)
    rows = [f"{'s':>6}{'words':>8}{'spoken':>8}{'queued':>8}{'dry':>5}{heading}"]
    for each in samples:
        memory = "".join(f"{each.rss_mb[name]:>13.1f}" for name in PROCESSES)
        rows.append(f"{each.seconds:>6.0f}{each.words:>8}{each.spoken:>8}{each.queued:>8}{each.underruns:>5}{memory}")
    shares = "".join(f"{percent(samples, [name]):>12.1f}%" for name in PROCESSES)
    return "\n".join([*rows, f"{'CPU':<35}{shares}", f"coordination: {percent(samples, COORDINATION):.1f} % of a core"])


def main() -> int:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--hogs", type=int, default=0, help="processes beside it that use up a core each")
    parser.add_argument("--sink", default="null", help="null or null:fast")
    parser.add_argument("--no-models", action="store_true", help="no translation, a tone of natural length")
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two samples")
    parser.add_argument("--json", type=Path, help="write the samples to this file")
    options = parser.parse_args()
    with Instance() as instance, Hogs(options.hogs):
        session = Session(instance, options.sink, NO_MODELS if options.no_models else ())
        session.run(60 * options.minutes, options.every)
    found = problems(session.samples, options.sink == "null:fast")
    print(table(session.samples))
    print("\n".join(f"PROBLEM {problem}" for problem in found) or "sustained")
    if options.json:
        options.json.write_text(json.dumps([sample._asdict() for sample in session.samples], indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
