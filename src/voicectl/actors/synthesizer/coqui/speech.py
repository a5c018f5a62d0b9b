"""What all voices of Coqui TTS share when they are loaded and when they speak.

torch and TTS are imported by these functions when they are called, not when this module is.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.coqui.model import device, load_library, reason
from voicectl.actors.synthesizer.pcm import FULL_SCALE, to_int16
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError


def prepare(settings: SynthesizerSettings) -> str:
    """Import the libraries, set how they compute, and return the device.

    Raises:
        BackendUnavailable: a library or the device is missing.
    """
    load_library()
    import torch

    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.backends.cudnn.deterministic = True
    return device(settings.device)


def fold_weight_norm(model: Any) -> None:
    """Fold weight norm into the weights: it is computed anew in every pass otherwise."""
    import torch

    for module in model.modules():
        if torch.nn.utils.parametrize.is_parametrized(module, "weight"):
            torch.nn.utils.parametrize.remove_parametrizations(module, "weight")


def seed(text: str) -> None:
    """Set the random generators from a text, so that the same sentence always gives the same samples."""
    import torch

    number = zlib.crc32(text.encode("utf-8", "replace"))
    torch.manual_seed(number)
    np.random.seed(number)


def letters(tokenizer: Any, text: str, language: str | None) -> list[int]:
    """Return the token ids of a text; none when the model knows no letter of it."""
    ids = list(tokenizer.text_to_ids(text, language=language))
    marks = {getattr(tokenizer.characters, f"{mark}_id", None) for mark in ("blank", "pad", "bos", "eos")}
    return ids if set(ids) - marks else []


def speech(
    text: str, waves: Iterable[npt.NDArray[np.float32]], volume: float, sample_rate: int, device: str
) -> Iterator[Pcm]:
    """Yield the waves of a sentence, each of shape (n,) and between -1 and 1, as PCM.

    Raises:
        BackendError: the model failed on it; out of memory and errors of the device are among the reasons.
    """
    try:
        for wave in waves:
            if not np.isfinite(wave).all():
                raise BackendError("the model made no finite sound")
            yield Pcm(to_int16(wave, FULL_SCALE * volume), sample_rate)
    except Exception as exc:  # the library raises whatever it meets; the sentence failed, not the process
        if device.startswith("cuda"):
            _release()
        raise BackendError(f"coqui could not speak {text[:40]!r}: {reason(exc)}") from exc


def _release() -> None:
    """Give back memory that the GPU keeps for later; a lost device cannot even do that."""
    import torch

    try:
        torch.cuda.empty_cache()
    except RuntimeError:
        return
