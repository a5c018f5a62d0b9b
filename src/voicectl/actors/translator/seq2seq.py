"""What all translation models of transformers on PyTorch share: device, dtype, batches, memory."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSeq2SeqLM
from transformers.utils import logging as transformers_logging

from voicectl.actors import languages
from voicectl.actors.translator import guarded
from voicectl.actors.translator.backend import Result, Source, WrongDevice, first_line
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable

MAX_TARGET = 200
"""Pieces of the longest output."""
UNSURE = frozenset({"mps"})
"""Devices that compute nonsense in silence with some versions of torch and of the system: checked against the CPU."""
_SAMPLE = "All of the tests pass now."
_ALIKE = 0.5
"""Rounding may change a word, a wrong kernel changes everything."""
_CAREFUL_BEAM = 4
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Seq2SeqBackend(ABC):
    """Translates with the checkpoint in ``folder``, in the Hugging Face file form; nothing is downloaded.

    A family of models is a subclass with a ``name``, which gives the tokenizer and its own arguments of ``generate``.

    Attributes:
        model: the ``AutoModelForSeq2SeqLM`` on its device.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        max_pieces: the longest source text, in pieces.
        placeholders: 0, these models were trained without any.

    Raises:
        BackendUnavailable: a file, the device, the dtype or a language is missing.
        WrongDevice: the device is there, but computes something else than the CPU.
    """

    name = ""
    max_pieces = 120
    placeholders = 0

    def __init__(self, folder: Path, settings: TranslatorSettings, language: LanguageSettings) -> None:
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        if settings.threads:
            torch.set_num_threads(settings.threads)
        device = _device(settings.device)
        self._source, self._target = languages.flores(language.source), languages.flores(language.target)
        self._folder = folder
        self._tokenizer = self._load_tokenizer()
        self._arguments = self._generation()
        self.model = _load_model(folder, _dtype(settings.dtype, device))
        self._beam = settings.beam_size or 1
        self.device = "cpu"
        expected = self._sample() if device in UNSURE else ""
        self._move(device)
        self._warm_up()
        if device in UNSURE and not alike(expected, self._sample()):
            raise WrongDevice(f"{device} translates a sentence differently from the CPU")

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Return one result for each source, in order.

        Raises:
            BackendError: a sentence does not fit the memory even alone, or the device failed.
        """
        return guarded.translate(self, batch, source=self._source, target=self._target)

    def close(self) -> None:
        """Free the model."""
        del self.model
        self._free_memory()

    def pieces(self, text: str) -> int:
        """Return how many pieces the model makes of ``text``."""
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Translate short texts; ``careful`` means a beam of four that repeats nothing.

        A batch that does not fit the memory is halved.
        """
        try:
            return self._generate(texts, careful)
        except torch.OutOfMemoryError:
            pass  # the tensors are freed only here, when the error and the frames it holds are gone
        except RuntimeError as exc:
            raise BackendError(
                f"{self.device} failed on a sentence: {first_line(exc)}; if that goes on: voicectl restart translator"
            ) from exc
        self._free_memory()
        if len(texts) == 1:
            raise BackendError(
                f"out of memory on {self.device} for a sentence of {len(texts[0])} characters; "
                "free the GPU or set translator.device=cpu"
            )
        half = len(texts) // 2
        return self.decode(texts[:half], careful=careful) + self.decode(texts[half:], careful=careful)

    @abstractmethod
    def _load_tokenizer(self) -> Any:
        """Return the tokenizer of the checkpoint, set to the source language."""

    def _warm_up(self) -> None:
        """Do what makes the first sentence as quick as the others; the model is loaded."""
        guarded.warm_up(self)

    def _move(self, device: str) -> None:
        try:
            self.model = self.model.to(device)
        except RuntimeError as exc:
            raise BackendUnavailable(f"cannot load {self._folder} on {device}: {first_line(exc)}") from exc
        self.device = device

    def _sample(self) -> str:
        """Return what the device makes of a short sentence."""
        return self.decode([_SAMPLE], careful=False)[0]

    def _generation(self) -> dict[str, Any]:
        """Return what ``generate`` is told beside the inputs: the target language."""
        return {}

    def _generate(self, texts: Sequence[str], careful: bool) -> list[str]:
        inputs = self._tokenizer(list(texts), padding=True, return_tensors="pt").to(self.device)
        with torch.inference_mode():
            outputs = self.model.generate(
                **inputs,
                **self._arguments,
                max_new_tokens=MAX_TARGET,
                do_sample=False,
                num_beams=max(_CAREFUL_BEAM, self._beam) if careful else self._beam,
                no_repeat_ngram_size=5 if careful else 0,
            )
        translations: list[str] = self._tokenizer.batch_decode(outputs, skip_special_tokens=True)
        return translations

    def _free_memory(self) -> None:
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()
        elif self.device == "mps":
            torch.mps.empty_cache()


def _device(wanted: str) -> str:
    """Return the device to use: what is wanted if it is there, or the best that there is."""
    has_mps = torch.backends.mps.is_available()
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
    kind, _, index = wanted.partition(":")
    there = {"cpu": True, "cuda": int(index or 0) < torch.cuda.device_count(), "mps": has_mps}
    if not there.get(kind, False):
        raise BackendUnavailable(f"there is no device {wanted} for torch here; set translator.device=auto")
    return wanted


def _dtype(wanted: str, device: str) -> torch.dtype:
    """Return the dtype of the weights: half precision on CUDA, full elsewhere, unless one is wanted."""
    if wanted == "auto":
        return torch.float16 if device.startswith("cuda") else torch.float32
    if wanted not in _DTYPES:
        raise BackendUnavailable(f"torch has no {wanted} form; set translator.dtype=float32 or backend=ctranslate2")
    return _DTYPES[wanted]


def _load_model(folder: Path, dtype: torch.dtype) -> Any:
    try:
        return AutoModelForSeq2SeqLM.from_pretrained(str(folder), dtype=dtype, local_files_only=True).eval()
    except (OSError, ValueError, RuntimeError) as exc:
        raise BackendUnavailable(f"cannot load {folder}: {first_line(exc)}") from exc


def alike(expected: str, came: str) -> bool:
    """Say whether two translations of one sentence differ by no more than rounding explains."""
    return SequenceMatcher(None, expected, came, autojunk=False).ratio() >= _ALIKE
