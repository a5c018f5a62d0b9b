"""NLLB: the real class loads a real checkpoint through transformers and translates."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiny_nllb import PAIRS
from voicectl.actors.translator.backend import Source
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable

if TYPE_CHECKING:
    from voicectl.actors.translator.nllb import NllbBackend

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.torch

Settings = Callable[..., TranslatorSettings]


@pytest.fixture
def nllb(tiny_nllb: Path, settings: Settings, english_to_japanese: LanguageSettings) -> "NllbBackend":
    """Return the backend with the tiny checkpoint."""
    from voicectl.actors.translator.nllb import NllbBackend

    return NllbBackend(tiny_nllb, settings(), english_to_japanese)


def _run_out_of_memory_when(backend: "NllbBackend", refused: Callable[[int], bool]) -> None:
    """Make the model raise torch's own error for the batch sizes that are refused."""

    def refuse(_: object, inputs: tuple[torch.Tensor]) -> None:
        if refused(len(inputs[0])):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    backend.model.get_encoder().embed_tokens.register_forward_pre_hook(refuse)


def test_sentences_come_out_exactly(nllb: "NllbBackend") -> None:
    """A batch of sentences of different length gives the Japanese the checkpoint was trained on."""
    assert (nllb.name, nllb.device) == ("nllb", "cpu")
    assert [result.text for result in nllb.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())


def test_the_languages_come_from_the_settings(tiny_nllb: Path, settings: Settings) -> None:
    """The source's token begins the input; the target's token is the second of the output, after ``</s>``."""
    from transformers import AutoTokenizer

    from voicectl.actors.translator.nllb import NllbBackend

    backend = NllbBackend(tiny_nllb, settings(), LanguageSettings(source="de", target="fr"))
    seen: list[torch.Tensor] = []
    for half in (backend.model.get_encoder(), backend.model.get_decoder()):
        half.embed_tokens.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    backend.translate([Source("Hello.")])
    german, french, end = AutoTokenizer.from_pretrained(tiny_nllb).convert_tokens_to_ids(
        ["deu_Latn", "fra_Latn", "</s>"]
    )
    source, *steps = seen
    assert source[0, 0] == german
    assert [step.item() for step in steps[:2]] == [end, french]


def test_bfloat16_is_used_when_it_is_set(
    tiny_nllb: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """The dtype of the settings is the dtype of the weights, and the translation still comes."""
    from voicectl.actors.translator.nllb import NllbBackend

    backend = NllbBackend(tiny_nllb, settings(dtype="bfloat16"), english_to_japanese)
    assert backend.model.dtype is torch.bfloat16
    assert backend.translate([Source("The server is running.")])[0].text == PAIRS["The server is running."]


def test_out_of_memory_is_an_error_of_that_sentence(nllb: "NllbBackend") -> None:
    """Torch's own OutOfMemoryError inside the model becomes a BackendError; the next sentence is translated."""
    full = True
    _run_out_of_memory_when(nllb, lambda _: full)
    with pytest.raises(BackendError, match="out of memory"):
        nllb.translate([Source("Hello.")])
    full = False
    assert nllb.translate([Source("Hello.")])[0].text == "こんにちは。"


def test_a_batch_that_does_not_fit_the_memory_is_halved(nllb: "NllbBackend") -> None:
    """Where two sentences fit and eight do not, all eight are translated, in order."""
    _run_out_of_memory_when(nllb, lambda size: size > 2)
    assert [result.text for result in nllb.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())


def test_a_device_error_is_an_error_of_that_sentence(nllb: "NllbBackend") -> None:
    """What torch raises for a lost device becomes one line that says what to do."""
    handle = nllb.model.get_encoder().embed_tokens.register_forward_pre_hook(_lose_device)
    with pytest.raises(BackendError, match="restart translator") as caught:
        nllb.translate([Source("Hello.")])
    assert "\n" not in str(caught.value)
    handle.remove()
    assert nllb.translate([Source("Hello.")])[0].text == "こんにちは。"


def _lose_device(*_: object) -> None:
    raise RuntimeError("CUDA error: unspecified launch failure\nCompile with TORCH_USE_CUDA_DSA.")


@pytest.mark.parametrize("text", ["", "\x00", "🎉", "\ud800", "ж" * 300, "The tests passed, " * 200])
def test_any_text_gives_a_result(nllb: "NllbBackend", text: str) -> None:
    """Empty, unknown letters, far more than a sentence: never an exception."""
    assert len(nllb.translate([Source(text)])) == 1


def test_a_folder_without_weights_is_unavailable(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """An empty folder is an error in one line; nothing is looked for elsewhere."""
    from voicectl.actors.translator.nllb import NllbBackend

    with pytest.raises(BackendUnavailable) as caught:
        NllbBackend(tmp_path, settings(), english_to_japanese)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("field", "value"), [("dtype", "int8"), ("device", "cuda:99"), ("device", "tpu")])
def test_what_this_machine_or_torch_lacks_is_unavailable(
    tiny_nllb: Path, settings: Settings, english_to_japanese: LanguageSettings, field: str, value: str
) -> None:
    """A device that is not there and a dtype that NLLB has not are named."""
    from voicectl.actors.translator.nllb import NllbBackend

    with pytest.raises(BackendUnavailable, match=value):
        NllbBackend(tiny_nllb, settings(**{field: value}), english_to_japanese)


def test_a_language_that_the_tokenizer_lacks_is_unavailable(tiny_nllb: Path, settings: Settings) -> None:
    """Transformers would take the unknown token in silence."""
    from voicectl.actors.translator.nllb import NllbBackend

    with pytest.raises(BackendUnavailable, match="qqq_Latn"):
        NllbBackend(tiny_nllb, settings(), LanguageSettings(source="en", target="qqq_Latn"))
