"""The translator stage: sentences in, sentences in the target language out."""

import time
from collections import OrderedDict
from collections.abc import Sequence

from voicectl.actors import languages
from voicectl.actors.base import About, Wiring
from voicectl.actors.model_actor import DEATHS_OF_FIRST, ModelActor
from voicectl.actors.phrases.catalogue import Catalogue
from voicectl.actors.phrases.mark import PHRASE, is_marked
from voicectl.actors.translator import guards, placeholders
from voicectl.actors.translator.backend import ORIGINAL, REFUSED, Result, Source, TranslatorBackend
from voicectl.actors.translator.factory import choose, load_backend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError, UsageError
from voicectl.protocol.frames import Frame
from voicectl.protocol.speaking import Sentence, Tombstone, Translation
from voicectl.protocol.supervising import Notice
from voicectl.protocol.trace import Hop

CACHE_SIZE = 256
"""Sentences: far more than the parser's window, which is all that a replay can ask for again."""

CATALOGUE = "phrases"
"""What the history names instead of a backend for what voicectl itself says."""


class TranslatorActor(ModelActor[TranslatorBackend]):
    """Translates one sentence at a time when idle, a batch when there is a backlog.

    A repeat is never dropped (only the sink removes duplicates): it is answered from a small cache. What voicectl
    itself says needs no backend where there is a catalogue for the language: it is right even if a backend has failed.
    """

    stage = "translator"
    downstream = "synthesizer"

    def __init__(self, wiring: Wiring, settings: TranslatorSettings, language: LanguageSettings) -> None:
        super().__init__(wiring)
        self._settings = settings
        self._language = language
        self._cache: OrderedDict[Source, tuple[Result, str]] = OrderedDict()
        self._target = languages.bcp47(language.target)
        self._agent_writes = "" if language.source == languages.AUTO else languages.bcp47(language.source)
        self._catalogue = Catalogue(_tag(language.target))

    def setup(self) -> About:
        """Load the backend."""
        reason = choose(self._settings, self._language)[1]
        self._backend = load_backend(self._settings, self._language, say=self._say)
        return About(self._backend.name, self._backend.device, reason)

    def handle(self, frame: Frame) -> None:
        """Translate the sentence in ``frame``, and with it what else is waiting."""
        batch: list[tuple[Sentence, int]] = []
        suspects: list[tuple[Sentence, int]] = []
        for each in (frame, *self.waiting(self._settings.max_batch - 1)):
            message = each.envelope.body
            if isinstance(message, Tombstone):
                self.send(message)
            elif isinstance(message, Sentence) and not self._is_cancelled(message.utterance):
                if phrase := self._phrase(message):
                    self._pass_on(message, Result(phrase), CATALOGUE, each.received, time.monotonic_ns())
                elif message.alone:
                    suspects.append((message, each.received))
                else:
                    batch.append((message, each.received))
        # What may kill us goes last and alone, so that only it is suspect.
        for job in (batch, *([suspect] for suspect in suspects)):
            if job:
                self._translate_batch(job)

    def _say(self, text: str) -> None:
        self.log.info(text)
        self.report(Notice(stage=self.stage, text=text))

    def _translate_batch(self, batch: list[tuple[Sentence, int]]) -> None:
        begun = time.monotonic_ns()
        self.working_on(batch[0][0].utterance.play, len(batch))
        sources = [_source(sentence) for sentence, _ in batch]
        # What the first backend died on goes to the next one, and then stays as it is.
        deaths = batch[0][0].deaths.translator
        if deaths < DEATHS_OF_FIRST:
            results = self._answer(sources)
        else:
            results = [self._fall_back(sources[0], self._settings.fallback[: deaths == DEATHS_OF_FIRST])]
        for (sentence, received), (result, backend) in zip(batch, results, strict=True):
            self._pass_on(sentence, result, backend, received, begun)

    def _pass_on(self, sentence: Sentence, result: Result, backend: str, received: int, begun: int) -> None:
        hop = Hop(stage=self.stage, received=received, begun=begun, sent=time.monotonic_ns())
        self.send(
            Translation(
                utterance=sentence.utterance,
                source=sentence.text,
                text=result.text,
                language=self._language_of(sentence, result),
                backend=backend,
                notes=result.notes,
                deaths=sentence.deaths,
                pause=sentence.pause,
                first=sentence.first,
                trace=sentence.trace.plus(hop),
            )
        )

    def _language_of(self, sentence: Sentence, result: Result) -> str:
        """Return the language that a text is in: the target, or that of the agent's words where they were kept.

        Names and code are in no language, so that the listener's voice reads them.
        """
        kept = ORIGINAL in result.notes and result.text == sentence.text
        if kept and guards.has_words(placeholders.beside(sentence.text, sentence.spans)):
            return result.language or self._agent_writes or self._target
        return self._target

    def _phrase(self, sentence: Sentence) -> str | None:
        """Return a phrase in the target language; None: the sentence is none, or there is no catalogue."""
        return self._catalogue.translate(sentence.text) if is_marked(sentence.spans) else None

    def _answer(self, sources: list[Source]) -> list[tuple[Result, str]]:
        unknown = [source for source in dict.fromkeys(sources) if source not in self._cache]
        fresh = dict(zip(unknown, self._translate(unknown), strict=True))
        answers = [self._cache.get(source) or fresh[source] for source in sources]
        for source, answer in zip(sources, answers, strict=True):
            self._cache[source] = answer
            self._cache.move_to_end(source)
        while len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return answers

    def _translate(self, sources: Sequence[Source]) -> list[tuple[Result, str]]:
        if not sources:
            return []
        try:
            results = self._backend.translate(sources)
        except BackendError as exc:
            if len(sources) > 1:  # which of them it was shows when they are tried one by one
                return [answer for source in sources for answer in self._translate([source])]
            self.counters["errors"] += 1
            self.log.warning("sentence not translated", backend=self._backend.name, error=str(exc))
            return [self._fall_back(sources[0], self._settings.fallback)]
        return [self._or_fall_back(source, result) for source, result in zip(sources, results, strict=True)]

    def _or_fall_back(self, source: Source, result: Result) -> tuple[Result, str]:
        """Return a result, or what the next backend makes of a text that the guards kept back; the alarms are noted."""
        if REFUSED not in result.notes:
            return result, self._backend.name
        alarms = [note for note in result.notes if note not in (ORIGINAL, REFUSED)]
        other, name = self._fall_back(source, self._settings.fallback)
        notes = tuple(dict.fromkeys((*other.notes, *alarms)))
        return other._replace(notes=notes, language=other.language or result.language), name

    def _fall_back(self, source: Source, names: Sequence[str]) -> tuple[Result, str]:
        for name in names:
            if name != self._backend.name and (backend := self._other(name)):
                try:
                    result = backend.translate([source])[0]
                    if REFUSED not in result.notes:
                        return result, backend.name
                except BackendError as exc:
                    self.log.warning("sentence not translated", backend=name, error=str(exc))
        return Result(source.text, (ORIGINAL,)), "none"

    def _other(self, name: str) -> TranslatorBackend | None:
        return self._fallback(
            name,
            lambda: load_backend(self._settings, self._language, name, self._say),
            lambda _: f"{self._backend.name} failed on a sentence; {name} takes over for it",
        )


def _source(sentence: Sentence) -> Source:
    """Return what a backend is given: a phrase that is in no catalogue is a sentence like others."""
    return Source(sentence.text, tuple(span for span in sentence.spans if span.kind != PHRASE))


def _tag(target: str) -> str:
    """Return the tag under which there may be a catalogue; a language that only the user's backend knows has none."""
    try:
        return languages.tag(languages.flores(target))
    except UsageError:
        return ""
