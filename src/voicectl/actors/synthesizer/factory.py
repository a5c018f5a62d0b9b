"""Chooses and loads the voice."""

import importlib.util
from difflib import get_close_matches

import msgspec

from voicectl.actors.plugin import is_plugin, plugin
from voicectl.actors.synthesizer import coqui, coqui_model, coqui_zoo, espeak_ng, openjtalk
from voicectl.actors.synthesizer.backend import SynthesizerBackend
from voicectl.actors.synthesizer.voice import Missing, VoiceInfo, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendUnavailable, UsageError

BACKENDS = (coqui.NAME, openjtalk.NAME, espeak_ng.NAME)
_OWN_MODEL = "set synthesizer.model_path and config_path"


def choose(settings: SynthesizerSettings, language: str) -> tuple[str, str]:
    """Return the backend for a language and why, without loading anything.

    ``auto`` takes the model that is configured, else Open JTalk for Japanese, else espeak-ng.

    Raises:
        UsageError: the configured name is unknown.
        BackendUnavailable: nothing here speaks the language.
    """
    if settings.backend != "auto":
        _known(settings.backend)
        return settings.backend, "configured"
    note = ""
    if settings.model or settings.model_path:
        if _coqui_installed():
            return coqui.NAME, "a model of Coqui TTS is configured"
        note = f"; for the configured model: {coqui_model.INSTALL}"
    if openjtalk.voices(language) and _importable("pyopenjtalk"):
        return openjtalk.NAME, f"the Japanese voice that is always there{note}"
    if espeak_ng.voices(language):
        return espeak_ng.NAME, f"the voice that is installed for {language}{note}"
    raise BackendUnavailable(f"no voice here speaks {language!r}; {_advice(language)}{note}")


def load_backend(settings: SynthesizerSettings, language: str, name: str | None = None) -> SynthesizerBackend:
    """Load a backend: the one the settings choose, or a fallback by its name.

    A fallback takes its own default voice, since ``synthesizer.voice`` names a voice of the chosen backend.

    Raises:
        UsageError: the name or the voice is unknown.
        BackendUnavailable: a package, a program or a model is missing.
        ConfigError: the user's dictionary of readings is broken.
    """
    chosen = choose(settings, language)[0]
    name = name or chosen
    _known(name)
    if name != chosen:
        settings = msgspec.structs.replace(settings, voice="")
    if is_plugin(name):
        backend: SynthesizerBackend = plugin(name)(settings, language)
        return backend
    if speaks("ja", language):
        from voicectl.actors.synthesizer.readings.voice import reading

        return reading(_backend(name, settings, language), settings.readings)
    return _backend(name, settings, language)


def _backend(name: str, settings: SynthesizerSettings, language: str) -> SynthesizerBackend:
    """Load one of the project's own backends by its name."""
    if name == openjtalk.NAME:
        return openjtalk.OpenJTalkBackend(settings, language)
    if name == espeak_ng.NAME:
        return espeak_ng.EspeakNgBackend(settings, language)
    return coqui.CoquiBackend(settings, language)


def installed(language: str | None = None) -> list[VoiceInfo]:
    """Return the voices that can speak a language (None: any) as they are installed, best first."""
    found = coqui_zoo.voices(language) if _coqui_installed() else []
    if _importable("pyopenjtalk"):
        found += openjtalk.voices(language)
    return found + espeak_ng.voices(language)


def missing(language: str | None = None) -> list[Missing]:
    """Return the backends that would speak a language (None: any) but are not usable here, and how to get them."""
    found = []
    if not _coqui_installed():
        found.append(Missing(coqui.NAME, f"neural voices (VITS): {coqui_model.INSTALL}"))
    elif not coqui_zoo.voices(language):
        found.append(Missing(coqui.NAME, f"neural voices (VITS): {_OWN_MODEL}, or run: {coqui_zoo.DOWNLOAD} NAME"))
    if (language is None or speaks("ja", language)) and not _importable("pyopenjtalk"):
        found.append(Missing(openjtalk.NAME, f"Japanese, offline: {openjtalk.INSTALL}"))
    if espeak_ng.program() is None:
        found.append(Missing(espeak_ng.NAME, f"a hundred languages, offline: {espeak_ng.INSTALL}"))
    return found


def _known(name: str) -> None:
    """Check the name of a backend.

    Raises:
        UsageError: there is no such backend.
    """
    if name not in BACKENDS and not is_plugin(name):
        near = get_close_matches(name, BACKENDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "see voicectl voices"
        raise UsageError(f"unknown synthesizer {name!r}; known: auto, {', '.join(BACKENDS)}; {hint}")


def _advice(language: str) -> str:
    """Return how to get a voice for a language."""
    wanted = missing(language)
    return "get one: " + " | ".join(item.how for item in wanted) if wanted else "see voicectl voices"


def _importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _coqui_installed() -> bool:
    """Return whether torch and TTS are there; finding them does not import them."""
    return _importable("torch") and _importable("TTS")
