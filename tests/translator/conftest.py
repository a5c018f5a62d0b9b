"""Settings and checkpoints that the translator's tests share."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from voicectl.config.settings import LanguageSettings, TranslatorSettings

SETTINGS = TranslatorSettings(
    backend="auto",
    fallback=("starter", "none"),
    model="",
    device="cpu",
    dtype="auto",
    threads=1,
    beam_size=1,
    max_batch=8,
    url="",
    api_key_env="",
    spares=0,
)


@pytest.fixture(scope="session")
def settings() -> Callable[..., TranslatorSettings]:
    """Return a maker of settings: the defaults, on the CPU, with some fields changed."""
    return lambda **changes: msgspec.structs.replace(SETTINGS, **changes)


@pytest.fixture
def english_to_japanese() -> LanguageSettings:
    """Return the default pair of languages."""
    return LanguageSettings(source="en", target="ja")


@pytest.fixture(scope="session")
def tiny_ct2(tiny_nllb: Path) -> Path:
    """Return the same checkpoint in CTranslate2's form."""
    from ctranslate2.converters import TransformersConverter

    folder = tiny_nllb.parent / "tiny-ct2"
    TransformersConverter(str(tiny_nllb), copy_files=["sentencepiece.bpe.model"]).convert(str(folder))
    return folder
