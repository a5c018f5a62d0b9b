"""Chooses a translator backend and loads it."""

from importlib.util import find_spec

from voicectl.actors.plugin import is_plugin, plugin
from voicectl.actors.translator.backend import TranslatorBackend
from voicectl.actors.translator.languages import flores
from voicectl.actors.translator.none import NoneBackend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models import store
from voicectl.protocol.errors import BackendUnavailable, UsageError

BACKENDS = ("auto", "starter", "ctranslate2", "nllb", "none")
DEFAULT_NLLB = "facebook/nllb-200-distilled-600M"


def choose(settings: TranslatorSettings, language: LanguageSettings) -> tuple[str, str]:
    """Return the backend for these settings and why it is the one; loads nothing and imports no model library.

    Raises:
        UsageError: the backend's name or a language is not known.
    """
    _require_known(settings.backend)
    if settings.backend != "auto":
        return settings.backend, "named in the configuration"
    pair = flores(language.source), flores(language.target)
    if pair[0] == pair[1]:
        return "none", "source and target are the same language"
    if settings.model:
        return _choose_for_model(settings.model)
    missing = _nllb_missing(DEFAULT_NLLB)
    if not missing:
        return "nllb", "NLLB is installed and its weights are in the cache"
    if pair == ("eng_Latn", "jpn_Jpan"):
        return "starter", f"rough, but needs no download; for better translations: {missing}"
    return "none", f"nothing installed translates {language.source} to {language.target}: {missing}"


def load_backend(
    settings: TranslatorSettings, language: LanguageSettings, name: str | None = None
) -> TranslatorBackend:
    """Load a backend: the one named, or the one that the settings choose.

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
    if name == "nllb":
        return _load_nllb(settings, language)
    from voicectl.actors.translator.ctranslate2 import CTranslate2Backend

    return CTranslate2Backend(store.locate("" if name == "starter" else settings.model), settings, language)


def _load_nllb(settings: TranslatorSettings, language: LanguageSettings) -> TranslatorBackend:
    if missing := _packages_missing():
        raise BackendUnavailable(f"nllb needs torch and transformers: {missing}")
    folder = store.locate(settings.model or DEFAULT_NLLB)
    from voicectl.actors.translator.nllb import NllbBackend

    return NllbBackend(folder, settings, language)


def _choose_for_model(model: str) -> tuple[str, str]:
    """Choose by the form of the user's own model; one that is missing is left to the backend to report."""
    try:
        form = store.form(store.locate(model))
    except BackendUnavailable:
        form = "transformers"
    return ("ctranslate2" if form == "ctranslate2" else "nllb"), f"the form of {model}"


def _nllb_missing(model: str) -> str:
    """Return what to do before NLLB can run, or an empty string if it can."""
    if missing := _packages_missing():
        return missing
    return "" if store.cached(model) else f"voicectl models pull {model}"


def _packages_missing() -> str:
    there = all(find_spec(package) for package in ("torch", "transformers"))
    return "" if there else "pip install 'voicectl[nllb]'"


def _require_known(name: str) -> None:
    if name not in BACKENDS and not is_plugin(name):
        raise UsageError(f"unknown translator {name!r}; known ones: {', '.join(BACKENDS)}")
