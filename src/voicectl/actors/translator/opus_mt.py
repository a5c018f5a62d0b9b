"""OPUS-MT: Marian models through transformers, one small model for each pair of languages."""

import warnings
from collections.abc import Sequence
from typing import Any

from transformers import AutoTokenizer

from voicectl.actors import languages
from voicectl.actors.translator.backend import first_line
from voicectl.actors.translator.seq2seq import Seq2SeqBackend
from voicectl.config.settings import LanguageSettings
from voicectl.protocol.errors import BackendUnavailable

_NAMES = {("en", "ja"): "en-jap"}
"""Pairs whose model on the hub is not named after their tags."""


def default_model(language: LanguageSettings) -> str:
    """Return the hub id of the model for a pair of languages."""
    source, target = (
        languages.tag(languages.flores(tag)).partition("-")[0] for tag in (language.source, language.target)
    )
    return f"Helsinki-NLP/opus-mt-{_NAMES.get((source, target), f'{source}-{target}')}"


class OpusMtBackend(Seq2SeqBackend):
    """Translates from the one language of its model; a model for several targets is told which by ``>>jpn<<``."""

    name = "opus-mt"

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Translate short texts, each with the target's token where the model wants one."""
        return super().decode([f"{self._prefix}{text}" for text in texts], careful=careful)

    def _load_tokenizer(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it recommends sacremoses, which it does not use
            try:
                tokenizer = AutoTokenizer.from_pretrained(str(self._folder), local_files_only=True)
            except (OSError, ValueError, KeyError, TypeError) as exc:
                raise BackendUnavailable(f"cannot read the tokenizer in {self._folder}: {first_line(exc)}") from exc
        self._prefix = _prefix(list(getattr(tokenizer, "supported_language_codes", ())), self._target)
        return tokenizer


def _prefix(known: Sequence[str], code: str) -> str:
    """Return the token for the target language with a blank behind it, or nothing for a model of one target."""
    if not known:
        return ""
    iso, _, script = code.partition("_")
    iso = "cmn" if iso == "zho" else iso
    wanted = (f">>{iso}_{script}<<", f">>{iso}<<", f">>{languages.tag(code)}<<", f">>{languages.tag(code)[:2]}<<")
    for token in wanted:
        if token in known:
            return f"{token} "
    raise BackendUnavailable(
        f"this opus-mt model does not translate to {languages.tag(code)}, only to: {' '.join(known)}"
    )
