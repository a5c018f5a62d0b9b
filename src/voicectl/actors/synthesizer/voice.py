"""What can be said about a voice without loading it."""

from typing import NamedTuple


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
