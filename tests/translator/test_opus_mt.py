"""OPUS-MT: the real class loads a real Marian checkpoint through transformers and translates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_nllb import PAIRS
from voicectl.actors.translator import factory
from voicectl.actors.translator.backend import Source
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendUnavailable

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:Recommended")]

Settings = Callable[..., TranslatorSettings]


@pytest.fixture(scope="session")
def tiny_marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint for one pair of languages."""
    from tiny_marian import make_tiny_marian

    return make_tiny_marian(tmp_path_factory.mktemp("marian") / "en-ja")


def test_sentences_come_out_exactly(
    tiny_marian: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """The checkpoint's own form makes it opus-mt; a batch gives the Japanese it was trained on."""
    backend = factory.load_backend(settings(model=str(tiny_marian)), english_to_japanese)
    assert (backend.name, backend.device) == ("opus-mt", "cpu")
    assert [result.text for result in backend.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())
    backend.close()


def test_a_model_for_several_languages_is_told_which(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """By a token before the text; a language that it has not is refused in one line."""
    from tiny_marian import make_tiny_marian

    folder = make_tiny_marian(tmp_path / "en-mul", (">>jpn<<", ">>cmn_Hans<<"))
    backend = factory.load_backend(settings(model=str(folder)), english_to_japanese)
    assert backend.translate([Source("The tests passed.")])[0].text == PAIRS["The tests passed."]
    backend.close()
    with pytest.raises(BackendUnavailable, match="does not translate to de, only to: >>jpn<<"):
        factory.load_backend(settings(model=str(folder)), LanguageSettings(source="en", target="de"))


@pytest.mark.parametrize(
    ("source", "target", "model"),
    [("en", "ja", "en-jap"), ("ja", "en", "ja-en"), ("en-US", "zh-Hant", "en-zh"), ("de", "fr", "de-fr")],
)
def test_the_default_model_is_that_of_the_pair(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, source: str, target: str, model: str
) -> None:
    """Where it is not on this machine, the line names it."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BackendUnavailable, match=f"Helsinki-NLP/opus-mt-{model} "):
        factory.load_backend(settings(), LanguageSettings(source=source, target=target), "opus-mt")


def test_a_folder_without_a_tokenizer_is_unavailable(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """One line that names the folder."""
    with pytest.raises(BackendUnavailable) as caught:
        factory.load_backend(settings(model=str(tmp_path)), english_to_japanese, "opus-mt")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
