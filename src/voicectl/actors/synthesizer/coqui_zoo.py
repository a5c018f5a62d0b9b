"""Coqui's model zoo: which of its voices are in the cache, found without importing TTS or torch.

``python -m voicectl.actors.synthesizer.coqui_zoo NAME`` downloads one; nothing else ever does.
"""

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from voicectl.actors.synthesizer.voice import VoiceInfo, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendUnavailable, ConfigError

DOWNLOAD = f"python -m {__name__ if __name__ != '__main__' else 'voicectl.actors.synthesizer.coqui_zoo'}"


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
    found = _checkpoint(folder() / "--".join(parts))
    if found is None:
        raise BackendUnavailable(f"coqui: {name} is not downloaded yet; run: {DOWNLOAD} {name}")
    return found


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
    """Return the VITS models in the cache that speak a language; None: all."""
    found = []
    for path in sorted(folder().glob("tts_models--*--*--*")):
        checkpoint = _checkpoint(path)
        tag = path.name.split("--")[1]
        if checkpoint is None or (language is not None and not speaks(tag, language)):
            continue
        try:
            config = json.loads(checkpoint.config.read_text(encoding="utf-8"))
            kind, rate = config["model"], int(config["audio"]["sample_rate"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a voice that could be loaded
        if kind == "vits":
            found.append(VoiceInfo("coqui", path.name.replace("--", "/"), tag, rate))
    return found


def download(name: str) -> Checkpoint:
    """Download a zoo model into the cache, with a progress bar, and return its files.

    Raises:
        BackendUnavailable: coqui-tts is not installed, or the zoo has no such model.
    """
    from voicectl.actors.synthesizer.coqui_model import load_library

    load_library()
    from TTS.utils.manage import ModelManager

    try:
        model, config, _ = ModelManager(progress_bar=True).download_model(name)
    except (KeyError, ValueError, OSError) as exc:
        raise BackendUnavailable(f"coqui: {name} cannot be downloaded: {exc}") from exc
    return Checkpoint(Path(model), Path(config or Path(model) / "config.json"))


def _checkpoint(path: Path) -> Checkpoint | None:
    """Return the files in a folder of the cache, None when they are not complete."""
    config = path / "config.json"
    models = sorted(path.glob("model_file.pth*")) or sorted(path.glob("*.pth"))
    return Checkpoint(models[0], config) if models and config.is_file() else None


if __name__ == "__main__":
    print(download(sys.argv[1]).model)
