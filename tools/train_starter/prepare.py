"""The corpus as token arrays: read, clean, filter, drop repeats, train the vocabulary, encode."""

import lzma
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sentencepiece

from train_starter import clean
from train_starter.sources import HELD_OUT, OURS, OWN, SOURCES, is_held_out, require_free
from train_starter.tokens import SPM, placeholders, train_pieces
from voicectl.protocol.errors import UsageError

ARRAYS = "corpus.npz"
_LONGEST = 200
_VOCABULARY_SAMPLE = 300_000


class Pair(NamedTuple):
    """One cleaned pair and how often it is seen in a pass of each stage."""

    english: str
    japanese: str
    main: float
    last: float


def prepare(corpus: Path, work: Path, vocabulary: int | Path, own: Path | None = None, seed: int = 1) -> dict[str, int]:
    """Write the vocabulary and the token arrays of a corpus into ``work``; return how many pairs each source gave.

    The arrays: ``en`` and ``ja`` (uint16, sentencepiece's ids of all pairs, joined), ``en_offset`` and ``ja_offset``
    (uint32, one more than there are pairs), ``weight`` (float32, pairs x 2).

    Args:
        corpus: has ``train/NAME.tsv.xz`` (English, tab, Japanese) and ``dev/NAME.tsv``.
        work: an existing folder.
        vocabulary: pieces of the joint vocabulary, fewer where the text has no more; or the folder of a model whose
            vocabulary is taken as it is.
        own: has ``NAME.tsv``, the project's own sentences in an assistant's register, and ``dev/NAME.tsv``.
        seed: of the sample that the vocabulary is trained on.

    Raises:
        UsageError: the corpus has none of the sources.
    """
    pairs, counts = read_corpus(corpus, own)
    if isinstance(vocabulary, Path):
        shutil.copyfile(vocabulary / SPM, work / SPM)
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(work / SPM))
    else:
        sample = random.Random(seed).sample(pairs, min(_VOCABULARY_SAMPLE, len(pairs)))
        pieces = train_pieces((side for pair in sample for side in pair[:2]), work, vocabulary)
    english, japanese = (pieces.encode([pair[side] for pair in pairs]) for side in (0, 1))
    too_many = f"⟦{len(placeholders(pieces))}⟧"
    kept = [
        index
        for index, pair in enumerate(pairs)
        if max(len(english[index]), len(japanese[index])) <= _LONGEST and too_many not in pair.english
    ]
    arrays = {}
    for key, encoded in (("en", english), ("ja", japanese)):
        arrays[key] = np.concatenate([np.asarray(encoded[index], np.uint16) for index in kept])
        arrays[f"{key}_offset"] = np.cumsum([0] + [len(encoded[index]) for index in kept]).astype(np.uint32)
    weight = np.array([(pairs[index].main, pairs[index].last) for index in kept], np.float32)
    np.savez_compressed(work / ARRAYS, weight=weight, **arrays)
    return counts


def read_corpus(corpus: Path, own: Path | None = None) -> tuple[list[Pair], dict[str, int]]:
    """Return the pairs to train on, and how many each source gave; no English text comes twice.

    Titles and table cells are left out, but in the register files everything counts.

    Raises:
        UsageError: there is nothing to train on, or a source that must not be used.
    """
    seen = {english.casefold() for english in _dev_english(corpus, own)}
    pairs: list[Pair] = []
    counts: dict[str, int] = {}
    for source in SOURCES:
        require_free(source.name)
        before = len(pairs)
        for number, (english, japanese) in enumerate(read_pairs(corpus, source.name, own)):
            pair = None if is_held_out(source.name, number) else clean.pair(english, japanese)
            if pair is None or pair[0].casefold() in seen:
                continue
            if source.licence == OURS or clean.is_sentence(*pair):
                seen.add(pair[0].casefold())
                pairs.append(Pair(*pair, source.main, source.last))
        counts[source.name] = len(pairs) - before
    if not pairs:
        raise UsageError(f"there is no text to train on in {corpus}/train; name the folder with CORPUS=")
    return pairs, {name: count for name, count in counts.items() if count}


def read_pairs(corpus: Path, name: str, own: Path | None = None) -> Iterator[tuple[str, str]]:
    """Yield both sides of each line of a training file, or of all of the project's own; nothing if it is not there."""
    if name == OWN:
        paths = sorted(own.glob("*.tsv")) if own else []
    else:
        paths = list((corpus / "train").glob(f"{name}.tsv.xz"))
    for path in paths:
        with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                english, _, rest = line.rstrip("\n").partition("\t")
                yield english, rest.partition("\t")[0]


def dev_files(corpus: Path, own: Path | None) -> list[Path]:
    """Return the dev sets of the corpus, then the project's own."""
    return [path for folder in (corpus, own) if folder for path in sorted((folder / "dev").glob("*.tsv"))]


def _dev_english(corpus: Path, own: Path | None) -> Iterator[str]:
    """Yield the English of everything that is kept for evaluation, cleaned as in training."""
    for path in dev_files(corpus, own):
        for line in path.read_text(encoding="utf-8").splitlines():
            english, _, rest = line.partition("\t")
            cleaned = clean.pair(english, rest.partition("\t")[0])
            yield cleaned[0] if cleaned else english
    for number, (english, japanese) in enumerate(read_pairs(corpus, HELD_OUT)):
        if is_held_out(HELD_OUT, number) and (cleaned := clean.pair(english, japanese)):
            yield cleaned[0]
