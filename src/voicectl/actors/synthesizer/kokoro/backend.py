"""Neural speech by Kokoro-82M in seven languages, through the package kokoro-onnx, phrase by phrase.

The model makes what it is given in one piece, so a sentence is given to it in phrases, cut at its punctuation. Short
phrases are spoken faster and louder than their neighbours, so a phrase has a least length.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.kokoro import japanese as kokoro_japanese
from voicectl.actors.synthesizer.kokoro import voice as kokoro_voice
from voicectl.actors.synthesizer.kokoro.voice import FILES, LANGUAGES, SAMPLE_RATE, KokoroFiles
from voicectl.actors.synthesizer.onnx.device import Provider, provider, session
from voicectl.actors.synthesizer.pcm import FULL_SCALE, pronounceable, to_int16
from voicectl.actors.synthesizer.plain import plain
from voicectl.actors.synthesizer.voice import VoiceInfo, importable
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable

NAME = kokoro_voice.NAME
INSTALL = "pip install 'voicectl[kokoro]'"

_SLOWEST, _FASTEST = 0.5, 2.0
"""The factors of speed that the model takes."""

_LONGEST = 510
"""Phonemes that the model takes at once."""

_SHORTEST = 30
"""Phonemes of a phrase at least: about 2 s of speech."""

_PHRASE = re.compile(r"[^,.;:!?…]+[,.;:!?…\"”)]*\s*")

_PAUSES = {",": 0.1, ";": 0.15, ":": 0.15}
"""Seconds of silence behind a phrase, by its last mark; the package trims the model's own."""

_PAUSE = 0.25
"""Seconds behind the mark of a sentence."""


def installed(settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return the voices that speak a language (None: any) where the package is installed, the best first."""
    return kokoro_voice.voices(settings, language) if importable("kokoro_onnx") else []


def missing(settings: SynthesizerSettings, language: str | None) -> str | None:
    """Return how to get voices for a language (None: any); None when there is one, or Kokoro does not speak it."""
    if language is not None and not kokoro_voice.knows(language):
        return None
    steps = [] if importable("kokoro_onnx") else [INSTALL]
    if not kokoro_voice.voices(settings, language):
        place = kokoro_voice.folder(settings)
        steps.append(f"put kokoro-v1.0.onnx and voices-v1.0.bin from {FILES} into {place}")
    return f"neural voices, offline: {'; '.join(steps)}" if steps else None


def auto(settings: SynthesizerSettings, language: str) -> str | None:
    """Return why a voice is taken when none is named; None when none speaks the language."""
    return f"a Kokoro voice for {language} is installed" if installed(settings, language) else None


class KokoroBackend:
    """A voice of Kokoro. ``speed`` (0.5 to 2) and ``volume`` are factors; ``pitch`` is ignored: the model has none."""

    name = NAME
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        files, self.voice = kokoro_voice.choose(settings, language)
        self.device, providers = provider(NAME, INSTALL, settings.device)
        self._model = _load(files, providers, settings.threads)
        self._style = self._model.get_voice_style(self.voice)
        self._language = LANGUAGES[self.voice[0]]
        self._speed = min(max(settings.speed, _SLOWEST), _FASTEST)
        self._gain = FULL_SCALE * settings.volume
        for _ in self.synthesize("a"):
            pass

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, a phrase at a time.

        Raises:
            BackendError: the sentence could not be read, or the model failed on it.
        """
        if not pronounceable(text):
            return
        try:
            parts = phrases(self._phonemes(text))
            for index, part in enumerate(parts):
                wave, _ = self._model.create(
                    part, self._style, self._speed, is_phonemes=True, sentence_pause=0.0, clause_pause=0.0
                )
                silence = 0 if index == len(parts) - 1 else round(_pause(part) * SAMPLE_RATE)
                samples = to_int16(wave, self._gain)
                yield Pcm(np.concatenate([samples, np.zeros(silence, dtype=np.int16)]), SAMPLE_RATE)
        except BackendError:
            raise
        except Exception as exc:  # the libraries raise whatever they meet; the sentence failed, not the process
            why = str(exc).strip().partition("\n")[0]
            raise BackendError(f"kokoro could not speak {text[:40]!r}: {why}") from exc

    def close(self) -> None:
        """Free the model."""
        self._model.voices.close()
        del self._model

    def _phonemes(self, text: str) -> str:
        """Return the phonemes of a sentence, those that the model knows."""
        if self._language == "ja":
            return kokoro_japanese.phonemes(text)
        said: str = self._model.tokenizer.phonemize(plain(text), self._language)
        return said


def phrases(phonemes: str) -> list[str]:
    """Return phonemes in phrases that end at punctuation, each but the last of some length, none too long."""
    found: list[str] = []
    for phrase in _PHRASE.findall(phonemes):
        if found and (len(found[-1]) < _SHORTEST or _is_rest(phrase)) and len(found[-1]) + len(phrase) <= _LONGEST:
            found[-1] += phrase
        else:
            found.append(phrase)
    return [phrase.strip() for phrase in found]


def _is_rest(phrase: str) -> bool:
    """Return whether a phrase is too short to be spoken alone behind others."""
    return len(phrase.strip()) < _SHORTEST // 2


def _pause(phrase: str) -> float:
    """Return the seconds of silence behind a phrase."""
    return _PAUSES.get(phrase.rstrip('"”)')[-1:], _PAUSE)


def _load(files: KokoroFiles, providers: Sequence[Provider], threads: int) -> Any:
    """Return the package's model.

    Raises:
        BackendUnavailable: the package is not installed, or the files cannot be loaded.
    """
    try:
        from kokoro_onnx import Kokoro
    except ImportError as exc:
        raise BackendUnavailable(f"kokoro is not installed ({exc}); run: {INSTALL}") from exc
    logging.getLogger("phonemizer").setLevel(logging.ERROR)  # it warns of every word of another language
    try:
        return Kokoro.from_session(session(str(files.model), providers, threads), str(files.voices))
    except Exception as exc:  # any part of a foreign file can be wrong
        why = str(exc).strip().partition("\n")[0]
        raise BackendUnavailable(f"kokoro: {files.model} cannot be loaded ({why}); get it again from {FILES}") from exc
