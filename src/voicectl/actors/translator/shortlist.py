"""Vocabulary shortlists: of the 256,000 pieces of a model for 200 languages, those that one target language can need.

A model computes a number for every piece of its vocabulary at every step; where the vocabulary is large, that is half
of the work. Here the pieces are chosen by their letters alone, without a corpus: those of the target's scripts, what
has no letters (digits, punctuation, emoji), and whatever spells a foreign word, one to three ASCII letters. A longer
foreign piece can be needed where the source has it (a name, a command), so that each piece of the source brings itself.

CTranslate2 reads both from a *vocabulary mapping*: a line for each piece of a source, then a tabulator and the pieces
that it allows; the line without a piece is always allowed (https://opennmt.net/CTranslate2/performance.html). Version
4.8 does not notice when a piece takes another place among those allowed than at the first sentence, and the target's
token, which it looks up, would turn into another. So what comes before that token in the vocabulary is allowed always
or never: only special pieces in a model of ours, where the languages come first (``voicectl.models.convert``), and all
foreign words in the Latin script in another.
"""

import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from voicectl.actors.translator import scripts

WORTHWHILE = 64_000
"""Pieces of a vocabulary from which on a shortlist saves more than it costs."""
MAPPING = "vmap.txt"
"""The name that CTranslate2 gives the file."""
_BLANK = "\u2581"
"""What sentencepiece writes for the blank before a word."""
_FOREIGN = frozenset({"LATIN"})
"""The script of what is written as it is in any language: names, brands, code."""
_SPELLING = 3
"""Letters of the longest ASCII piece that is always allowed."""


@contextmanager
def mapped(folder: Path, vocabulary: Sequence[str], target: str) -> Iterator[Path]:
    """Yield a folder with the files of a model in ``folder`` and the mapping for a target language beside them.

    It is gone afterwards: CTranslate2 reads everything when it loads a model.
    """
    with tempfile.TemporaryDirectory(prefix="voicectl-") as name:
        links = Path(name)
        for path in folder.resolve().iterdir():
            if path.name != MAPPING:
                (links / path.name).symlink_to(path)
        with (links / MAPPING).open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(f"{line}\n" for line in mapping(vocabulary, target))
        yield links


def mapping(vocabulary: Sequence[str], target: str) -> Iterator[str]:
    """Yield the lines of the mapping for a target language, a FLORES-200 code; the pieces always allowed come first."""
    wanted = always(vocabulary, target)
    yield "\t" + " ".join(wanted)
    others = frozenset(vocabulary[vocabulary.index(target) :]).difference(wanted)
    for piece in vocabulary:
        if piece in others:
            yield f"{piece}\t{' '.join(_copies(piece, others))}"


def always(vocabulary: Sequence[str], target: str) -> list[str]:
    """Return the pieces that are allowed whatever the source is, in the order of the vocabulary."""
    own, place = scripts.of_language(target), vocabulary.index(target)
    characters = frozenset("".join(vocabulary))
    letters = frozenset(c for c in characters if _is_usable(c, own))
    foreign = letters.union(c for c in characters if _is_usable(c, own | _FOREIGN))
    return [
        piece
        for number, piece in enumerate(vocabulary)
        if (foreign if number <= place else letters).issuperset(piece) or _is_spelling(piece)
    ]


def _is_usable(character: str, own: frozenset[str]) -> bool:
    """Say whether a character is no letter or vowel sign of another script than ``own``."""
    if unicodedata.category(character)[0] not in "LM":
        return True
    script = scripts.of(character)
    return script in own or script not in scripts.KNOWN


def _is_spelling(piece: str) -> bool:
    word = piece.removeprefix(_BLANK)
    return word.isascii() and len(word) <= _SPELLING


def _copies(piece: str, others: frozenset[str]) -> Iterator[str]:
    """Yield what a piece of the source brings along: itself, with and without a blank before it, or in two."""
    yield piece
    word = piece.removeprefix(_BLANK)
    twin = word if word != piece else _BLANK + piece
    if twin in others:
        yield twin
    elif word != piece:
        for cut in range(1, len(word)):
            yield from (half for half in (word[:cut], word[cut:]) if half in others)
