"""The dictionary of readings: the project's own terms, and the user's over them.

A file holds one entry a line, ``term TAB reading``; empty lines and lines that begin with ``#`` are left out. A term in
lower case stands for every spelling; one with a capital letter stands only for itself, and goes first.
"""

import re
import unicodedata
from importlib.resources import files
from pathlib import Path

from voicectl.actors.synthesizer.readings.inflection import inflected, stems
from voicectl.actors.synthesizer.readings.letters import spelled
from voicectl.protocol.errors import ConfigError

_TERMS = files("voicectl.actors.synthesizer.readings").joinpath("terms.tsv")
_KATAKANA = re.compile(r"[ァ-ヶー]+")
_PART = 3
"""Letters of the shorter half of a compound, at least."""
_FORM = 5
"""Letters of a first half that has an ending, at least."""


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
        return self.exact(word) or self.form(word) or self._compound(word.lower())

    def form(self, word: str) -> str | None:
        """Return the reading of a word with an ending, as a form of a known word.

        Only a plural is made of what is a form itself or said letter by letter: settings and apis, but not pressed of
        "pres".
        """
        for stem, ending in stems(word.lower()):
            found = self._readings.get(stem) or self.form(stem) if ending == "s" else self._word(stem)
            if found and _KATAKANA.fullmatch(found):
                return inflected(found, ending, stem)
        return None

    def _compound(self, word: str) -> str | None:
        """Return the reading of ``lockfile`` as that of ``lock`` and ``file``; the longest first half goes first.

        Where no two words make it up, the first may have an ending (``selecteditem``), and at last one of the two may
        be said letter by letter (``sqlfile``, ``baseurl``).
        """
        halves = [(word[:cut], word[cut:]) for cut in range(len(word) - _PART, _PART - 1, -1)]
        letters = self._readings.get
        ways = ((self._word, self._end), (self._with_ending, self._end), (letters, self._end), (self._word, letters))
        for begin, end in ways:
            for first, second in halves:
                if (known := begin(first)) and (rest := end(second)):
                    return known + rest
        return None

    def _with_ending(self, part: str) -> str | None:
        return self.form(part) if len(part) >= _FORM else None

    def _end(self, part: str) -> str | None:
        return self._word(part) or self.form(part)

    def _word(self, term: str) -> str | None:
        """Return the reading of a term in lower case that is said as a word, not letter by letter."""
        found = self._readings.get(term)
        return None if found == spelled(term) else found


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
