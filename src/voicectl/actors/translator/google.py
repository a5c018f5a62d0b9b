"""Google Translate through deep-translator. What is translated leaves this machine, so it is never chosen by itself."""

import queue
import threading
from collections.abc import Sequence

import requests
from deep_translator import GoogleTranslator
from deep_translator.constants import GOOGLE_LANGUAGES_TO_CODES
from deep_translator.exceptions import BaseError, RequestError, ServerException, TooManyRequests

from voicectl.actors import languages
from voicectl.actors.translator import guarded
from voicectl.actors.translator.backend import Result, Source, first_line
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable

_CODES = {"he": "iw", "jv": "jw", "nb": "no", "nn": "no", "zh": "zh-CN", "zh-Hant": "zh-TW", "mni": "mni-Mtei"}
"""Google's own codes where they are not the BCP 47 tags."""
_KNOWN = frozenset(GOOGLE_LANGUAGES_TO_CODES.values())
_TIMEOUT_S = 10.0
_FAILURES = (BaseError, RequestError, ServerException, TooManyRequests, requests.RequestException)


class GoogleBackend:
    """Translates by Google's public page, one request a sentence.

    Attributes:
        max_pieces: the longest source text, in characters.
        placeholders: as many as there can be; where Google changes one, the ladder goes on without.

    Raises:
        BackendUnavailable: Google does not translate one of the languages.
    """

    name = "google"
    device = "cloud"
    max_pieces = 2000
    placeholders = 1000

    def __init__(self, settings: TranslatorSettings, language: LanguageSettings) -> None:
        del settings  # there is nothing to set
        self._target = languages.flores(language.target)
        self._to = _code(self._target)
        self.set_source(languages.flores(language.source))

    def set_source(self, code: str) -> None:
        """Take this FLORES-200 code for the language of what comes next.

        Raises:
            BackendUnavailable: Google does not know it.
        """
        self._from = _code(code)
        self._source = code

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Return one result for each source, in order.

        Raises:
            BackendError: Google cannot be reached or refuses.
        """
        return guarded.translate(self, batch, source=self._source, target=self._target)

    def close(self) -> None:
        """Do nothing: there is no model."""

    def pieces(self, text: str) -> int:
        """Return the number of characters."""
        return len(text)

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Translate short texts; there is no other search, so that ``careful`` changes nothing."""
        return [self._ask(text) for text in texts]

    def _ask(self, text: str) -> str:
        """Ask in a thread of its own: deep-translator waits for an answer without end.

        Raises:
            BackendError: there is no answer, or none in time.
        """
        answers: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()
        translator = GoogleTranslator(source=self._from, target=self._to)

        def ask() -> None:
            try:
                answers.put(translator.translate(text) or "")
            except _FAILURES as exc:
                answers.put(exc)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=_TIMEOUT_S)
        except queue.Empty as exc:
            raise BackendError(f"Google has not answered for {_TIMEOUT_S:g} s; use another translator.backend") from exc
        if isinstance(answer, Exception):
            raise BackendError(f"Google did not translate: {first_line(answer)}; use another translator.backend")
        return answer


def _code(code: str) -> str:
    """Return Google's code of a FLORES-200 code."""
    tag = languages.tag(code)
    wanted = _CODES.get(tag, tag)
    if wanted not in _KNOWN:
        raise BackendUnavailable(f"Google does not translate {tag}; use translator.backend=nllb")
    return wanted
