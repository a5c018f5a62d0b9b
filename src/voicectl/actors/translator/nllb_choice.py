"""NLLB in the form that fits the machine: transformers on CUDA and MPS, CTranslate2's int8 form on a CPU."""

import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from voicectl.actors.translator.backend import TranslatorBackend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models import convert, store
from voicectl.protocol.errors import BackendUnavailable

DEFAULT = "facebook/nllb-200-distilled-600M"
Say = Callable[[str], None]
"""Called with one line for the user, before something that takes long."""

_PATIENCE_S = 90.0
"""Longest conversion while somebody waits for the stage; the supervisor waits for 120 seconds."""
_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""One of these is there where torch can have CUDA: NVIDIA's driver, WSL's, AMD's."""


def missing() -> str:
    """Return what to do before the default model can run, or an empty string if it can."""
    folder = store.cached(DEFAULT)
    if folder and convert.converted(folder):
        return ""
    if not _has_torch():
        return convert.EXTRA
    return "" if folder else f"voicectl models pull {DEFAULT}"


def load(settings: TranslatorSettings, language: LanguageSettings, say: Say) -> TranslatorBackend:
    """Load NLLB; on a CPU a model that was not converted yet is converted first, once, and the user is told.

    Raises:
        BackendUnavailable: the model, a package, a language or the device is missing.
    """
    folder = store.locate(settings.model or DEFAULT)
    if not _wants_torch(settings) and (int8 := _int8_form(folder, say)):
        from voicectl.actors.translator.ctranslate2 import CTranslate2Backend

        return CTranslate2Backend(int8, settings, language, name="nllb")
    if not _has_torch():
        raise BackendUnavailable(
            f"{folder} is not converted for the CPU yet, and that needs torch and transformers once: {convert.EXTRA}, "
            f"then: voicectl models pull {settings.model or DEFAULT}"
        )
    from voicectl.actors.translator.nllb import NllbBackend

    return NllbBackend(folder, settings, language)


def _int8_form(folder: Path, say: Say) -> Path | None:
    """Return the form for the CPU, made now if need be, or None if it cannot be had."""
    if store.form(folder) == "ctranslate2":
        return folder
    if done := convert.converted(folder):
        return done
    if not convert.is_convertible(folder) or not _has_torch():
        return None
    say(f"converting {folder.name} for the CPU, once; this takes about a minute")
    try:
        return convert.convert(folder, _PATIENCE_S)
    except BackendUnavailable as exc:
        say(f"{exc}; it goes on without, several times slower")
        return None


def _wants_torch(settings: TranslatorSettings) -> bool:
    """Say whether transformers is the way: an accelerator, or a dtype that is not int8."""
    if settings.dtype not in ("auto", "int8"):
        return True
    return _has_accelerator() if settings.device == "auto" else settings.device != "cpu"


def _has_accelerator() -> bool:
    """Say whether torch has CUDA or MPS here; it is asked, which takes seconds, only where that can be."""
    can_be = (
        platform.machine() == "arm64" if sys.platform == "darwin" else any(Path(each).exists() for each in _DRIVERS)
    )
    if not can_be or not _has_torch():
        return False
    import torch

    return bool(torch.cuda.is_available() or torch.backends.mps.is_available())


def _has_torch() -> bool:
    return all(find_spec(package) for package in ("torch", "transformers"))
