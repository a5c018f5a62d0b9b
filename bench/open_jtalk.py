"""What streaming inside the sentence gains with Open JTalk, and whether anything of it can be heard.

Every text of the test set of readings is spoken twice: streamed, as ``voicectl`` does it, and in one go, as the engine
does it by itself. Compared are the samples, and the work until the first chunk: processor time, which a busy machine
does not lengthen much.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import numpy as np

from voicectl.actors.synthesizer.openjtalk.backend import SAMPLE_RATE, OpenJTalkBackend
from voicectl.actors.synthesizer.readings.reader import Reader
from voicectl.config.load import load_settings

TEXTS = Path(__file__).parents[1] / "tests" / "data" / "readings.tsv"


def speak(backend: OpenJTalkBackend, text: str) -> tuple[float, float, np.ndarray]:
    """Return the milliseconds of work until the first chunk and until the last, and all samples."""
    begun = time.thread_time()
    chunks, ends = [], []
    for chunk in backend.synthesize(text):
        ends.append((time.thread_time() - begun) * 1e3)
        chunks.append(chunk.samples)
    return ends[0], ends[-1], np.concatenate(chunks)


def measure(texts: list[str]) -> dict[str, float]:
    """Return what both ways of speaking the texts cost and in how many samples they differ."""
    settings = load_settings(environ={"XDG_CONFIG_HOME": os.devnull}).settings.synthesizer
    streamed, whole = OpenJTalkBackend(settings, "ja"), OpenJTalkBackend(settings, "ja", streaming=False)
    rows, different, seconds = [], 0, 0.0
    for text in texts:
        first, last, samples = speak(streamed, text)
        _, reference_last, reference = speak(whole, text)
        same = len(samples) == len(reference)
        different += int(np.count_nonzero(samples != reference)) if same else len(reference)
        seconds += len(samples) / SAMPLE_RATE
        rows.append((first, last, reference_last))
    firsts, lasts, references = (sorted(column) for column in zip(*rows, strict=True))
    return {
        "texts": len(texts),
        "seconds": round(seconds, 1),
        "samples that differ": different,
        "first chunk p50 ms": round(statistics.median(firsts), 1),
        "first chunk p95 ms": round(firsts[int(0.95 * len(firsts))], 1),
        "in one go p50 ms": round(statistics.median(references), 1),
        "in one go p95 ms": round(references[int(0.95 * len(references))], 1),
        "all, against in one go": round(sum(lasts) / sum(references), 3),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--texts", type=int, default=1000, help="no more than this many")
    options = parser.parse_args()
    reader = Reader()
    lines = TEXTS.read_text(encoding="utf-8").splitlines()
    texts = [reader.read(line.partition("\t")[0]) for line in lines if line and not line.startswith("#")]
    figures = measure(texts[-options.texts :])
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, figure in figures.items():
            print(f"{name:24} {figure:>10}")


if __name__ == "__main__":
    main()
