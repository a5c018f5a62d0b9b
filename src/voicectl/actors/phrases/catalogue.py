"""The phrases in one language: English in, the listener's language out."""

import re
import tomllib
from importlib import resources
from typing import Any

from voicectl.actors.phrases.english import ONE, PHRASES

_VALUE = re.compile(r"\\\{(\w+)\\\}")


class Catalogue:
    """Finds which phrase a sentence is and says it in another language; one without a file knows no phrase."""

    def __init__(self, tag: str) -> None:
        """Load the file of a BCP 47 tag, ``TAG.toml`` beside this module."""
        self._phrases, self._names = _read(tag)

    def translate(self, text: str) -> str | None:
        """Return a sentence of voicectl's own in this language; None: it is no phrase, or there is no catalogue.

        The full stop may be missing. A language without a form for one takes the usual one.
        """
        for key, pattern in _PATTERNS.items() if self._phrases else ():
            if found := pattern.fullmatch(text):
                phrase = self._phrases.get(key) or self._phrases.get(key.removesuffix(ONE))
                values = {name: self._names.get(value, value) for name, value in found.groupdict().items()}
                return phrase.format_map(values) if phrase else None
        return None


def _read(tag: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the phrases of a language, and its words for values that are no names."""
    if tag == "en":
        return PHRASES, {}
    file = resources.files(__package__).joinpath(f"{tag}.toml")
    if not file.is_file():
        return {}, {}
    data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return data["phrases"], data["names"]


def _pattern(phrase: str) -> re.Pattern[str]:
    """Return what matches a phrase with any values, with or without its full stop."""
    literal = re.escape(phrase.rstrip("."))
    return re.compile(_VALUE.sub(r"(?P<\1>.+?)", literal) + r"\.?", re.DOTALL)


_PATTERNS = {key: _pattern(phrase) for key, phrase in PHRASES.items()}
