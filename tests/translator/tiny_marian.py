"""Makes a tiny checkpoint in OPUS-MT's file form that translates a few sentences exactly; a helper of the tests."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

from tiny_nllb import PAIRS

_STEPS = 200


def make_tiny_marian(folder: Path, targets: Sequence[str] = ()) -> Path:
    """Write the checkpoint into ``folder``; ``targets`` are tokens such as ``>>jpn<<`` of a model for several."""
    import torch
    from transformers import MarianTokenizer

    torch.set_num_threads(1)
    torch.manual_seed(1)
    folder.mkdir(parents=True)
    _make_vocabulary(folder, targets)
    tokenizer = MarianTokenizer.from_pretrained(folder)
    model = _make_model(len(tokenizer), tokenizer.pad_token_id)
    prefix = f"{targets[0]} " if targets else ""
    inputs = tokenizer([prefix + text for text in PAIRS], padding=True, return_tensors="pt")
    labels = tokenizer(text_target=list(PAIRS.values()), padding=True, return_tensors="pt")["input_ids"]
    labels = labels.masked_fill(labels == tokenizer.pad_token_id, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(_STEPS):
        optimizer.zero_grad()
        model(**inputs, labels=labels).loss.backward()
        optimizer.step()
    model.eval().save_pretrained(folder)
    return folder


def _make_vocabulary(folder: Path, targets: Sequence[str]) -> None:
    """Write two sentencepiece models and their common vocabulary: </s> 0, <unk> 1, the pieces, the targets, <pad>."""
    import sentencepiece

    pieces: dict[str, None] = {}
    for name, texts in (("source", list(PAIRS)), ("target", list(PAIRS.values()))):
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts * 20),
            model_writer=written,
            vocab_size=120,
            hard_vocab_limit=False,
            character_coverage=1.0,
            num_threads=1,
            minloglevel=2,
        )
        (folder / f"{name}.spm").write_bytes(written.getvalue())
        trained = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
        pieces |= dict.fromkeys(trained.id_to_piece(number) for number in range(3, trained.get_piece_size()))
    vocabulary = {piece: number for number, piece in enumerate(["</s>", "<unk>", *pieces, *targets, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    kind = {"source_lang": "eng", "target_lang": "jpn", "tokenizer_class": "MarianTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(kind), encoding="utf-8")


def _make_model(vocabulary: int, pad: int):
    from transformers import MarianConfig, MarianMTModel

    config = MarianConfig(
        vocab_size=vocabulary,
        d_model=64,
        encoder_layers=2,
        decoder_layers=2,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        dropout=0.0,
        activation_function="relu",
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
        max_length=200,
    )
    return MarianMTModel(config)
