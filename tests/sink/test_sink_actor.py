"""The sink's actor, between neighbours that a test stands in for."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sink_parts import MS, audio, settings, speech

from voicectl.actors.base import Wiring
from voicectl.actors.sink import actor
from voicectl.actors.sink.actor import SinkActor
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message
from voicectl.protocol.messages import PROTOCOL_VERSION, Envelope
from voicectl.protocol.speaking import Ledger, Receipt


class Sink(SinkActor):
    """A sink without neighbours that keeps what it would send."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Wiring(runtime=folder), settings("null"))
        self.sent: list[Message] = []
        self.setup()
        self.activate()

    def send(self, message: Message, payload: bytes | memoryview | None = None, to: str = "") -> None:
        """Keep it."""
        self.sent.append(message)

    def hear(self, play: int) -> None:
        """Take a short utterance whole."""
        header = Envelope(v=PROTOCOL_VERSION, sender="synthesizer.1", sent=1, body=audio(play, last=True))
        self.handle(Frame(header, speech(play, 80).tobytes(), time.monotonic_ns()))

    def has_reported(self, play: int, state: str) -> bool:
        """Whether a receipt says this of an utterance."""
        receipts = [each for each in self.sent if isinstance(each, Receipt)]
        return any(each.utterance.play == play and each.state == state for each in receipts)


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """A sink that keeps real time, on a clock that goes on by a millisecond whenever it is read."""
    clock = itertools.count(time.monotonic_ns(), MS)
    monkeypatch.setattr(actor, "time", SimpleNamespace(monotonic_ns=lambda: next(clock)))
    sink = Sink(tmp_path)
    yield sink
    sink.teardown()
    sink.context.term()


def test_the_first_sample_after_a_silence_does_not_wait_for_the_next_turn(sink: Sink) -> None:
    """In the very turn in which an idle sink finds speech, the output is given its beginning."""
    sink.hear(1)
    while not sink.has_reported(1, "spoken"):
        sink.poll()
    sink.hear(2)
    sink.poll()
    assert sink.has_reported(2, "speaking")


def test_a_new_parser_is_told_what_the_one_before_may_not_have_heard(sink: Sink) -> None:
    """Its ledger says what was spoken, but only the receipts say in which words; they come first."""
    sink.hear(1)
    while not sink.has_reported(1, "spoken"):
        sink.poll()
    sink.sent.clear()
    sink.connected("parser")
    assert [each.state for each in sink.sent[:-1] if isinstance(each, Receipt)] == ["speaking", "spoken"]
    assert isinstance(sink.sent[-1], Ledger)
