"""Chooses and loads the voice."""

from difflib import get_close_matches

import msgspec

from voicectl.actors.languages import bcp47
from voicectl.actors.plugin import is_plugin, plugin
from voicectl.actors.synthesizer import registry
from voicectl.actors.synthesizer.backend import SynthesizerBackend
from voicectl.actors.synthesizer.coqui import zoo as coqui_zoo
from voicectl.actors.synthesizer.voice import Missing, VoiceInfo, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendUnavailable, UsageError

BACKENDS = tuple(row.name for row in registry.BACKENDS)


def choose(settings: SynthesizerSettings, language: str) -> tuple[str, str]:
    """Return the backend for a language and why, without loading anything.

    ``auto`` takes the backend that has the named voice, else the first row of the registry that fits.

    Raises:
        UsageError: the configured name is unknown.
        BackendUnavailable: nothing here speaks the language.
    """
    if settings.backend != "auto":
        _known(settings.backend)
        return settings.backend, "configured"
    language = bcp47(language)
    note = _note(settings)
    for row in _having(settings, language) or registry.BACKENDS:
        if why := row.auto(settings, language):
            return row.name, why + note
    raise BackendUnavailable(f"no voice here speaks {language!r}; {_advice(settings, language)}{note}")


def load_backend(settings: SynthesizerSettings, language: str, name: str | None = None) -> SynthesizerBackend:
    """Load a backend: the one the settings choose, or a fallback by its name.

    A fallback takes its own default voice, since ``synthesizer.voice`` names a voice of the chosen backend.

    Raises:
        UsageError: the name or the voice is unknown.
        BackendUnavailable: a package, a program or a model is missing.
        ConfigError: the user's dictionary of readings is broken.
    """
    language = bcp47(language)
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


def load_guest(settings: SynthesizerSettings, language: str) -> SynthesizerBackend:
    """Load the best voice for text in another language than the listener's; voice and model are named for that one.

    Raises:
        BackendUnavailable: nothing here speaks the language.
    """
    own = {"backend": "auto", "voice": "", "model": "", "model_path": "", "config_path": ""}
    return load_backend(msgspec.structs.replace(settings, **own), language)


def _backend(name: str, settings: SynthesizerSettings, language: str) -> SynthesizerBackend:
    """Load one of the project's own backends by its name."""
    row = registry.entry(name)
    assert row
    return row.load(settings, language)


def installed(settings: SynthesizerSettings, language: str | None = None) -> list[VoiceInfo]:
    """Return the voices that can speak a language (None: any) as they are installed, best first."""
    language = language and bcp47(language)
    return [voice for row in registry.BACKENDS for voice in row.voices(settings, language)]


def missing(settings: SynthesizerSettings, language: str | None = None) -> list[Missing]:
    """Return the backends with more voices for a language (None: any) than are here, and how to get them."""
    language = language and bcp47(language)
    found = ((row.name, row.missing(settings, language)) for row in registry.BACKENDS)
    return [Missing(name, how) for name, how in found if how]


def _having(settings: SynthesizerSettings, language: str) -> list[registry.Entry]:
    """Return the backends that have the named voice; none when no voice is named."""
    return [
        row
        for row in registry.BACKENDS
        if settings.voice and any(voice.voice == settings.voice for voice in row.voices(settings, language))
    ]


def _note(settings: SynthesizerSettings) -> str:
    """Return what is to be done for a configured model that cannot be loaded here; empty when nothing is."""
    wanted = settings.model or settings.model_path
    return f"; for the configured model: {coqui_zoo.INSTALL}" if wanted and not coqui_zoo.has_library() else ""


def _known(name: str) -> None:
    """Check the name of a backend.

    Raises:
        UsageError: there is no such backend.
    """
    if name not in BACKENDS and not is_plugin(name):
        near = get_close_matches(name, BACKENDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "see voicectl voices"
        raise UsageError(f"unknown synthesizer {name!r}; known: auto, {', '.join(BACKENDS)}; {hint}")


def _advice(settings: SynthesizerSettings, language: str) -> str:
    """Return how to get a voice for a language."""
    wanted = missing(settings, language)
    return "get one: " + " | ".join(item.how for item in wanted) if wanted else "see voicectl voices"
