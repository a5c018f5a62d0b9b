"""A device that is known to compute nonsense in silence is checked against the CPU before it is used."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_nllb import PAIRS
from voicectl.actors.translator import factory
from voicectl.actors.translator.backend import Source
from voicectl.config.settings import LanguageSettings, TranslatorSettings

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.torch

Settings = Callable[..., TranslatorSettings]
UNSURE = "cpu:0"
"""The CPU under another name, for a device that is not trusted."""


@pytest.fixture
def unsure_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let mps be the CPU under its other name."""
    from voicectl.actors.translator import seq2seq

    monkeypatch.setattr(seq2seq, "_device", lambda wanted: UNSURE if wanted == "mps" else wanted)
    monkeypatch.setattr(seq2seq, "UNSURE", frozenset({UNSURE}))


@pytest.fixture
def wrong_device(unsure_device: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let that device have other weights than the CPU, as if it computed wrongly."""
    from voicectl.actors.translator.nllb import NllbBackend

    warm_up = NllbBackend._warm_up

    def disturb(backend: NllbBackend) -> None:
        if backend.device == UNSURE:
            torch.manual_seed(1)
            with torch.no_grad():
                for weights in backend.model.parameters():
                    weights.add_(torch.randn_like(weights))
        warm_up(backend)

    monkeypatch.setattr(NllbBackend, "_warm_up", disturb)


@pytest.mark.usefixtures("unsure_device")
def test_a_device_that_says_what_the_cpu_says_is_used(
    tiny_nllb: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """Nobody is told anything."""
    told: list[str] = []
    wanted = settings(backend="nllb", model=str(tiny_nllb), device="mps", dtype="float32")
    backend = factory.load_backend(wanted, english_to_japanese, say=told.append)
    assert (backend.device, told) == (UNSURE, [])
    assert [result.text for result in backend.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())


@pytest.mark.usefixtures("wrong_device")
def test_a_device_that_says_something_else_is_not_used(
    tiny_nllb: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """The CPU is, the user is told in one line, and the translations are right."""
    told: list[str] = []
    wanted = settings(backend="nllb", model=str(tiny_nllb), device="mps", dtype="float32")
    backend = factory.load_backend(wanted, english_to_japanese, say=told.append)
    assert backend.device == "cpu"
    assert told == [f"{UNSURE} translates a sentence differently from the CPU; nllb goes on on the CPU"]
    assert [result.text for result in backend.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())


def test_a_word_of_difference_is_no_nonsense() -> None:
    """Rounding may decide between two near words."""
    from voicectl.actors.translator.seq2seq import alike

    assert alike("すべてのテストは今合格しました。", "すべてのテストが合格しました。")
    assert not alike("すべてのテストは今合格しました。", "ててててててて")
    assert not alike("すべてのテストは今合格しました。", "")
