"""Turns Japanese text with English, code, numbers and symbols in it into text that a Japanese voice reads well."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from voicectl.actors.synthesizer.readings.code import code
from voicectl.actors.synthesizer.readings.lexicon import Lexicon
from voicectl.actors.synthesizer.readings.numbers import SPACED, numeric
from voicectl.actors.synthesizer.readings.symbols import alone
from voicectl.actors.synthesizer.readings.words import Words

_SPAN = re.compile(rf"(?P<spaced>{SPACED})|[!-~]+", re.ASCII)
_SAID = re.compile("[A-Za-z0-9]")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if unicodedata.category(chr(code))[0] in "LN"}
_APOSTROPHE = re.compile("(?<=[A-Za-z])’(?=[A-Za-z])")
_ACCENTED = re.compile("[\u00c0-\u024f]")
_EDGES = re.compile(r"(?P<lead>(?:(?!\[[0-9a-fA-F:]*::)[(\[{\"'`])*)(?P<core>.*?)(?P<tail>[)\]}\"'`.,:;!?]*)")
_OPENING = re.compile(r"[(\[{]")
_CLOSING = ")]}"
_CALL = "()"
_OPTIONAL_S = re.compile(r"(?<=[A-Za-z])\(s\)")
_LONGEST = 400
"""Characters of a run that are read; more without a space is data, not text."""


class Reader:
    """Reads text; loading takes about 50 ms, a sentence of known words some tenths of a millisecond."""

    def __init__(self, own: Path | None = None) -> None:
        """Load the dictionary, the user's own over it, and the network for unknown words.

        Raises:
            ConfigError: the user's file cannot be read, or a line of it is not an entry.
        """
        self._lexicon = Lexicon(own)
        self._words = Words(self._lexicon)
        self._run = lru_cache(maxsize=4096)(self._reading)

    def read(self, text: str) -> str:
        """Return a text with everything in ASCII written as it is said; Japanese stays as it is.

        A text without a letter or a digit is returned as it is: there is nothing to say in it.
        """
        text = _APOSTROPHE.sub("'", text.translate(_FULL_WIDTH))
        text = _ACCENTED.sub(lambda match: _bare(match[0]), text)
        if not any(character.isalnum() for character in text):
            return text
        return _SPAN.sub(lambda match: numeric(match[0]) or match[0] if match["spaced"] else self._run(match[0]), text)

    def _reading(self, run: str) -> str:
        """Return the reading of ASCII characters without a space, the punctuation around them kept."""
        if not _SAID.search(run):
            return alone(run) or run
        run = _OPTIONAL_S.sub("s", run[:_LONGEST].replace(_CALL, ""))
        if found := self._term(run):
            return found
        edges = _EDGES.fullmatch(run)
        assert edges
        core = edges["core"]
        tail = edges["tail"].lstrip(_CLOSING) if _OPENING.search(core) else edges["tail"]
        return f"{edges['lead']}{self._term(core) or code(core, self._words)}{tail}".replace("`", "")

    def _term(self, text: str) -> str | None:
        """Return the reading of what is a term of the dictionary or a number as a whole."""
        return self._lexicon.exact(text) or numeric(text)


def _bare(letter: str) -> str:
    """Return a Latin letter without its accent."""
    return unicodedata.normalize("NFD", letter)[0]
