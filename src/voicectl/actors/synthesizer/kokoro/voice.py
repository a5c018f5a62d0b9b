"""Kokoro's files: one model, ``kokoro*.onnx``, and its voices, ``voices*.bin``, an archive of arrays.

A voice's name, as in ``af_heart``, begins with a letter for its language and one for its sex. Nothing here loads a
model.
"""

import zipfile
from pathlib import Path
from typing import NamedTuple

from voicectl.actors.synthesizer.voice import VoiceInfo, speaks
from voicectl.config.paths import voices_dir
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendUnavailable, ConfigError

NAME = "kokoro"
SAMPLE_RATE = 24_000
FILES = "https://github.com/thewh1teagle/kokoro-onnx/releases"

LANGUAGES = {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-br"}
"""By the first letter of a voice, as espeak-ng calls them. Chinese is left out: its voices want other phonemes than
espeak-ng's."""

_BEST = ("af_heart", "bf_emma", "ff_siwis", "jf_alpha")
"""The voices that their makers grade best in their languages (VOICES.md of Kokoro-82M)."""


class KokoroFiles(NamedTuple):
    """What is loaded."""

    model: Path
    voices: Path


def folder(settings: SynthesizerSettings) -> Path:
    """Return the folder of voices."""
    return Path(settings.voices).expanduser() if settings.voices else voices_dir()


def files(settings: SynthesizerSettings) -> KokoroFiles | None:
    """Return the files in the folder, the newest version by their names; None when one is missing."""
    models = sorted(folder(settings).glob("kokoro*.onnx"))
    archives = sorted(folder(settings).glob("voices*.bin"))
    return KokoroFiles(models[-1], archives[-1]) if models and archives else None


def voices(settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return the voices that speak a language (None: any), the best for it first."""
    here = files(settings)
    names = [name for name in _names(here.voices) if name[0] in LANGUAGES] if here else []
    fitting = [name for name in names if language is None or speaks(tag(name), language)]
    wanted = (language or "").lower()
    fitting.sort(key=lambda name: (bool(wanted) and tag(name).lower() != wanted, name not in _BEST, name))
    return [VoiceInfo(NAME, name, tag(name), SAMPLE_RATE) for name in fitting]


def knows(language: str) -> bool:
    """Return whether Kokoro has voices for a language."""
    return any(speaks(tag(letter), language) for letter in LANGUAGES)


def tag(voice: str) -> str:
    """Return the language of a voice as a BCP 47 tag."""
    language, _, region = LANGUAGES[voice[0]].partition("-")
    return f"{language}-{region.upper()}" if region else language


def choose(settings: SynthesizerSettings, language: str) -> tuple[KokoroFiles, str]:
    """Return the files and the voice: the named one, else the best for the language.

    Raises:
        BackendUnavailable: a file is missing or damaged, or no voice speaks the language.
        ConfigError: there is no voice of this name.
    """
    here = files(settings)
    if here is None:
        raise BackendUnavailable(
            f"kokoro: kokoro-v1.0.onnx and voices-v1.0.bin are not in {folder(settings)}; get them from {FILES}"
        )
    known = [voice.voice for voice in voices(settings, None)]
    if not known:
        raise BackendUnavailable(f"kokoro: {here.voices} is no archive of voices; get it again from {FILES}")
    if settings.voice and settings.voice not in known:
        raise ConfigError(f"synthesizer.voice: kokoro has no voice {settings.voice!r}; it has {', '.join(known[:5])} …")
    fitting = [voice.voice for voice in voices(settings, language)]
    if not (settings.voice or fitting):
        raise BackendUnavailable(f"kokoro has no voice for {language!r}; see voicectl voices --language all")
    return here, settings.voice or fitting[0]


def _names(archive: Path) -> list[str]:
    """Return the voices of an archive (NumPy's ``npz``), none when it is damaged."""
    try:
        with zipfile.ZipFile(archive) as content:
            return [Path(name).stem for name in content.namelist() if name.endswith(".npy")]
    except (OSError, zipfile.BadZipFile):
        return []
