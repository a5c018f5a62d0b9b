"""NLLB-200 through transformers on PyTorch: CUDA, MPS or CPU. Only the translator's process imports this."""

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from voicectl.actors.translator.backend import first_line
from voicectl.actors.translator.seq2seq import Seq2SeqBackend
from voicectl.protocol.errors import BackendUnavailable


class NllbBackend(Seq2SeqBackend):
    """Translates between any two of the 200 languages: one token before the source, one before the output."""

    name = "nllb"

    def set_source(self, code: str) -> None:
        """Take this FLORES-200 code for the language of what comes next.

        Raises:
            BackendUnavailable: the model does not know it.
        """
        _token_id(self._tokenizer, code, self._folder)
        self._tokenizer.src_lang = code
        self._source = code

    def _load_tokenizer(self) -> Any:
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(self._folder), src_lang=self._source, local_files_only=True)
        except (OSError, ValueError, KeyError) as exc:
            raise BackendUnavailable(f"cannot read the tokenizer in {self._folder}: {first_line(exc)}") from exc
        _token_id(tokenizer, self._source, self._folder)
        return tokenizer

    def _generation(self) -> dict[str, Any]:
        return {"forced_bos_token_id": _token_id(self._tokenizer, self._target, self._folder)}


def _token_id(tokenizer: Any, code: str, folder: Path) -> int:
    """Return the id of a language's token; a tokenizer that lacks it would take ``<unk>`` in silence."""
    number: int = tokenizer.convert_tokens_to_ids(code)
    if number is None or number == tokenizer.unk_token_id:
        raise BackendUnavailable(f"the model in {folder} does not know {code}; choose another translator.model")
    return number
