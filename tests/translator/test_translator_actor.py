"""The translator stage: what the guards keep back goes to the next backend."""

from pathlib import Path

import pytest
from fakes import Scripted

from voicectl.actors.base import Wiring
from voicectl.actors.phrases.english import say
from voicectl.actors.phrases.mark import marked
from voicectl.actors.translator import guarded
from voicectl.actors.translator.actor import TranslatorActor
from voicectl.actors.translator.backend import Result, Source
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message, Span, Utterance
from voicectl.protocol.messages import PROTOCOL_VERSION, Envelope
from voicectl.protocol.speaking import Sentence, Translation
from voicectl.protocol.trace import Trace


class Stubborn:
    """A backend of the user's own that knows one sentence and mumbles the others."""

    name = "stubborn"
    device = "cpu"

    def __init__(self, settings: TranslatorSettings, language: LanguageSettings) -> None:
        self._decoder = Scripted({"Hello.": "こんにちは。"})

    def translate(self, batch: list[Source]) -> list[Result]:
        """Translate through the ladder."""
        return guarded.translate(self._decoder, batch, source="eng_Latn", target="jpn_Jpan")

    def close(self) -> None:
        """Do nothing."""


class Alone(TranslatorActor):
    """The stage without its sockets: what it sends is kept."""

    def __init__(self, runtime: Path, settings: TranslatorSettings, target: str = "ja", source: str = "en") -> None:
        super().__init__(Wiring(runtime), settings, LanguageSettings(source=source, target=target))
        self.sent: list[Message] = []

    def send(self, message: Message, payload: bytes = b"") -> None:
        """Keep the message."""
        self.sent.append(message)

    def waiting(self, limit: int) -> list[Frame]:
        """Say that nothing waits."""
        return []

    def working_on(self, play: int, count: int = 1) -> None:
        """Tell nobody."""


class Witness:
    """A backend of the user's own that says which spans it was given."""

    name = "witness"
    device = "cpu"

    def __init__(self, *_: object) -> None:
        """Take the settings that every backend gets."""

    def translate(self, batch: list[Source]) -> list[Result]:
        """Return the kinds of the spans."""
        return [Result(f"spans: {[span.kind for span in source.spans]}") for source in batch]

    def close(self) -> None:
        """Do nothing."""


def _answer(actor: Alone, text: str, spans: tuple[Span, ...] = ()) -> Translation:
    utterance = Utterance(session="s", seq=1, play=1, epoch=0)
    body = Sentence(utterance=utterance, text=text, spans=spans, trace=Trace(arrived=0))
    actor.handle(Frame(Envelope(v=PROTOCOL_VERSION, sender="t", sent=0, body=body), b"", 0))
    answer = actor.sent.pop()
    assert isinstance(answer, Translation)
    return answer


@pytest.mark.parametrize(
    ("fallback", "backend", "notes"),
    [(("starter", "none"), "starter", ("unknown piece",)), (("none",), "none", ("original", "unknown piece"))],
)
def test_a_refused_sentence_goes_to_the_next_backend_and_at_last_stays_as_it_is(
    tmp_path: Path, settings, fallback: tuple[str, ...], backend: str, notes: tuple[str, ...]
) -> None:
    """The note says which guard of the first backend spoke; sentences it can translate stay with it."""
    actor = Alone(tmp_path, settings(backend=f"{__name__}:Stubborn", fallback=fallback))
    actor.setup()
    good, other = _answer(actor, "Hello."), _answer(actor, "The tests pass now.")
    actor.teardown()
    actor.context.term()
    assert (good.text, good.backend, good.notes) == ("こんにちは。", "stubborn", ())
    assert (other.backend, other.notes) == (backend, notes)
    assert ("テスト" in other.text) is (backend == "starter")


@pytest.mark.parametrize(
    ("target", "text", "own", "translation", "backend"),
    [
        ("ja", say("skipped"), True, "古い部分を省略しました。", "phrases"),
        ("en", say("skipped"), True, say("skipped"), "phrases"),
        ("ja", say("skipped"), False, "spans: ['flag']", "witness"),
        ("ja", "Read the old text.", True, "spans: ['flag']", "witness"),
        ("sw", say("skipped"), True, "spans: ['flag']", "witness"),
    ],
)
def test_what_voicectl_says_itself_comes_from_the_catalogue(
    tmp_path: Path, settings, target: str, text: str, own: bool, translation: str, backend: str
) -> None:
    """Only what is marked and known there, in a language that has one; the backend is not told of the mark."""
    actor = Alone(tmp_path, settings(backend=f"{__name__}:Witness"), target)
    actor.setup()
    spans = (Span(kind="flag", text="old"),)
    answer = _answer(actor, text, marked(text, spans) if own else spans)
    actor.teardown()
    actor.context.term()
    assert (answer.source, answer.text, answer.backend) == (text, translation, backend)


@pytest.mark.parametrize(
    ("backend", "source", "target", "text", "language"),
    [
        ("none", "en", "de", "All tests pass.", "en"),
        ("none", "eng_Latn", "deu_Latn", "All tests pass.", "en"),
        ("none", "en", "de", "`auth.py`, v2.3.1.", "de"),
        ("none", "auto", "de", "All tests pass.", "de"),
        ("starter", "en", "ja", "All tests pass.", "ja"),
        ("starter", "auto", "ja", "Alle Tests laufen jetzt ohne Fehler durch.", "de"),
        ("starter", "auto", "ja", "テストは全部合格しました。", "ja"),
    ],
)
def test_a_translation_says_which_language_it_is_in(
    tmp_path: Path, settings, backend: str, source: str, target: str, text: str, language: str
) -> None:
    """That of the agent's words where they were kept and there are any; the target where nobody knows."""
    actor = Alone(tmp_path, settings(backend=backend, fallback=("none",)), target, source)
    actor.setup()
    assert _answer(actor, text).language == language
    actor.teardown()
    actor.context.term()
