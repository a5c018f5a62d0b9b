"""The dictionary of readings: the project's own terms, and the user's over them.

A file holds one entry a line, ``term TAB reading``; empty lines and lines that begin with ``#`` are left out. A term in
lower case stands for every spelling; one with a capital letter stands only for itself, and goes first.
"""

import re
import unicodedata
from importlib.resources import files
from pathlib import Path

from voicectl.actors.synthesizer.readings.inflection import inflected, stems
from voicectl.protocol.errors import ConfigError

_TERMS = files("voicectl.actors.synthesizer.readings").joinpath("terms.tsv")
_KATAKANA = re.compile(r"[ァ-ヶー]+")
_PART = 3
"""Letters of the shorter half of a compound, at least."""


class Lexicon:
    """Terms and how they are read."""

    def __init__(self, own: Path | None = None) -> None:
        """Load the project's terms, and those of a file of the user's own over them.

        Raises:
            ConfigError: the file cannot be read, or a line of it is not an entry.
        """
        self._readings = _entries(_TERMS.read_text(encoding="utf-8"), "terms.tsv")
        if own is not None:
            self._readings |= _entries(_text(own), str(own))

    def __len__(self) -> int:
        return len(self._readings)

    def exact(self, term: str) -> str | None:
        """Return the reading of a term as it stands, in this spelling or in lower case."""
        return self._readings.get(term) or self._readings.get(term.lower())

    def word(self, word: str) -> str | None:
        """Return the reading of an English word: as it stands, as a form of a known word, or as two known words."""
        return self._form(word) or self._compound(word.lower())

    def _form(self, word: str) -> str | None:
        if found := self.exact(word):
            return found
        for stem, ending in stems(word.lower()):
            found = self._form(stem)
            if found and _KATAKANA.fullmatch(found):
                return inflected(found, ending)
        return None

    def _compound(self, word: str) -> str | None:
        """Return the reading of ``lockfile`` as that of ``lock`` and ``file``; the longest first word goes first."""
        for cut in range(len(word) - _PART, _PART - 1, -1):
            first = self._readings.get(word[:cut])
            if first and (second := self._form(word[cut:])):
                return first + second
        return None


def _text(path: Path) -> str:
    """Return the text of the user's file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read ({exc.strerror}); set synthesizer.readings to a file") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {exc.start}); save it as UTF-8") from exc


def _entries(text: str, name: str) -> dict[str, str]:
    """Return the entries of a file.

    Raises:
        ConfigError: a line is not an entry.
    """
    entries = {}
    for number, line in enumerate(unicodedata.normalize("NFKC", text).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        term, _, reading = (part.strip() for part in line.partition("\t"))
        if not (term and reading) or re.search(r"\s", term + reading):
            raise ConfigError(f"{name}: line {number} is not an entry; write: term, one tab, reading")
        if re.search(r"[A-Za-z]", reading):
            raise ConfigError(f"{name}: line {number}: write the reading of {term!r} in kana, not in Latin letters")
        entries[term] = reading
    return entries
