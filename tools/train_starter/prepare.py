"""The corpus as token arrays: read, clean, filter, drop repeats, train the vocabulary, encode."""

import lzma
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from train_starter import clean
from train_starter.sources import HELD_OUT, SOURCES, is_held_out, require_free
from train_starter.tokens import train_pieces
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


def prepare(corpus: Path, work: Path, vocabulary: int, seed: int = 1) -> dict[str, int]:
    """Write the vocabulary and the token arrays of a corpus into ``work``; return how many pairs each source gave.

    The arrays: ``en`` and ``ja`` (uint16, sentencepiece's ids of all pairs, joined), ``en_offset`` and ``ja_offset``
    (uint32, one more than there are pairs), ``weight`` (float32, pairs x 2).

    Args:
        corpus: has ``train/NAME.tsv.xz`` (English, tab, Japanese) and ``dev/NAME.tsv``.
        work: an existing folder.
        vocabulary: pieces of the joint vocabulary; fewer where the text has no more.
        seed: of the sample that the vocabulary is trained on.

    Raises:
        UsageError: the corpus has none of the sources.
    """
    pairs, counts = read_corpus(corpus)
    sample = random.Random(seed).sample(pairs, min(_VOCABULARY_SAMPLE, len(pairs)))
    pieces = train_pieces((side for pair in sample for side in pair[:2]), work, vocabulary)
    english, japanese = (pieces.encode([pair[side] for pair in pairs]) for side in (0, 1))
    kept = [index for index in range(len(pairs)) if max(len(english[index]), len(japanese[index])) <= _LONGEST]
    arrays = {}
    for key, encoded in (("en", english), ("ja", japanese)):
        arrays[key] = np.concatenate([np.asarray(encoded[index], np.uint16) for index in kept])
        arrays[f"{key}_offset"] = np.cumsum([0] + [len(encoded[index]) for index in kept]).astype(np.uint32)
    weight = np.array([(pairs[index].main, pairs[index].last) for index in kept], np.float32)
    np.savez_compressed(work / ARRAYS, weight=weight, **arrays)
    return counts


def read_corpus(corpus: Path) -> tuple[list[Pair], dict[str, int]]:
    """Return the pairs to train on, and how many each source gave; no English text comes twice.

    Titles and table cells are left out, but in the register files everything counts.

    Raises:
        UsageError: there is nothing to train on, or a source that must not be used.
    """
    seen = {english.casefold() for english in _dev_english(corpus)}
    pairs: list[Pair] = []
    counts: dict[str, int] = {}
    for source in SOURCES:
        require_free(source.name)
        before = len(pairs)
        for number, (english, japanese) in enumerate(read_pairs(corpus, source.name)):
            pair = None if is_held_out(source.name, number) else clean.pair(english, japanese)
            if pair is None or pair[0].casefold() in seen:
                continue
            if source.name.startswith("register") or clean.is_sentence(*pair):
                seen.add(pair[0].casefold())
                pairs.append(Pair(*pair, source.main, source.last))
        counts[source.name] = len(pairs) - before
    if not pairs:
        raise UsageError(f"there is no text to train on in {corpus}/train; name the folder with CORPUS=")
    return pairs, {name: count for name, count in counts.items() if count}


def read_pairs(corpus: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield both sides of each line of a training file, nothing if it is not there."""
    path = corpus / "train" / f"{name}.tsv.xz"
    if path.is_file():
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                english, _, rest = line.rstrip("\n").partition("\t")
                yield english, rest.partition("\t")[0]


def _dev_english(corpus: Path) -> Iterator[str]:
    """Yield the English of everything that is kept for evaluation, cleaned as in training."""
    for path in sorted((corpus / "dev").glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            english, _, rest = line.partition("\t")
            cleaned = clean.pair(english, rest.partition("\t")[0])
            yield cleaned[0] if cleaned else english
    for number, (english, japanese) in enumerate(read_pairs(corpus, HELD_OUT)):
        if is_held_out(HELD_OUT, number) and (cleaned := clean.pair(english, japanese)):
            yield cleaned[0]
