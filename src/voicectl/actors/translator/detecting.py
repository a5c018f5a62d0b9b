"""Detects the language of each sentence: ``language.source = "auto"``."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from voicectl.actors import languages
from voicectl.actors.translator import guards, placeholders
from voicectl.actors.translator.backend import ORIGINAL, REFUSED, Polyglot, Result, Source
from voicectl.protocol.errors import BackendUnavailable, UsageError

ENGLISH = "eng_Latn"
"""What is taken for the language until a sentence says otherwise: agents mostly write it."""
_CONFIDENT = 0.75
"""Of 4,700 sentences of the development sets none was wrong above this; one in five is doubtful."""
_ENOUGH_LETTERS = 20
"""In shorter sentences names and loan words decide, so that the last confident one is believed instead."""


class Detector:
    """Tells the language of sentences that come one after the other, by py3langid's model of 97 languages.

    Lui and Baldwin, "langid.py: An Off-the-shelf Language Identification Tool", ACL 2012. Protected spans are left out.
    """

    def __init__(self) -> None:
        self._identifier = _identifier()
        self._last = ENGLISH

    def detect(self, source: Source) -> str:
        """Return the FLORES-200 code of a sentence, or of the last confident one where this one is doubtful.

        A sentence without a letter of that language's script cannot be in it, however doubtful it is.
        """
        text = placeholders.beside(source.text, source.spans)
        if guards.has_words(text):
            label, confidence = self._identifier.classify(text)
            sure = _weight(text) >= _ENOUGH_LETTERS and confidence >= _CONFIDENT
            if sure or not guards.is_in_script(text, self._last):
                self._last = languages.flores(label)
        return self._last


class DetectingBackend:
    """A backend that is told the language of each sentence before it translates it.

    A sentence in the target language is its own translation. One in a language that the model does not know is refused,
    so that the next backend may try.
    """

    def __init__(self, backend: Polyglot, target: str) -> None:
        self.name = backend.name
        self.device = backend.device
        self._backend = backend
        self._target = target
        self._detector = Detector()
        self._source = ""

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Return one result for each source, in order; neighbours in one language are one batch.

        Raises:
            BackendError: the backend failed.
        """
        results: list[Result] = []
        run: list[Source] = []
        language = ""
        for source in batch:
            heard = self._detector.detect(source)
            if run and heard != language:
                results += self._translate(run, language)
                run = []
            language = heard
            run.append(source)
        return results + self._translate(run, language)

    def close(self) -> None:
        """Free the model."""
        self._backend.close()

    def _translate(self, run: Sequence[Source], language: str) -> list[Result]:
        heard = languages.tag(language) if language else ""
        if language == self._target:
            return [Result(source.text, (ORIGINAL,), heard) for source in run]
        if run and language != self._source:
            try:
                self._backend.set_source(language)
            except BackendUnavailable:
                note = f"cannot translate {heard}"
                return [Result(source.text, (ORIGINAL, note, REFUSED), heard) for source in run]
            self._source = language
        return [result._replace(language=heard) for result in self._backend.translate(run)] if run else []


@cache
def _identifier() -> Any:
    """Return py3langid's model for the languages that are known here; it takes 2 s and 120 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([label for label in identifier.labels if _is_known(label)])
    return identifier


def _is_known(label: str) -> bool:
    try:
        return bool(languages.flores(label))
    except UsageError:
        return False


def _weight(text: str) -> int:
    """Return how many ASCII letters the letters of ``text`` are worth: others say four times as much."""
    return sum(1 if c.isascii() else 4 for c in text if c.isalpha())
