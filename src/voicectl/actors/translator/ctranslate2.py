"""NLLB-shaped models in CTranslate2's form: the starter, or a converted model of the user's own. No torch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import ctranslate2
import sentencepiece

from voicectl.actors import languages
from voicectl.actors.translator import guarded, shortlist
from voicectl.actors.translator.backend import Result, Source, first_line
from voicectl.actors.translator.placeholders import placeholder
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models.convert import LANGUAGE
from voicectl.models.store import STARTER
from voicectl.protocol.errors import BackendError, BackendUnavailable

TOKENIZER = "sentencepiece.bpe.model"
_MAX_TARGET = 200
_CAREFUL_BEAM = 4
_STARTER_BEAM = 4
"""A small model gains more by beams than a large one: 2 points of chrF++ for some 5 ms; more beams bring nothing."""
_ONLY_ENGLISH_TO_JAPANESE = "the starter only translates English to Japanese; for others: pip install 'voicectl[nllb]'"


class CTranslate2Backend:
    """Translates with the model in ``folder``: ``model.bin``, its vocabulary, ``sentencepiece.bpe.model``.

    The model's input is the source language's token, the pieces, ``</s>``; the hypothesis begins with
    the target language's token. Any model that has the pieces ``⟦0⟧``, ``⟦1⟧`` … gets protected spans. Of a large
    vocabulary only the shortlist of the target language is computed on a CPU, but for a careful try.

    Args:
        folder: where the model is.
        settings: device, compute type, threads, beams.
        language: from which language into which.
        name: what the backend is called, unless it is the starter.
        worthwhile: pieces of a vocabulary from which on there is a shortlist.

    Attributes:
        name: ``starter`` for the model that ships with voicectl, else as given.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        max_pieces: the longest source text, in pieces.
        placeholders: how many placeholder pieces the model has.

    Raises:
        BackendUnavailable: a file, the device, the compute type or a language is missing.
    """

    max_pieces = 120
    _starter_search: ClassVar[dict[str, Any]] = {"repetition_penalty": 1.05, "no_repeat_ngram_size": 5}

    def __init__(
        self,
        folder: Path,
        settings: TranslatorSettings,
        language: LanguageSettings,
        *,
        name: str = "ctranslate2",
        worthwhile: int = shortlist.WORTHWHILE,
    ) -> None:
        self.name = "starter" if folder == STARTER else name
        self._source, self._target = languages.flores(language.source), languages.flores(language.target)
        self._folder = folder
        if self.name == "starter" and self._target != "jpn_Jpan":
            raise BackendUnavailable(_ONLY_ENGLISH_TO_JAPANESE)
        vocabulary = _vocabulary(folder)
        self._codes = frozenset(piece for piece in vocabulary if LANGUAGE.fullmatch(piece))
        self._require_language(self._target)
        self.set_source(self._source)
        self._tokenizer = _load_tokenizer(folder)
        self.placeholders = _count_placeholders(self._tokenizer)
        self.device = "cpu" if self.name == "starter" else _device(settings.device)
        self._has_shortlist = self.device == "cpu" and len(vocabulary) >= worthwhile
        if self._has_shortlist:
            with shortlist.mapped(folder, vocabulary, self._target) as mapped:
                self._translator = _load_model(folder, mapped, self.device, settings)
        else:
            self._translator = _load_model(folder, folder, self.device, settings)
        self._beam = settings.beam_size or (_STARTER_BEAM if self.name == "starter" else 1)
        self._max_batch = settings.max_batch
        guarded.warm_up(self)

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Return one result for each source, in order.

        Raises:
            BackendError: CTranslate2 failed on this batch (out of memory, lost device).
        """
        return guarded.translate(self, batch, source=self._source, target=self._target)

    def set_source(self, code: str) -> None:
        """Take this FLORES-200 code for the language of what comes next.

        Raises:
            BackendUnavailable: the model does not know it.
        """
        if self.name == "starter" and code != "eng_Latn":
            raise BackendUnavailable(_ONLY_ENGLISH_TO_JAPANESE)
        self._require_language(code)
        self._source = code

    def close(self) -> None:
        """Free the model."""
        self._translator.unload_model()

    def pieces(self, text: str) -> int:
        """Return how many pieces the model makes of ``text``."""
        return len(self._tokenizer.encode(text))

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Translate short texts; ``careful`` means a beam of four that repeats nothing, over all pieces."""
        try:
            results = self._translator.translate_batch(
                [[self._source, *self._tokenizer.encode(text, out_type=str), "</s>"] for text in texts],
                target_prefix=[[self._target]] * len(texts),
                max_batch_size=self._max_batch,
                beam_size=max(_CAREFUL_BEAM, self._beam) if careful else self._beam,
                max_decoding_length=_MAX_TARGET,
                disable_unk=careful,
                use_vmap=self._has_shortlist and not careful,
                **(self._starter_search if self.name == "starter" else {"no_repeat_ngram_size": 5 if careful else 0}),
            )
        except RuntimeError as exc:
            raise BackendError(f"ctranslate2 failed on a sentence: {first_line(exc)}") from exc
        return [self._tokenizer.decode(result.hypotheses[0][1:]) for result in results]

    def _require_language(self, code: str) -> None:
        """Check that the model knows this language; CTranslate2 itself takes any other token for ``<unk>``."""
        if code not in self._codes:
            raise BackendUnavailable(
                f"the model in {self._folder} does not know {code}; choose another translator.model"
            )


def _load_tokenizer(folder: Path) -> Any:
    path = folder / TOKENIZER
    if not path.is_file():
        raise BackendUnavailable(f"{path} is missing; copy it from the model that {folder.name} was converted from")
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def _load_model(folder: Path, files: Path, device: str, settings: TranslatorSettings) -> Any:
    """Load the model of ``folder`` from ``files``, which may be links to it."""
    kind, _, index = device.partition(":")
    try:
        return ctranslate2.Translator(
            str(files),
            device=kind,
            device_index=int(index or 0),
            compute_type="int8" if folder == STARTER or settings.dtype == "auto" else settings.dtype,
            intra_threads=settings.threads,
        )
    except (RuntimeError, ValueError) as exc:
        raise BackendUnavailable(f"cannot load {folder}: {first_line(exc)}; try device=cpu, dtype=int8") from exc


def _device(wanted: str) -> str:
    """Return the device to use: CTranslate2 has no MPS, so that a Mac uses its CPU."""
    if wanted == "auto":
        return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    return "cpu" if wanted == "mps" else wanted


def _vocabulary(folder: Path) -> list[str]:
    """Return the pieces of a model in the order of their numbers."""
    paths = [path for path in (folder / "shared_vocabulary.json", folder / "shared_vocabulary.txt") if path.is_file()]
    if not paths:
        raise BackendUnavailable(f"{folder} is no model of CTranslate2; make one with ct2-transformers-converter")
    text = paths[0].read_text(encoding="utf-8")
    return list(json.loads(text)) if paths[0].suffix == ".json" else text.splitlines()


def _count_placeholders(tokenizer: Any) -> int:
    count = 0
    while tokenizer.piece_to_id(placeholder(count)) != tokenizer.unk_id():
        count += 1
    return count
