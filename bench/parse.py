"""What the parser costs: how late a sentence leaves it, and how much stream-json it reads, in one run.

*Delay* is from the delta that makes a sentence's end certain to the return of the call that gives the sentence out:
each recording is fed line by line, as it comes from a live agent. *Throughput* is of the same recordings in pieces of
64 KiB, as ``voicectl parse`` reads a file, against nothing but the decoding of every line with msgspec. Its rounds are
interleaved and measured in CPU time, so that a busy machine hurts both alike; the best round counts.
"""

import argparse
import itertools
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from voicectl.actors.parser.reader import FeedParser, Spoken
from voicectl.config.load import load_settings
from voicectl.config.settings import ParserSettings

HERE = Path(__file__).parent
FOLDERS = (HERE.parent / "tests" / "data" / "recordings", HERE.parents[1] / "shared" / "recordings")
PIECE = 65536
AT_LEAST = 4_000_000
"""Bytes a round of the throughput; short recordings are read over and over."""


def delays(recordings: list[bytes], settings: ParserSettings) -> list[float]:
    """Return for every call that gave out a sentence how long it took, in milliseconds."""
    found: list[float] = []
    for recording in recordings:
        parser = FeedParser(settings)
        for line in recording.splitlines(keepends=True):
            begun = time.perf_counter_ns()
            items = parser.feed(line)
            took = time.perf_counter_ns() - begun
            if any(isinstance(item, Spoken) for item in items):
                found.append(took / 1e6)
    return found


def parse(recordings: list[bytes], settings: ParserSettings) -> None:
    """Parse whole recordings as the command does."""
    for recording in recordings:
        parser = FeedParser(settings)
        for start in range(0, len(recording), PIECE):
            parser.feed(recording[start : start + PIECE])
        parser.finish()


def decode(recordings: list[bytes]) -> None:
    """Decode every line and do nothing with it."""
    decoder = msgspec.json.Decoder()
    for recording in recordings:
        for line in recording.splitlines():
            decoder.decode(line)


def rate(work: Callable[[], None], size: int) -> float:
    """Return the megabytes a second of one round."""
    begun = time.process_time_ns()
    for _ in range(-(-AT_LEAST // size)):
        work()
    return -(-AT_LEAST // size) * size * 1e3 / (time.process_time_ns() - begun)


def measure(paths: list[Path], rounds: int) -> dict[str, dict[str, float]]:
    """Return delay (ms) over all recordings, and throughput (MB/s) of the longest one and of all together."""
    settings = msgspec.structs.replace(
        load_settings(environ={"XDG_CONFIG_HOME": os.devnull}).settings.parser, early_clause_chars=0
    )
    recordings = [path.read_bytes() for path in paths]
    delays(recordings, settings)  # warm
    waits = sorted(itertools.chain.from_iterable(delays(recordings, settings) for _ in range(rounds)))
    figures = {
        "delay_ms": {
            "p50": waits[len(waits) // 2],
            "p99": waits[int(len(waits) * 0.99)],
            "max": waits[-1],
            "sentences": len(waits),
        }
    }
    for name, part in (("longest", [max(recordings, key=len)]), ("all", recordings)):
        size = sum(map(len, part))
        pairs = [
            (rate(lambda part=part: parse(part, settings), size), rate(lambda part=part: decode(part), size))
            for _ in range(rounds)
        ]
        ours, bare = (max(rates) for rates in zip(*pairs, strict=True))
        figures[f"{name}_mb_s"] = {"ours": ours, "json": bare}
    return figures


def main() -> None:
    """Measure and print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("recordings", nargs="*", type=Path, help="default: every *.partial.jsonl of the recordings")
    options = parser.parse_args()
    paths = options.recordings or sorted(path for folder in FOLDERS for path in folder.rglob("*.partial.jsonl"))
    figures = measure(paths, options.rounds)
    if options.json:
        machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
        print(json.dumps({"recordings": len(paths), **figures, "machine": machine}))
        return
    delay = figures["delay_ms"]
    print(f"{len(paths)} recordings, {delay['sentences']:.0f} sentences")
    print(f"delay of a sentence: p50 {delay['p50']:.2f}, p99 {delay['p99']:.2f}, max {delay['max']:.2f} ms")
    for name in ("longest", "all"):
        rates = figures[f"{name}_mb_s"]
        print(f"stream-json, {name}: {rates['ours']:.1f} MB/s (bare JSON decoding {rates['json']:.0f} MB/s)")


if __name__ == "__main__":
    main()
