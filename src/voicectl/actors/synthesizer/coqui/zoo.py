"""Coqui's model zoo: which of its voices are here, found without importing TTS or torch.

The zoo keeps most models in a folder of its own, and those that are on the Hugging Face hub in the hub's cache.

``python -m voicectl.actors.synthesizer.coqui.zoo NAME`` downloads one; nothing else ever does.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from voicectl.actors.synthesizer.voice import VoiceInfo, importable, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.models import store
from voicectl.protocol.errors import BackendUnavailable, ConfigError

NAME = "coqui"

DOWNLOAD = "voicectl models pull"

INSTALL = "pip install 'voicectl[coqui]'"

_OWN_MODEL = "set synthesizer.model_path and config_path"

_MANY = "mul"
"""The language tag of a model that speaks several."""

_SLOW = ("bark", "tortoise-v2")
"""Models that take minutes for a sentence."""


class Checkpoint(NamedTuple):
    """The two files of a model."""

    model: Path
    config: Path


def folder() -> Path:
    """Return the zoo's cache folder, where coqui-tts itself puts it (``trainer.io.get_user_data_dir``)."""
    for variable in ("TTS_HOME", "XDG_DATA_HOME"):
        if value := os.environ.get(variable):
            return Path(value).expanduser() / "tts"
    base = "Library/Application Support" if sys.platform == "darwin" else ".local/share"
    return Path.home() / base / "tts"


def cached(name: str) -> Checkpoint:
    """Return the files of a zoo model that was downloaded before.

    Args:
        name: ``tts_models/LANGUAGE/DATASET/MODEL``.

    Raises:
        ConfigError: this is not the form of a name.
        BackendUnavailable: it is not in the cache; the text says how to download it.
    """
    parts = name.split("/")
    if len(parts) != 4 or parts[0] != "tts_models" or ".." in parts:
        raise ConfigError(f"synthesizer.model: {name!r} is no zoo name; one looks like tts_models/en/ljspeech/vits")
    if parts[3] in _SLOW:
        raise ConfigError(f"synthesizer.model: {parts[3]} takes minutes for a sentence; take another model")
    found = _files(name)
    if found is None:
        raise BackendUnavailable(f"coqui: {name} is not downloaded yet; run: {DOWNLOAD} {name}")
    return found


def vocoder(settings: SynthesizerSettings) -> Checkpoint | None:
    """Return the files of the vocoder that the configured zoo model was made for; None when it needs none.

    Raises:
        BackendUnavailable: it needs one that is not downloaded.
    """
    name = _listed(settings.model).get("default_vocoder") if not settings.model_path else None
    if not name:
        return None
    found = _files(str(name))
    if found is None:
        raise BackendUnavailable(f"coqui: {name}, the vocoder, is not here; run: {DOWNLOAD} {settings.model}")
    return found


def kind(files: Checkpoint) -> str:
    """Return what a model is, ``vits``, ``xtts`` or another name of Coqui's; empty where its config cannot be read."""
    try:
        return str(json.loads(files.config.read_text(encoding="utf-8"))["model"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def configured(settings: SynthesizerSettings) -> Checkpoint:
    """Return the files of the configured model.

    Raises:
        ConfigError: none is configured, or half of one.
        BackendUnavailable: a file is not there.
    """
    if not settings.model_path and not settings.config_path:
        if not settings.model:
            raise ConfigError("coqui needs a model: set synthesizer.model_path and synthesizer.config_path")
        return cached(settings.model)
    if not (settings.model_path and settings.config_path):
        raise ConfigError("synthesizer.model_path and synthesizer.config_path go together; set both")
    files = Checkpoint(Path(settings.model_path).expanduser(), Path(settings.config_path).expanduser())
    for path in files:
        if not path.is_file():
            raise BackendUnavailable(f"coqui: there is no file {path}; correct synthesizer.model_path or config_path")
    return files


def voices(language: str | None) -> list[VoiceInfo]:
    """Return the models that are here and speak a language; None: all. One that speaks several is ``mul``."""
    found = []
    for name in _names():
        checkpoint = _files(name)
        try:
            config = json.loads(checkpoint.config.read_text(encoding="utf-8")) if checkpoint else {}
            rate = int(config["audio"].get("output_sample_rate") or config["audio"]["sample_rate"])
            tags = list(config.get("languages") or []) if config["model"] == "xtts" else [name.split("/")[1]]
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue  # not a voice that could be loaded
        if language is None or any(speaks(str(tag), language) for tag in tags):
            found.append(VoiceInfo(NAME, name, tags[0] if len(tags) == 1 else _MANY, rate))
    return found


def installed(_settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return the models in the cache that speak a language (None: all), where torch and TTS are there to load them."""
    return voices(language) if has_library() else []


def missing(_settings: SynthesizerSettings, language: str | None) -> str | None:
    """Return how to get a neural voice for a language (None: any); None when there is one."""
    if not has_library():
        return f"neural voices (VITS): {INSTALL}"
    return None if voices(language) else f"neural voices (VITS): {_OWN_MODEL}, or run: {DOWNLOAD} NAME"


def auto(settings: SynthesizerSettings, _language: str) -> str | None:
    """Return why the configured model is taken; None when none is configured, or the library is missing."""
    if not (settings.model or settings.model_path):
        return None
    return "a model of Coqui TTS is configured" if has_library() else None


def download(name: str) -> Checkpoint:
    """Download a zoo model and its vocoder, with a progress bar, say its licence and return its files.

    Raises:
        BackendUnavailable: coqui-tts is not installed, the zoo has no such model, or its terms were not accepted.
    """
    from voicectl.actors.synthesizer.coqui.model import load_library

    load_library()
    from TTS.utils.manage import ModelManager

    manager = ModelManager(progress_bar=True)
    try:
        model, config, about = manager.download_model(name)
        if about.get("default_vocoder"):
            manager.download_model(about["default_vocoder"])
    except EOFError as exc:  # it asked a question and nobody is there to answer
        terms = f"{name} has terms to accept, {licence(name)}"
        raise BackendUnavailable(f"coqui: {terms}; run this in a terminal, or set COQUI_TOS_AGREED=1") from exc
    except (KeyError, ValueError, OSError, RuntimeError) as exc:
        raise BackendUnavailable(f"coqui: {name} cannot be downloaded: {exc}") from exc
    print(f"{name}: licence {licence(name)}")
    return Checkpoint(Path(model), Path(config or Path(model) / "config.json"))


def licence(name: str) -> str:
    """Return a model's licence as the zoo names it, and what it means where that is easily missed."""
    found = str(_listed(name).get("license") or "not named, see its page")
    return "CPML, not for commercial use (https://tts-hub.github.io/cpml)" if found == "CPML" else found


def has_library() -> bool:
    """Return whether torch and TTS are installed; looking does not import them."""
    return importable("torch", "TTS")


def _zoo() -> Mapping[str, Any]:
    """Return the models that coqui-tts knows, by kind, language, data and name; none when it is not installed."""
    spec = importlib.util.find_spec("TTS")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        return {}
    try:
        found: Mapping[str, Any] = json.loads((Path(folders[0]) / ".models.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _listed(name: str) -> Mapping[str, Any]:
    """Return what the zoo says of a model; nothing of one that it does not list."""
    about: Any = _zoo()
    for part in name.split("/"):
        about = about.get(part) or {}
    return dict(about)


def _names() -> list[str]:
    """Return the names of the zoo's models that may be here."""
    names = {"/".join(path.name.split("--", 3)) for path in folder().glob("tts_models--*--*--*")}
    for language, data_sets in _zoo().get("tts_models", {}).items():
        for data_set, models in data_sets.items():
            names |= {f"tts_models/{language}/{data_set}/{model}" for model in models if "repo_id" in models[model]}
    return sorted(name for name in names if name.split("/")[3] not in _SLOW)


def _files(name: str) -> Checkpoint | None:
    """Return the files of a model or a vocoder that is here, None when it is not."""
    found = _checkpoint(folder() / name.replace("/", "--"))
    repository = _listed(name).get("repo_id")
    if found or not repository:
        return found
    path = store.repository(str(repository))
    try:
        return _checkpoint(path / "snapshots" / (path / "refs" / "main").read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None


def _checkpoint(path: Path) -> Checkpoint | None:
    """Return the files in a folder, None when they are not complete."""
    config = path / "config.json"
    models = sorted(path.glob("model_file.pth*")) or sorted(path.glob("model.pth")) or sorted(path.glob("*.pth"))
    return Checkpoint(models[0], config) if models and config.is_file() else None


if __name__ == "__main__":
    print(download(sys.argv[1]).model)
