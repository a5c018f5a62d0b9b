"""NLLB on a CPU: converted once to CTranslate2's int8 form, which is what runs then; torch where it is wanted."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_nllb import PAIRS
from voicectl.actors.translator import factory, nllb_choice
from voicectl.actors.translator.backend import Source
from voicectl.actors.translator.ctranslate2 import CTranslate2Backend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models import convert, store
from voicectl.protocol.errors import BackendUnavailable

Settings = Callable[..., TranslatorSettings]
pytestmark = pytest.mark.torch


@pytest.fixture
def model(tiny_nllb: Path, tmp_path: Path) -> Path:
    """Return a copy of the tiny checkpoint that was not converted yet."""
    return Path(shutil.copytree(tiny_nllb, tmp_path / "nllb", ignore=shutil.ignore_patterns(f"*{convert.FOLDER}*")))


@pytest.fixture
def converted(tiny_nllb: Path, tmp_path: Path) -> Path:
    """Return a copy of the tiny checkpoint with its converted form, which is made once for all tests."""
    convert.convert(tiny_nllb)
    return Path(shutil.copytree(tiny_nllb, tmp_path / "nllb"))


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make torch look as if it was not installed."""
    for module in (nllb_choice, convert):
        monkeypatch.setattr(module, "find_spec", lambda name: None if name == "torch" else object())


def _say_nothing(text: str) -> None:
    raise AssertionError(text)


def test_a_model_is_converted_at_its_first_start_and_the_user_is_told(
    model: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """In one line; the second start finds the form that is there, says nothing, and the translations are exact.

    What a killed conversion left is no model and does no harm.
    """
    left = model / f".{convert.FOLDER}.new"
    left.mkdir()
    (left / "model.bin").write_bytes(b"half")
    told: list[str] = []
    wanted = settings(backend="nllb", model=str(model))
    factory.load_backend(wanted, english_to_japanese, say=told.append).close()
    assert ["converting nllb for the CPU, once" in line for line in told] == [True]
    assert not left.exists()
    backend = factory.load_backend(wanted, english_to_japanese, say=_say_nothing)
    assert isinstance(backend, CTranslate2Backend)
    assert (backend.name, backend.device) == ("nllb", "cpu")
    assert [result.text for result in backend.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())
    backend.close()


def test_a_converted_model_needs_no_torch(converted: Path) -> None:
    """It is not even imported."""
    script = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from voicectl.actors.translator.backend import Source\n"
        "from voicectl.actors.translator.factory import load_backend\n"
        "from voicectl.config.load import load_settings\n"
        f"own = ['translator.backend=nllb', 'translator.model={converted}', 'translator.device=cpu']\n"
        "wanted = load_settings(overrides=own).settings\n"
        "print(load_backend(wanted.translator, wanted.language).translate([Source('Hello.')])[0].text)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().strip() == "こんにちは。"


@pytest.mark.usefixtures("without_torch")
def test_without_a_converted_form_and_without_torch_one_line_says_what_to_do(
    model: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """Torch is needed once."""
    with pytest.raises(
        BackendUnavailable, match=r"pip install 'voicectl\[nllb\]', then: voicectl models pull"
    ) as error:
        factory.load_backend(settings(backend="nllb", model=str(model)), english_to_japanese)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("without_torch")
def test_auto_takes_a_model_that_is_converted_even_without_torch(
    converted: Path, settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pulled: in the hub's cache."""
    monkeypatch.setattr(store, "cached", lambda hub_id: converted if hub_id == nllb_choice.DEFAULT else None)
    assert factory.choose(settings(), english_to_japanese)[0] == "nllb"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_another_dtype_is_left_to_torch(
    model: Path, settings: Settings, english_to_japanese: LanguageSettings, dtype: str
) -> None:
    """Nothing is converted for it."""
    wanted = settings(backend="nllb", model=str(model), dtype=dtype)
    backend = factory.load_backend(wanted, english_to_japanese, say=_say_nothing)
    assert type(backend).__name__ == "NllbBackend"
    assert convert.converted(model) is None
    backend.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_goes_on_with_torch(
    model: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """Slowly, and the second line says why."""
    told: list[str] = []
    model.chmod(0o555)
    backend = factory.load_backend(settings(backend="nllb", model=str(model)), english_to_japanese, say=told.append)
    model.chmod(0o755)
    assert "several times slower" in told[1]
    assert backend.translate([Source("Hello.")])[0].text == "こんにちは。"
    backend.close()


def test_a_model_that_cannot_be_converted_goes_on_with_torch(
    model: Path, settings: Settings, english_to_japanese: LanguageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For want of room, here; the line says what is missing, and the sentence is translated."""
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 10})())
    told: list[str] = []
    backend = factory.load_backend(settings(backend="nllb", model=str(model)), english_to_japanese, say=told.append)
    assert "GB free" in told[1]
    assert "several times slower" in told[1]
    assert backend.translate([Source("Hello.")])[0].text == "こんにちは。"
    backend.close()


def test_what_is_converted_is_on_record_and_verified(converted: Path) -> None:
    """A damaged file is found; a form that lost its end is none."""
    done = convert.convert(converted)
    assert {path.name for path in done.iterdir()} >= {"model.bin", "shared_vocabulary.json", "sentencepiece.bpe.model"}
    assert convert.verify(converted) == []
    weights = (done / "model.bin").read_bytes()
    (done / "model.bin").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    assert ["model.bin is damaged" in problem for problem in convert.verify(converted)] == [True]
    (done / "model.bin").write_bytes(weights[:-1])
    assert convert.converted(converted) is None


def test_the_form_of_other_weights_is_not_used(converted: Path) -> None:
    """Those of a checkpoint that was trained on since; the next conversion takes the place of the old form."""
    assert convert.converted(converted) == converted / convert.FOLDER
    os.utime(converted / "model.safetensors", (1, 1))
    assert convert.converted(converted) is None
    assert convert.convert(converted) == converted / convert.FOLDER


def test_weights_that_cannot_be_read_are_an_error_in_one_line(model: Path) -> None:
    """And nothing is left that looks like a model."""
    (model / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(BackendUnavailable, match="cannot convert") as error:
        convert.convert(model)
    assert "\n" not in str(error.value)
    assert not (model / convert.FOLDER).exists()


def test_a_conversion_that_takes_too_long_is_given_up(model: Path) -> None:
    """The error says how long was waited."""
    with pytest.raises(BackendUnavailable, match="longer than 0 s"):
        convert.convert(model, timeout_s=0.01)


def test_the_languages_come_first_after_the_special_pieces() -> None:
    """The order of the others stays."""
    vocabulary = {
        "<s>": 0,
        "<pad>": 1,
        "</s>": 2,
        "<unk>": 3,
        "a": 4,
        "b": 5,
        "eng_Latn": 6,
        "jpn_Jpan": 7,
        "<mask>": 8,
    }
    assert convert.languages_first(vocabulary) == [0, 1, 2, 3, 6, 7, 4, 5, 8]
