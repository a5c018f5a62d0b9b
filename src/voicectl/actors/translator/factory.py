"""Chooses a translator backend and loads it."""

import json
from importlib.util import find_spec

import msgspec
import structlog

from voicectl.actors.languages import AUTO, flores
from voicectl.actors.plugin import is_plugin, plugin
from voicectl.actors.translator import nllb_choice
from voicectl.actors.translator.backend import Polyglot, TranslatorBackend, WrongDevice
from voicectl.actors.translator.nllb_choice import Say
from voicectl.actors.translator.none import NoneBackend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models import convert, store
from voicectl.protocol.errors import BackendUnavailable, UsageError

BACKENDS = ("auto", "starter", "ctranslate2", "nllb", "opus-mt", "llm", "google", "none")


def choose(settings: TranslatorSettings, language: LanguageSettings) -> tuple[str, str]:
    """Return the backend for these settings and why it is the one; loads nothing and imports no model library.

    Raises:
        UsageError: the backend's name or a language is not known.
    """
    _require_known(settings.backend)
    if settings.backend != "auto":
        return settings.backend, "named in the configuration"
    source = "" if language.source == AUTO else flores(language.source)
    target = flores(language.target)
    if source == target:
        return "none", "source and target are the same language"
    if settings.url:
        return "llm", f"there is a server at {settings.url}"
    if settings.model:
        return _choose_for_model(settings.model)
    missing = nllb_choice.missing()
    if not missing:
        return "nllb", "NLLB is installed and its weights are in the cache"
    if source in ("", "eng_Latn") and target == "jpn_Jpan":
        return "starter", f"rough, but needs no download; for better translations: {missing}"
    return "none", f"nothing installed translates {language.source} to {language.target}: {missing}"


def load_backend(
    settings: TranslatorSettings, language: LanguageSettings, name: str | None = None, say: Say | None = None
) -> TranslatorBackend:
    """Load a backend: the one named, or the one that the settings choose.

    ``say`` is told in one line what takes long; without it, that goes to the log.

    Raises:
        UsageError: the backend's name or a language is not known.
        BackendUnavailable: a package, a model or a device is missing; the text says how to get it.
    """
    if name is not None:
        _require_known(name)
    if name is None or name == "auto":
        name, _ = choose(settings, language)
    if is_plugin(name):
        backend: TranslatorBackend = plugin(name)(settings, language)
        return backend
    if name == "none":
        return NoneBackend()
    say = say or structlog.get_logger().info
    if language.source != AUTO:
        return _load(name, settings, language, say)
    loaded = _load(name, settings, LanguageSettings(source="en", target=language.target), say)
    if not isinstance(loaded, Polyglot):
        raise BackendUnavailable(f"{name} needs to know the language; set language.source")
    from voicectl.actors.translator.detecting import DetectingBackend

    return DetectingBackend(loaded, flores(language.target))


def _load(name: str, settings: TranslatorSettings, language: LanguageSettings, say: Say) -> TranslatorBackend:
    """Load a backend on its device, or on the CPU if that device computes nonsense; the user is told."""
    try:
        return _load_on_device(name, settings, language, say)
    except WrongDevice as exc:
        reason = str(exc)
    say(f"{reason}; {name} goes on on the CPU")  # only here is the model on that device gone
    return _load_on_device(name, msgspec.structs.replace(settings, device="cpu"), language, say)


def _load_on_device(name: str, settings: TranslatorSettings, language: LanguageSettings, say: Say) -> TranslatorBackend:
    """Load one of the backends that translate; only here are their libraries imported."""
    if name == "nllb":
        return nllb_choice.load(settings, language, say)
    if name == "opus-mt":
        return _load_opus_mt(settings, language)
    if name == "llm":
        from voicectl.actors.translator.llm import LlmBackend

        return LlmBackend(settings, language)
    if name == "google":
        if not find_spec("deep_translator"):
            raise BackendUnavailable("google needs deep-translator: pip install 'voicectl[google]'")
        from voicectl.actors.translator.google import GoogleBackend

        return GoogleBackend(settings, language)
    from voicectl.actors.translator.ctranslate2 import CTranslate2Backend

    return CTranslate2Backend(store.locate("" if name == "starter" else settings.model), settings, language)


def _load_opus_mt(settings: TranslatorSettings, language: LanguageSettings) -> TranslatorBackend:
    if not all(find_spec(package) for package in ("torch", "transformers")):
        raise BackendUnavailable(f"opus-mt needs torch and transformers: {convert.EXTRA}")
    from voicectl.actors.translator.opus_mt import OpusMtBackend, default_model

    return OpusMtBackend(store.locate(settings.model or default_model(language)), settings, language)


def _choose_for_model(model: str) -> tuple[str, str]:
    """Choose by the form of the user's own model; one that is missing is left to the backend to report."""
    if model.endswith(".gguf"):
        return "llm", f"the form of {model}"
    name = "nllb"
    try:
        folder = store.locate(model)
        if store.form(folder) == "ctranslate2":
            name = "ctranslate2"
        elif json.loads((folder / "config.json").read_bytes()).get("model_type") == "marian":
            name = "opus-mt"
    except (BackendUnavailable, OSError, ValueError):
        pass
    return name, f"the form of {model}"


def _require_known(name: str) -> None:
    if name not in BACKENDS and not is_plugin(name):
        raise UsageError(f"unknown translator {name!r}; known ones: {', '.join(BACKENDS)}")
