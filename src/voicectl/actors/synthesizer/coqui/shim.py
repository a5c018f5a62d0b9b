"""Lets coqui-tts be imported where torchaudio and torchcodec are missing or broken.

``import TTS`` demands both, and ``TTS.tts.models.vits`` imports torchaudio; speaking with VITS calls neither, and what
cloning a voice with XTTS calls is in ``torch_mel.py``. Their
wheels are built for CUDA, so on a CPU build of torch they are often absent or fail to load their libraries. What cannot
be imported is replaced by an empty module with a valid ``__spec__`` (``importlib.util.find_spec`` is how TTS looks for
it), whose functions raise when they are called after all.
"""

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn


def install() -> list[str]:
    """Put stand-ins where they are needed, before the first ``import TTS``; return the names replaced."""
    replaced = []
    if not _importable("torchaudio"):
        functional = _stand_in("torchaudio.functional", [])
        transforms = _stand_in("torchaudio.transforms", ["Resample", "Vad"])
        from voicectl.actors.synthesizer.coqui import torch_mel

        vars(functional).update(resample=torch_mel.resample)
        vars(transforms).update(MelSpectrogram=torch_mel.MelSpectrogram)
        _stand_in("torchaudio", ["load", "save", "info"], functional=functional, transforms=transforms)
        replaced.append("torchaudio")
    if importlib.util.find_spec("torchcodec") is None:  # TTS only looks for it
        _stand_in("torchcodec", [])
        replaced.append("torchcodec")
    return replaced


def _importable(name: str) -> bool:
    """Import a package; when that fails, forget the half of it that was imported."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError, RuntimeError):
        for loaded in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[loaded]
        return False
    return True


def _stand_in(name: str, functions: list[str], **attributes: ModuleType) -> ModuleType:
    """Register an empty package of this name."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    vars(module).update(attributes, __version__="0")
    for function in functions:
        setattr(module, function, _absent(f"{name}.{function}"))
    sys.modules[name] = module
    return module


def _absent(what: str) -> Any:
    """Return a function that says it is not there."""

    def call(*_: object, **__: object) -> NoReturn:
        raise RuntimeError(f"{what} is not available: torchaudio is not installed or does not load")

    return call
