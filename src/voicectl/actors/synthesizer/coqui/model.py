"""Loads VITS checkpoints of Coqui TTS, and answers what they can do.

torch and TTS are imported by these functions when they are called, not when this module is.
"""

import difflib
import logging
from pathlib import Path
from typing import Any

from voicectl.actors.synthesizer.coqui import shim as coqui_shim
from voicectl.actors.synthesizer.coqui.zoo import INSTALL, Checkpoint
from voicectl.actors.synthesizer.voice import speaks
from voicectl.protocol.errors import BackendUnavailable, ConfigError


def load_library() -> None:
    """Import torch and TTS.

    Raises:
        BackendUnavailable: one of them is missing or does not load.
    """
    try:
        import torch  # noqa: F401

        coqui_shim.install()
        import TTS
        import TTS.tts.models.vits  # noqa: F401
    except (ImportError, OSError, RuntimeError) as exc:
        raise BackendUnavailable(f"coqui cannot be loaded ({reason(exc)}); run: {INSTALL}") from exc
    for library in ("TTS", "trainer", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)  # they warn of every letter and token they do not know


def load_model(files: Checkpoint) -> Any:
    """Return the model of a checkpoint, on the CPU.

    Raises:
        BackendUnavailable: it is not a VITS checkpoint, or the files do not fit each other.
    """
    from TTS.config import load_config
    from TTS.tts.models.vits import Vits

    try:
        config = load_config(str(files.config))
        _complete(config.model_args, files.config.parent)
        model = Vits(config)
        model.load_checkpoint(config, str(files.model), eval=True)
    except Exception as exc:  # any part of a foreign file can be wrong
        raise BackendUnavailable(f"coqui: {files.model} cannot be loaded ({reason(exc)}); check its config") from exc
    return model


def _complete(args: Any, folder: Path) -> None:
    """Look beside the configuration for the speaker and language files that it names where they were in training."""
    for key in ("speakers_file", "language_ids_file", "d_vector_file"):
        value = getattr(args, key, None)
        if isinstance(value, str) and value and not Path(value).is_file() and (folder / Path(value).name).is_file():
            setattr(args, key, str(folder / Path(value).name))


def speaker(model: Any, voice: str) -> str | None:
    """Return the speaker to use: the named one, else the first; None when the model has no speakers.

    Raises:
        ConfigError: the model has no speaker of this name.
    """
    names = [str(name) for name in model.speaker_manager.name_to_id] if model.speaker_manager else []
    if not names:
        return None
    if voice and voice not in names:
        near = difflib.get_close_matches(voice, names, n=1)
        hint = f"nearest: {near[0]}" if near else f"it has {', '.join(names[:5])}" + (" …" if len(names) > 5 else "")
        raise ConfigError(f"synthesizer.voice: the model has no speaker {voice!r}; {hint}")
    return voice or names[0]


def language_name(model: Any, language: str) -> str | None:
    """Return the model's own name of a language; None when it has no languages to choose from.

    Raises:
        BackendUnavailable: it speaks several, and this is none of them.
    """
    names = [str(name) for name in model.language_manager.name_to_id]
    if len(names) < 2:
        return names[0] if names else None
    fitting = [name for name in names if name.lower() == language.lower()]
    fitting += [name for name in names if speaks(name, language)]
    if not fitting:
        raise BackendUnavailable(f"coqui: the model speaks {', '.join(names)}, not {language!r}")
    return fitting[0]


def device(wanted: str) -> str:
    """Return the torch device to use; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises:
        BackendUnavailable: the device asked for is not here.
    """
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted)
    except (RuntimeError, AssertionError) as exc:
        raise BackendUnavailable(f"coqui: there is no device {wanted!r} here; set synthesizer.device = cpu") from exc
    return wanted


def reason(error: Exception) -> str:
    """Return the first line of what an error says."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
