"""Neural speech by Piper's voices (VITS in ONNX files), streamed, in some thirty languages.

The package ``piper-tts`` is GPL-3, draws random numbers that cannot be repeated and gives a sentence in one piece. The
files need no more than ONNX Runtime and the espeak-ng program (docs/adr/0009-piper-files.md).
"""

import unicodedata
import zlib
from collections.abc import Callable, Iterator

import numpy as np

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.espeak import backend as espeak_ng
from voicectl.actors.synthesizer.espeak.phonemes import EspeakPhonemes
from voicectl.actors.synthesizer.onnx.device import provider
from voicectl.actors.synthesizer.onnx.vits import Array, OnnxVits
from voicectl.actors.synthesizer.pcm import FULL_SCALE, pronounceable, to_int16
from voicectl.actors.synthesizer.piper import voice as piper_voice
from voicectl.actors.synthesizer.piper.voice import PULL, PiperConfig
from voicectl.actors.synthesizer.vits_stream import windows
from voicectl.actors.synthesizer.voice import VoiceInfo, importable, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable

NAME = piper_voice.NAME
INSTALL = "pip install 'voicectl[piper]'"

_START, _END, _PAD = "^", "$", "_"


def installed(settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return the voices that speak a language (None: any) where what they need is installed, the best first."""
    return [] if _wanting() else piper_voice.voices(settings, language)


def missing(settings: SynthesizerSettings, language: str | None) -> str | None:
    """Return how to get voices for a language (None: any); None when there is one, or nobody publishes any."""
    steps = _wanting()
    if not piper_voice.found(settings, language):
        if language is not None and speaks("ja", language):
            return None
        named = f", where {language} instead of NAME lists the names" if language else ""
        steps.append(PULL + named)
    return f"neural voices (VITS), offline: {'; '.join(steps)}" if steps else None


def auto(settings: SynthesizerSettings, language: str) -> str | None:
    """Return why a voice is taken when none is named; None when none speaks the language."""
    return f"a Piper voice for {language} is installed" if installed(settings, language) else None


class PiperBackend:
    """A voice of Piper. ``speed`` scales its durations, ``volume`` is a factor; ``pitch`` is ignored: VITS has none.

    The random numbers are seeded from the text, so that the same sentence always gives the same samples.
    """

    name = NAME

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        file = piper_voice.choose(settings, language)
        self.device, providers = provider(NAME, INSTALL, settings.device)
        try:
            self._model = OnnxVits(file.model, providers, settings.threads)
        except ImportError as exc:
            raise BackendUnavailable(f"piper cannot be loaded ({exc}); run: {INSTALL}") from exc
        except Exception as exc:  # any part of a foreign file can be wrong
            why = str(exc).strip().partition("\n")[0]
            raise BackendUnavailable(f"piper: {file.model} cannot be loaded ({why}); get it again") from exc
        self.voice = file.name + (f":{file.speaker}" if file.speaker else "")
        self.sample_rate = file.config.audio.sample_rate
        self._sid = file.sid
        self._config = file.config
        self._phonemes = _phonemes(file.config)
        self._length = file.config.inference.length_scale / settings.speed
        self._gain = FULL_SCALE * settings.volume
        for _ in self.synthesize("a"):
            pass

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, a window at a time.

        Raises:
            BackendError: espeak-ng or the model failed on it.
        """
        ids = self._ids(text) if pronounceable(text) else []
        if not ids:
            return
        try:
            latent = self._model.latent(self._feed(ids), zlib.crc32(text.encode("utf-8", "replace")))
            for wave in windows(latent, self._model.decode, self._model.hop, self._model.context):
                yield Pcm(to_int16(wave, self._gain), self.sample_rate)
        except BackendError:
            raise
        except Exception as exc:  # the library raises whatever it meets; the sentence failed, not the process
            why = str(exc).strip().partition("\n")[0]
            raise BackendError(f"piper could not speak {text[:40]!r}: {why}") from exc

    def close(self) -> None:
        """Free the model."""
        del self._model

    def _ids(self, text: str) -> list[int]:
        """Return the model's input: the ids of every known phoneme, with padding between; empty if it knows none."""
        known = self._config.phoneme_id_map
        pad = known.get(_PAD, ())
        spoken = [known[phoneme] for phoneme in self._phonemes(text) if phoneme in known]
        if not spoken:
            return []
        ids = [*known.get(_START, ()), *pad]
        for each in spoken:
            ids += [*each, *pad]
        return [*ids, *known.get(_END, ())]

    def _feed(self, ids: list[int]) -> dict[str, Array]:
        """Return the inputs that the graph has."""
        inference = self._config.inference
        given: dict[str, Array] = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array([inference.noise_scale, self._length, inference.noise_w], dtype=np.float32),
            "sid": np.array([self._sid], dtype=np.int64),
        }
        return {name: value for name, value in given.items() if name in self._model.inputs}


def _wanting() -> list[str]:
    """Return the commands that install what is missing."""
    library = [] if importable("onnxruntime", "onnx") else [INSTALL]
    return library if espeak_ng.program() else [*library, espeak_ng.INSTALL]


def _phonemes(config: PiperConfig) -> Callable[[str], str]:
    """Return what makes phonemes of a text.

    Raises:
        BackendUnavailable: the voice wants others than espeak-ng's, or espeak-ng is not installed.
    """
    if config.phoneme_type == "espeak":
        return EspeakPhonemes(config.espeak.voice)
    if config.phoneme_type == "text":
        return lambda text: unicodedata.normalize("NFD", text)
    raise BackendUnavailable(f"piper: this voice wants phonemes by {config.phoneme_type}, which voicectl does not make")
