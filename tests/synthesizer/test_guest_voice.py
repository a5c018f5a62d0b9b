"""What stays in the agent's language is spoken by a voice of that language."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from voicectl.actors.base import Wiring
from voicectl.actors.synthesizer.actor import SynthesizerActor
from voicectl.actors.synthesizer.factory import load_backend
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message, Utterance
from voicectl.protocol.messages import PROTOCOL_VERSION, Envelope
from voicectl.protocol.speaking import Audio, Deaths, Translation
from voicectl.protocol.supervising import Notice
from voicectl.protocol.trace import Trace

TEXT = "The tests have run through."

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


class Alone(SynthesizerActor):
    """The stage without its sockets: what it sends and reports is kept."""

    def __init__(self, runtime: Path, settings: SynthesizerSettings, language: str) -> None:
        super().__init__(Wiring(runtime), settings, language)
        self.sent: list[tuple[Message, bytes]] = []
        self.reported: list[Message] = []

    def send(self, message: Message, payload: bytes | memoryview = b"") -> None:
        """Keep the message."""
        self.sent.append((message, bytes(payload)))

    def report(self, message: Message) -> None:
        """Keep what the supervisor would be told."""
        self.reported.append(message)

    def working_on(self, play: int, count: int = 1) -> None:
        """Tell nobody."""

    def attend(self) -> None:
        """Expect no control."""

    def speak(self, language: str, deaths: int = 0) -> tuple[str, bytes]:
        """Return which backend spoke TEXT as text in a language, and its PCM."""
        body = Translation(
            utterance=Utterance(session="s", seq=1, play=1, epoch=0),
            source=TEXT,
            text=TEXT,
            language=language,
            backend="none",
            deaths=Deaths(synthesizer=deaths),
            trace=Trace(arrived=0),
        )
        self.sent.clear()
        self.handle(Frame(Envelope(v=PROTOCOL_VERSION, sender="t", sent=0, body=body), b"", 0))
        first = self.sent[0][0]
        assert isinstance(first, Audio)
        return first.synthesizer, b"".join(payload for _, payload in self.sent)


@pytest.fixture
def stage(tmp_path: Path, settings, request: pytest.FixtureRequest):
    """Return the stage, loaded for the language that the test is parametrized with."""
    actor = Alone(tmp_path, settings(), request.param)
    actor.setup()
    yield actor
    actor.teardown()
    actor.context.term()


def _pcm(settings: SynthesizerSettings, language: str) -> bytes:
    chunks = [chunk.samples for chunk in load_backend(settings, language).synthesize(TEXT)]
    return np.concatenate(chunks).tobytes()


@pytest.mark.parametrize("stage", ["de"], indirect=True)
def test_english_is_spoken_by_an_english_voice_and_german_by_the_listeners(stage: Alone, settings) -> None:
    """The listener is told once who speaks."""
    german, english = _pcm(settings(), "de"), _pcm(settings(), "en")
    assert german != english
    assert [stage.speak(language)[1] for language in ("en", "de", "en")] == [english, german, english]
    texts = [message.text for message in stage.reported if isinstance(message, Notice)]
    assert texts[0].startswith("what stays in 'en' is spoken by espeak-ng (")
    assert sum("stays in" in text for text in texts) == 1


@pytest.mark.parametrize("stage", ["de", "deu_Latn"], indirect=True)
def test_a_language_without_a_voice_is_spoken_by_the_listeners(stage: Alone, settings) -> None:
    """Nobody here speaks Cebuano; better a wrong voice than none. The code of a language is as good as its tag."""
    assert stage.speak("ceb") == ("espeak-ng", _pcm(settings(), "de"))
    assert stage.reported == []


@pytest.mark.parametrize("stage", ["ja", "jpn_Jpan"], indirect=True)
def test_english_in_japanese_is_read_by_the_japanese_voice(stage: Alone, settings) -> None:
    """As a Japanese developer would read it; German is not, unless it may have killed the stage twice."""
    assert stage.speak("en")[0] == "openjtalk"
    german = ("espeak-ng", _pcm(settings(), "de"))
    assert stage.speak("de") == german
    assert stage.speak("de", deaths=2) != german
