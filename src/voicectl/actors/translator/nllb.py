"""NLLB-200 through transformers on PyTorch: CUDA, MPS or CPU. Only the translator's process imports this."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from voicectl.actors.translator.backend import first_line
from voicectl.actors.translator.greedy import FAMILY, GreedyDecoder
from voicectl.actors.translator.seq2seq import MAX_TARGET, Seq2SeqBackend
from voicectl.protocol.errors import BackendUnavailable


class NllbBackend(Seq2SeqBackend):
    """Translates between any two of the 200 languages: one token before the source, one before the output.

    The first try, without a beam, is decoded by ``GreedyDecoder``; a careful one by ``generate``.
    """

    name = "nllb"
    _greedy: GreedyDecoder | None = None

    def close(self) -> None:
        """Free the model and what was recorded with it."""
        self._greedy = None
        super().close()

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

    def _warm_up(self) -> None:
        if self.model.config.model_type == FAMILY and self._beam == 1:
            try:
                self._greedy = GreedyDecoder(self.model, MAX_TARGET)
                self._greedy.record()
            except RuntimeError as exc:
                raise BackendUnavailable(
                    f"{self.device} fails to warm up: {first_line(exc)}; set translator.device=cpu"
                ) from exc
        super()._warm_up()

    def _generate(self, texts: Sequence[str], careful: bool) -> list[str]:
        inputs = self._tokenizer(list(texts), padding=True, return_tensors="pt")
        if careful or self._greedy is None or not self._greedy.fits(*inputs["input_ids"].shape):
            return super()._generate(texts, careful)
        target = self._arguments["forced_bos_token_id"]
        outputs = self._greedy.decode(inputs["input_ids"], inputs["attention_mask"], target)
        translations: list[str] = self._tokenizer.batch_decode(outputs, skip_special_tokens=True)
        return translations

    def _generation(self) -> dict[str, Any]:
        return {"forced_bos_token_id": _token_id(self._tokenizer, self._target, self._folder)}


def _token_id(tokenizer: Any, code: str, folder: Path) -> int:
    """Return the id of a language's token; a tokenizer that lacks it would take ``<unk>`` in silence."""
    number: int = tokenizer.convert_tokens_to_ids(code)
    if number is None or number == tokenizer.unk_token_id:
        raise BackendUnavailable(f"the model in {folder} does not know {code}; choose another translator.model")
    return number
