"""The joint vocabulary: sentencepiece for what ships, and the same as NLLB's tokenizer for transformers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sentencepiece

from train_starter.clean import PLACEHOLDERS

SPM = "sentencepiece.bpe.model"
PAD, EOS, UNK = 1, 2, 3
OFFSET = 1
"""A piece's id in the model is its id in sentencepiece plus one, as in NLLB: <s> 0, <pad> 1, </s> 2, <unk> 3."""


def train_pieces(lines: Iterable[str], folder: Path, vocabulary: int) -> sentencepiece.SentencePieceProcessor:
    """Train byte pair encoding on both languages, with the placeholders as pieces of their own, and write it."""
    prefix = folder / SPM
    with prefix.open("wb") as out:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=out,
            vocab_size=vocabulary,
            hard_vocab_limit=False,
            model_type="bpe",
            character_coverage=0.99995,
            normalization_rule_name="nmt_nfkc",
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=-1,
            minloglevel=2,
            max_sentence_length=4000,
            user_defined_symbols=[f"⟦{number}⟧" for number in range(PLACEHOLDERS)],
        )
    return sentencepiece.SentencePieceProcessor(model_file=str(prefix))


def placeholders(pieces: sentencepiece.SentencePieceProcessor) -> list[str]:
    """Return the placeholders that a vocabulary has as pieces, the first ones first."""
    names = (f"⟦{number}⟧" for number in range(PLACEHOLDERS))
    return [name for name in names if pieces.piece_to_id(name) != pieces.unk_id()]


def write_tokenizer(spm: Path, folder: Path, pad_to: int = 0) -> Any:
    """Write NLLB's tokenizer for a sentencepiece model into ``folder`` and return it.

    transformers 5 gives the language codes their ids only where vocabulary and merges are spelled out.

    Args:
        spm: a byte pair encoding with the placeholders in it.
        folder: where the tokenizer's files and a copy of ``spm`` go.
        pad_to: fill the vocabulary with made-up pieces to this number, to measure a larger model's speed.
    """
    from tokenizers import AddedToken
    from transformers import NllbTokenizer

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    names = [pieces.id_to_piece(number) for number in range(3, pieces.get_piece_size())]
    made_up = [f"madeup{number:06d}" for number in range(pad_to - len(names) - 4)]
    vocabulary = {name: number for number, name in enumerate(["<s>", "<pad>", "</s>", "<unk>", *names, *made_up])}
    tokenizer = NllbTokenizer(vocab=vocabulary, merges=_merges(names), src_lang="eng_Latn", tgt_lang="jpn_Jpan")
    tokenizer.add_tokens([AddedToken(name, normalized=False) for name in placeholders(pieces)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    (folder / SPM).write_bytes(spm.read_bytes())
    return tokenizer


def copy_tokenizer(model: Path, folder: Path) -> Any:
    """Write the tokenizer of a model in NLLB's file form into ``folder`` and return it.

    Not made anew from its pieces: another version of transformers may have given the language codes other ids.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(model), src_lang="eng_Latn", tgt_lang="jpn_Jpan")
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    if folder != model:
        (folder / SPM).write_bytes((model / SPM).read_bytes())
    return tokenizer


def _merges(pieces: list[str]) -> list[tuple[str, str]]:
    """Return every way to join two pieces to a third, earliest pieces first."""
    rank = {piece: number for number, piece in enumerate(pieces)}
    merges = []
    for piece in pieces:
        halves = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        known = [(left, right) for left, right in halves if left in rank and right in rank]
        merges += sorted(known, key=lambda half: (rank[half[0]], rank[half[1]]))
    return merges
