"""What the baselines have in common: text comes piece by piece on standard input, results go out as JSON lines.

In: ``{"text": " piece"}`` …, then ``{"end": true}``, for each answer. Out: ``{"ready": true}`` once, then for each
answer ``{"heard": [[first sample, end of the sound before it], …], "gaps": n}``, stamps in monotonic nanoseconds.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from typing import Any

from baselines.null_device import NullDevice

from voicectl.actors.synthesizer.factory import load_backend as load_voice
from voicectl.actors.translator.backend import Source
from voicectl.actors.translator.factory import load_backend as load_translator
from voicectl.config.load import load_settings

SAMPLE_RATE = 48_000


def settings() -> Any:
    """Return the settings that voicectl runs with here: the embedded default."""
    return load_settings(None, (), "offline").settings


class Engines:
    """voicectl's own translator and voice, called directly."""

    def translate(self, text: str) -> str:
        """Return a sentence in Japanese."""
        if not hasattr(self, "_translator"):
            chosen = settings()
            self._translator = load_translator(chosen.translator, chosen.language)
        return self._translator.translate([Source(text, ())])[0].text

    def speak(self, text: str) -> Iterator[bytes]:
        """Yield the speech of a Japanese sentence as it is made."""
        if not hasattr(self, "_voice"):
            self._voice = load_voice(settings().synthesizer, "ja")
        for pcm in self._voice.synthesize(text):
            yield pcm.samples.tobytes()


def pieces() -> "queue.Queue[str | None]":
    """Return a queue of pieces of text, None at the end of each answer; the program ends with its input."""
    arrived: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            arrived.put(json.loads(line).get("text"))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return arrived


def say(message: dict[str, Any]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def report(device: NullDevice) -> None:
    """Say what became of an answer."""
    say({"heard": device.heard, "gaps": device.gaps})
