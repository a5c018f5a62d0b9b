"""Greedy decoding with fixed shapes gives what ``generate`` of transformers gives, token for token."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiny_nllb import PAIRS

if TYPE_CHECKING:
    from voicectl.actors.translator.greedy import GreedyDecoder

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.torch

LENGTH = 40
UNKNOWN = ["The server failed.", "I fixed three problems. The tests are running.", "zzz", "file " * 30, "Hello. " * 12]


@pytest.fixture(scope="module")
def model(tiny_nllb: Path) -> Any:
    """Return the tiny checkpoint."""
    from transformers import AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM.from_pretrained(tiny_nllb).eval()


@pytest.fixture(scope="module")
def tokenizer(tiny_nllb: Path) -> Any:
    """Return its tokenizer, from English."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_nllb, src_lang="eng_Latn")


@pytest.fixture(scope="module")
def greedy(model: Any) -> "GreedyDecoder":
    """Return the decoder under test."""
    from voicectl.actors.translator.greedy import GreedyDecoder

    return GreedyDecoder(model, LENGTH)


def _generated(model: Any, tokenizer: Any, texts: list[str]) -> tuple[Any, Any, int]:
    """Return the inputs for some texts and what ``generate`` makes of them, without the start token."""
    inputs = tokenizer(texts, padding=True, return_tensors="pt").to(model.device)
    target = tokenizer.convert_tokens_to_ids("jpn_Jpan")
    with torch.inference_mode():
        output = model.generate(
            **inputs, forced_bos_token_id=target, max_new_tokens=LENGTH, do_sample=False, num_beams=1
        )
    return inputs, output[:, 1:].cpu(), target


def _is_same(model: Any, tokenizer: Any, greedy: "GreedyDecoder", texts: list[str]) -> bool:
    inputs, expected, target = _generated(model, tokenizer, texts)
    output = greedy.decode(inputs["input_ids"], inputs["attention_mask"], target)
    longest = expected.shape[1]
    # An accelerator is a few steps further when it is seen that all are finished: there is only padding then.
    return torch.equal(output[:, :longest], expected) and bool((output[:, longest:] == tokenizer.pad_token_id).all())


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_the_tokens_are_those_of_generate(model: Any, tokenizer: Any, greedy: "GreedyDecoder", size: int) -> None:
    """For batches of every size, also between the shapes, of sentences known and unknown, short and long."""
    texts = [*PAIRS, *UNKNOWN]
    assert all(_is_same(model, tokenizer, greedy, texts[at : at + size]) for at in range(0, len(texts), size))


def test_an_output_without_an_end_has_the_greatest_length(tiny_nllb: Path, tokenizer: Any) -> None:
    """A model for which the token that ends a sentence is worth nothing writes on and on."""
    from transformers import AutoModelForSeq2SeqLM

    from voicectl.actors.translator.greedy import GreedyDecoder

    endless = AutoModelForSeq2SeqLM.from_pretrained(tiny_nllb).eval()
    endless.model.shared.weight.data[tokenizer.eos_token_id] = 0.0
    texts = ["Hello.", "I fixed the bug."]
    _, expected, _ = _generated(endless, tokenizer, texts)
    assert expected.shape[1] == LENGTH
    assert _is_same(endless, tokenizer, GreedyDecoder(endless, LENGTH), texts)


def test_one_batch_leaves_nothing_behind_for_the_next(model: Any, tokenizer: Any, greedy: "GreedyDecoder") -> None:
    """The keys and values of a longer output before are not seen."""
    long, short = ["Hello. " * 12, "file " * 30], ["The tests passed."]
    for texts in (short, long, short, [*short, *long], short):
        assert _is_same(model, tokenizer, greedy, texts)


def test_only_what_has_a_shape_fits(greedy: "GreedyDecoder") -> None:
    """The largest batch and the longest source."""
    assert (greedy.fits(8, 128), greedy.fits(9, 16), greedy.fits(1, 129)) == (True, False, False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_recorded_graph_gives_the_same(tiny_nllb: Path, tokenizer: Any) -> None:
    """All shapes are recorded before the first sentence, and no tensor of one is another's."""
    from transformers import AutoModelForSeq2SeqLM

    from voicectl.actors.translator.greedy import GreedyDecoder

    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_nllb).eval().to("cuda")
    greedy = GreedyDecoder(model, LENGTH)
    greedy.record()
    texts = [*PAIRS, *UNKNOWN]
    for size in (1, 2, 3, 5, 8):
        assert all(_is_same(model, tokenizer, greedy, texts[at : at + size]) for at in range(0, len(texts), size))
