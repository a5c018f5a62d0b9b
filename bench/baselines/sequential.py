"""The classic pipeline: one sentence at a time, translated, synthesized whole, and then played.

Translator and synthesizer are subprocesses that are sent a JSON line and answer with one; PCM travels as base64.
``python -m baselines.sequential`` drives, with ``translator`` or ``synthesizer`` as its argument it is a worker.
"""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator

from baselines.null_device import NullDevice
from baselines.serving import SAMPLE_RATE, Engines, pieces, report, say

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class Worker:
    """A subprocess that answers a line with a line."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-m", "baselines.sequential", kind]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, text: str) -> str:
        """Send a text and return the answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"text": text}) + "\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline())["answer"])


def work(kind: str) -> None:
    """Answer every line of standard input."""
    engines = Engines()
    for line in sys.stdin:
        text = json.loads(line)["text"]
        if kind == "translator":
            say({"answer": engines.translate(text)})
        else:
            say({"answer": base64.b64encode(b"".join(engines.speak(text))).decode()})


def sentences(answer: Iterator[str]) -> Iterator[str]:
    """Yield the sentences of an answer, each as soon as something follows it."""
    text = ""
    for piece in answer:
        text += piece
        *whole, rest = SENTENCE_END.split(text)
        if whole and rest:
            yield from whole
            text = rest
    if text.strip():
        yield text.strip()


def drive() -> None:
    """Speak answers until the input ends."""
    translator, synthesizer = Worker("translator"), Worker("synthesizer")
    synthesizer.ask(translator.ask("Ready."))  # so that both have loaded
    arrived = pieces()
    say({"ready": True})
    while True:
        device = NullDevice(SAMPLE_RATE)
        for sentence in sentences(iter(arrived.get, None)):
            pcm = base64.b64decode(synthesizer.ask(translator.ask(sentence)))
            device.begins.append(device.position)
            device.play(pcm)
            device.drain()
        report(device)


if __name__ == "__main__":
    if sys.argv[1:]:
        work(sys.argv[1])
    else:
        drive()
