"""What can be said about a voice without loading it."""

import importlib.util
from typing import NamedTuple

_MAIN_REGIONS = {"ar": "EG", "en": "US", "ja": "JP", "ko": "KR", "pt": "BR", "zh": "CN"}
"""The region that is meant by a bare language, where it is not the one whose code is the language's own."""


class VoiceInfo(NamedTuple):
    """A voice that is installed.

    ``voice`` is what ``synthesizer.voice`` takes, ``language`` a BCP 47 tag, ``sample_rate`` is in Hz.
    """

    backend: str
    voice: str
    language: str
    sample_rate: int


class Missing(NamedTuple):
    """A backend that is not usable here, and one line on how to get it."""

    backend: str
    how: str


def speaks(voice_language: str, wanted: str) -> bool:
    """Return whether a voice of one language serves another tag: ``en-us`` serves ``en``, ``ja`` serves ``ja-JP``."""
    return voice_language.lower().split("-")[0] == wanted.lower().split("-")[0]


def distance(voice_language: str, wanted: str) -> int:
    """Return how far a voice's variety of a language is from the wanted one: 0 the same, 1 the main one, 2 another."""
    if voice_language.lower() == wanted.lower():
        return 0
    code = wanted.lower().split("-")[0]
    return 1 if voice_language == f"{code}-{_MAIN_REGIONS.get(code, code.upper())}" else 2


def importable(*modules: str) -> bool:
    """Return whether packages are installed; finding them does not import them."""
    return all(importlib.util.find_spec(module) is not None for module in modules)
