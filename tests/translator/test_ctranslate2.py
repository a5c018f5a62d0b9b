"""CTranslate2: a converted model of the user's own is loaded from its folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_nllb import PAIRS
from voicectl.actors.translator.backend import Source
from voicectl.actors.translator.ctranslate2 import CTranslate2Backend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models.store import STARTER
from voicectl.protocol.errors import BackendError, BackendUnavailable

Settings = Callable[..., TranslatorSettings]


@pytest.mark.torch
def test_a_converted_nllb_translates_exactly(
    tiny_ct2: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """The same sentences come out as from the checkpoint before its conversion, as one batch."""
    backend = CTranslate2Backend(tiny_ct2, settings(dtype="float32"), english_to_japanese)
    assert backend.name == "ctranslate2"
    assert [result.text for result in backend.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())
    backend.close()


def test_a_copy_of_the_starter_is_a_model_like_any_other(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """Its placeholder pieces are found in its tokenizer, not by its name."""
    backend = CTranslate2Backend(Path(shutil.copytree(STARTER, tmp_path / "mine")), settings(), english_to_japanese)
    assert (backend.name, backend.placeholders) == ("ctranslate2", 6)
    backend.close()


@pytest.mark.parametrize("missing", ["sentencepiece.bpe.model", "shared_vocabulary.json", "model.bin"])
def test_a_missing_file_is_named_in_one_line(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings, missing: str
) -> None:
    """Half a model is an error before the first sentence, not at it."""
    folder = Path(shutil.copytree(STARTER, tmp_path / "half"))
    (folder / missing).unlink()
    with pytest.raises(BackendUnavailable) as caught:
        CTranslate2Backend(folder, settings(), english_to_japanese)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_language_that_the_model_lacks_is_an_error(tmp_path: Path, settings: Settings) -> None:
    """CTranslate2 would take the unknown token in silence."""
    folder = Path(shutil.copytree(STARTER, tmp_path / "mine"))
    with pytest.raises(BackendUnavailable, match="qqq_Latn"):
        CTranslate2Backend(folder, settings(), LanguageSettings(source="en", target="qqq_Latn"))


def test_a_compute_type_that_is_none_is_an_error(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """What CTranslate2 says about it is passed on in one line."""
    folder = Path(shutil.copytree(STARTER, tmp_path / "mine"))
    with pytest.raises(BackendUnavailable, match="int5"):
        CTranslate2Backend(folder, settings(dtype="int5"), english_to_japanese)


def test_a_failure_inside_the_model_is_an_error_of_its_sentence(
    settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """An input that the model itself refuses raises BackendError, and the next sentence is translated."""
    backend = CTranslate2Backend(STARTER, settings(), english_to_japanese)
    with pytest.raises(BackendError, match="position"):
        backend.decode(["word " * 400], careful=False)
    assert "テスト" in backend.translate([Source("The tests pass now.")])[0].text
    backend.close()
