"""Detection: each sentence is translated from the language it is in."""

from collections.abc import Iterator

import pytest

from voicectl.actors.translator.backend import Result, Source
from voicectl.actors.translator.detecting import DetectingBackend, Detector
from voicectl.actors.translator.factory import choose, load_backend
from voicectl.config.settings import LanguageSettings
from voicectl.protocol.errors import BackendUnavailable
from voicectl.protocol.message import Span

AUTO = LanguageSettings(source="auto", target="ja")


class Labelling:
    """A backend for German and English that writes before each sentence what it was told the language is."""

    name = "labelling"
    device = "cpu"

    def __init__(self) -> None:
        self._source = ""
        self.batches: list[int] = []
        self.closed = False

    def set_source(self, code: str) -> None:
        """Take the language, unless it is another one."""
        if code not in ("eng_Latn", "deu_Latn"):
            raise BackendUnavailable("unknown")
        self._source = code

    def translate(self, batch: list[Source]) -> list[Result]:
        """Write the language before each text."""
        self.batches.append(len(batch))
        return [Result(f"{self._source}: {source.text}") for source in batch]

    def close(self) -> None:
        """Remember it."""
        self.closed = True


@pytest.fixture
def detector() -> Iterator[Detector]:
    """Return a detector that has heard nothing."""
    return Detector()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I have read the file and changed three of its functions.", "eng_Latn"),
        ("Ich habe die Datei gelesen und drei Funktionen geändert.", "deu_Latn"),
        ("J'ai lu le fichier et modifié trois de ses fonctions.", "fra_Latn"),
        ("ファイルを読んで、関数を変更しました。", "jpn_Jpan"),
        ("我已经修改了这个文件并运行了测试。", "zho_Hans"),
        ("Я прочитал файл и изменил три функции.", "rus_Cyrl"),
    ],
)
def test_a_sentence_tells_its_language(detector: Detector, text: str, code: str) -> None:
    """A sentence of usual length is enough."""
    assert detector.detect(Source(text)) == code


def test_a_short_sentence_is_in_the_language_of_the_one_before(detector: Detector) -> None:
    """At first that is English."""
    texts = ["OK.", "Die Tests laufen jetzt alle ohne Fehler durch.", "OK.", "Done."]
    assert [detector.detect(Source(text)) for text in texts] == ["eng_Latn", "deu_Latn", "deu_Latn", "deu_Latn"]


def test_code_says_nothing_about_the_language(detector: Detector) -> None:
    """The words of a command are left out."""
    code = "echo Ich habe die Datei gelesen und drei Funktionen geändert"
    assert detector.detect(Source(f"Now {code}", (Span(kind="code", text=code),))) == "eng_Latn"


def test_each_language_is_a_batch_and_the_target_is_left_alone() -> None:
    """Results stay in order; a language that the backend does not know is refused, for the next backend to try."""
    inner = Labelling()
    backend = DetectingBackend(inner, "jpn_Jpan")
    texts = [
        "I have read the file and changed it.",
        "Then I ran all of the tests again.",
        "Danach habe ich alle Tests noch einmal laufen lassen.",
        "テストは全部合格しました。",
        "Я прочитал файл и изменил три функции.",
    ]
    results = backend.translate([Source(text) for text in texts])
    assert [result.text for result in results] == [
        f"eng_Latn: {texts[0]}",
        f"eng_Latn: {texts[1]}",
        f"deu_Latn: {texts[2]}",
        texts[3],
        texts[4],
    ]
    assert [result.notes for result in results[3:]] == [("original",), ("original", "cannot translate ru", "refused")]
    assert [result.language for result in results] == ["en", "en", "de", "ja", "ru"]
    assert inner.batches == [2, 1]
    backend.close()
    assert inner.closed


def test_the_starter_translates_what_is_english(settings) -> None:
    """With ``language.source = "auto"`` it is chosen for Japanese, and leaves other languages to the fallback."""
    assert choose(settings(backend="auto"), AUTO)[0] in ("starter", "nllb")
    backend = load_backend(settings(), AUTO, "starter")
    english, german = backend.translate(
        [Source("The tests pass now, and the server is running."), Source("Die Tests laufen jetzt alle durch.")]
    )
    backend.close()
    assert (backend.name, english.notes) == ("starter", ())
    assert "テスト" in english.text
    assert german.notes == ("original", "cannot translate de", "refused")
