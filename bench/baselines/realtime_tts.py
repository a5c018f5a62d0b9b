"""RealtimeTTS (PyPI: realtimetts) with the same translator and voice behind an engine of its own kind.

Its stream splits the text, its threads synthesize and play; only the device is ``NullDevice`` in PyAudio's place.
Sentences are not cut into fragments, so that all systems speak the same ones; the tokenizer needs no download.
"""

import queue
from collections.abc import Iterator

from baselines.null_device import NullDevice, as_pyaudio
from baselines.serving import SAMPLE_RATE, Engines, pieces, report, say

PA_INT16 = 8


def serve() -> None:
    """Speak answers until the input ends."""
    device = NullDevice(SAMPLE_RATE)
    as_pyaudio(device)
    from RealtimeTTS import BaseEngine, TextToAudioStream

    class Engine(BaseEngine):  # type: ignore[misc]
        """What a user of RealtimeTTS would write around these two backends."""

        def __init__(self) -> None:
            self.queue: queue.Queue[bytes] = queue.Queue()
            self.engines = Engines()
            self.sent = 0

        def post_init(self) -> None:
            """Name it."""
            self.engine_name = "voicectl"

        def get_stream_info(self) -> tuple[int, int, int]:
            """Return format, channels and rate."""
            return PA_INT16, 1, SAMPLE_RATE

        def synthesize(self, text: str, sentence_count: int = 0) -> bool:
            """Queue the speech of one sentence, as it is made."""
            device.begins.append(self.sent)
            for pcm in self.engines.speak(self.engines.translate(text)):
                self.sent += len(pcm)
                self.queue.put(pcm)
            return True

        def get_voices(self) -> list[object]:
            """There is one."""
            return []

        def set_voice(self, voice: object) -> None:
            """There is one."""

        def set_voice_parameters(self, **voice_parameters: object) -> None:
            """There are none."""

    engine = Engine()
    for _ in engine.engines.speak(engine.engines.translate("Ready.")):
        pass
    stream = TextToAudioStream(engine, tokenizer="rule-based", language="en")
    arrived = pieces()
    say({"ready": True})
    while True:
        first = arrived.get()
        device.clear()
        engine.sent = 0
        stream.feed(_answer(first, arrived))
        stream.play(fast_sentence_fragment=False, tokenizer="rule-based")
        device.drain()
        report(device)


def _answer(first: str | None, arrived: "queue.Queue[str | None]") -> Iterator[str]:
    if first is not None:
        yield first
        yield from iter(arrived.get, None)


if __name__ == "__main__":
    serve()
