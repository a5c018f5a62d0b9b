"""A few steps on a tiny corpus: from the text to the files that ship."""

import hashlib
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tiny_corpus import PAIRS

from voicectl.models import store
from voicectl.protocol.errors import UsageError

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not all(map(find_spec, ("torch", "transformers"))), reason="needs torch and transformers"),
]
TINY = (32, 64, 1, 1, 2)


@pytest.fixture
def work(corpus: Path, tmp_path: Path) -> Path:
    """Return a work folder with the corpus prepared."""
    import torch
    from train_starter.prepare import prepare

    torch.set_num_threads(1)
    folder = tmp_path / "work"
    folder.mkdir()
    prepare(corpus, folder, 200)
    return folder


def _train(work: Path, steps: int, shape: tuple[int, ...] = TINY, rate: float = 1e-3, begin: Path | None = None):
    from train_starter.train import Plan, Shape, Trainer

    trainer = Trainer(work, Shape(*shape), Plan(minutes=60, steps=steps, tokens=200, rate=rate), "cpu", begin)
    return trainer, trainer.run()


def test_both_tokenizers_give_the_same_ids(work: Path) -> None:
    """Sentencepiece, which ships, and transformers' after it was loaded again; placeholders stay whole."""
    import sentencepiece
    from train_starter.tokens import OFFSET, SPM, write_tokenizer
    from transformers import AutoTokenizer

    write_tokenizer(work / SPM, work / "nllb")
    loaded = AutoTokenizer.from_pretrained(str(work / "nllb"), src_lang="eng_Latn")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(work / SPM))
    for text in ("The tests passed.", "サーバーは動いています。"):
        ids = [number + OFFSET for number in pieces.encode(text)]
        assert loaded(text)["input_ids"] == [loaded.convert_tokens_to_ids("eng_Latn"), *ids, 2]
    for encoded in (pieces.encode("I fixed ⟦7⟧.", out_type=str), loaded.tokenize("I fixed ⟦7⟧.")):
        assert "⟦7⟧" in encoded


def test_batches_see_every_pair_as_often_as_its_weight_says(work: Path) -> None:
    """And none of them is larger than it may be."""
    from train_starter.batches import Pairs

    pairs = Pairs(work)
    seen = np.zeros(len(pairs.english), int)
    for batch in pairs.batches(lambda: 0, 60, np.random.default_rng(1)):
        np.add.at(seen, batch, 1)
        longest = max(max(len(pairs.english[i]), len(pairs.japanese[i])) for i in batch) + 2
        assert len(batch) == 1 or longest * len(batch) <= 60
        if seen.sum() == 8 + 2 * 3:
            break
    assert sorted(seen.tolist()) == [1] * 8 + [3] * 2


def test_a_run_that_was_ended_goes_on_where_it_was(work: Path) -> None:
    """Steps, pairs and time go on; a run that is done does nothing more."""
    _, first = _train(work, 6)
    trainer, second = _train(work, 12)
    assert (first.steps, second.steps) == (6, 12)
    assert second.pairs > first.pairs
    before = {name: weights.clone() for name, weights in trainer.model.named_parameters()}
    again, third = _train(work, 12)
    assert third.steps == 12
    assert all((weights == before[name]).all() for name, weights in again.model.named_parameters())


def test_a_checkpoint_of_another_size_is_refused(work: Path) -> None:
    """The line names the file."""
    _train(work, 1)
    with pytest.raises(UsageError, match=r"checkpoint\.pt .* another size"):
        _train(work, 1, (64, 64, 1, 1, 2))


def test_a_trained_model_can_be_begun_with(corpus: Path, work: Path, tmp_path: Path) -> None:
    """Its vocabulary and weights are taken; one of another size is refused."""
    from train_starter.prepare import prepare
    from train_starter.train import shape_of

    trainer, first = _train(work, 100, rate=0.02)
    trainer.write()
    anew = tmp_path / "anew"
    anew.mkdir()
    prepare(corpus, anew, work / "nllb")
    # Of a version that gave two languages each other's ids.
    tokenizer, other = work / "nllb" / "tokenizer.json", {"ace_Arab": "ace_Latn", "ace_Latn": "ace_Arab"}
    text = tokenizer.read_text(encoding="utf-8")
    tokenizer.write_text(re.sub("ace_(Arab|Latn)", lambda code: other[code[0]], text), encoding="utf-8")
    assert shape_of(work / "nllb") == TINY
    _, second = _train(anew, 10, begin=work / "nllb")
    for name in ("sentencepiece.bpe.model", "nllb/tokenizer.json"):
        assert (anew / name).read_bytes() == (work / name).read_bytes()
    assert second.loss < 1.1 * first.loss
    (anew / "checkpoint.pt").unlink()
    with pytest.raises(UsageError, match="another size"):
        _train(anew, 1, (64, 64, 1, 1, 2), begin=work / "nllb")


def test_training_learns(work: Path) -> None:
    """The loss of a tiny model on ten sentences falls."""
    _, early = _train(work, 10, rate=0.02)
    _, late = _train(work, 200, rate=0.02)
    assert late.loss < 0.8 * early.loss


def test_the_whole_way_ends_in_a_model_that_voicectl_loads(corpus: Path, tmp_path: Path) -> None:
    """One command: the shipped files, and a card that says what went in and what came out."""
    pytest.importorskip("sacrebleu", reason="needs sacrebleu")
    from train_starter.__main__ import main
    from train_starter.evaluate import translate
    from train_starter.export import SHIPPED

    into = tmp_path / "shipped"
    shape = ",".join(map(str, TINY))
    own = tmp_path / "register"
    own.mkdir()
    (own / "steps.tsv").write_text("Not yet.\tまだです。\nI renamed it.\t名前を変更しました。\n", encoding="utf-8")
    arguments = [str(corpus), "--work", str(tmp_path / "work"), "--into", str(into), "--shape", shape]
    arguments += ["--register", str(own)]
    assert main([*arguments, "--steps", "3", "--vocabulary", "200", "--tokens", "200"]) == 0
    assert sorted(path.name for path in into.iterdir()) == sorted(SHIPPED)
    card = (into / "CARD.md").read_text(encoding="utf-8")
    for words in (
        "3 steps",
        "| Python documentation | 8 |",
        "| held_out_en-ja | ctranslate2 | 1 |",
        "beside this program | 2 |",
    ):
        assert words in card
    environ = {"VOICECTL_TRANSLATOR__MODEL": str(into)}
    assert len(translate([english for english, _ in PAIRS], "ctranslate2", environ)) == len(PAIRS)


def test_the_manifest_takes_up_a_new_starter(tmp_path: Path) -> None:
    """Sizes and hashes are those of the files; the other models stay as they are."""
    from train_starter.export import record

    folder = Path(shutil.copytree(store.STARTER, tmp_path / "starter"))
    (folder / "CARD.md").write_text("another")
    manifest = tmp_path / "manifest.toml"
    shutil.copy(store.STARTER.parent / "manifest.toml", manifest)
    record(folder, manifest)
    old = {model.id: model for model in store.manifest().values()}
    new = {model["id"]: model for model in msgspec.toml.decode(manifest.read_bytes())["model"]}
    starter = msgspec.convert(new.pop(store.STARTER_ID), store.Model)
    assert store.verify(starter, folder) == []
    assert {file.name: file.sha256 for file in starter.files}["CARD.md"] == hashlib.sha256(b"another").hexdigest()
    assert starter.licence == old[store.STARTER_ID].licence
    assert [msgspec.convert(model, store.Model) for model in new.values()] == [
        model for model in old.values() if model.id != store.STARTER_ID
    ]
