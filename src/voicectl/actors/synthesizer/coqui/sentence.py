"""The models of Coqui's zoo that cannot stream, by the library's own synthesizer: Tacotron 2, Glow-TTS, FastPitch, ...

They make the spectrogram of a whole sentence; a vocoder turns it into sound, the one that the zoo names for the model,
else Griffin-Lim.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.coqui.model import language_name, reason, speaker
from voicectl.actors.synthesizer.coqui.speech import letters, prepare, seed, speech
from voicectl.actors.synthesizer.coqui.zoo import NAME, Checkpoint, configured, vocoder
from voicectl.actors.synthesizer.pcm import pronounceable
from voicectl.actors.synthesizer.trim import trimmed
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendUnavailable


class CoquiSentenceBackend:
    """A voice that speaks whole sentences. ``speed`` where the model has durations, ``volume`` a factor, no pitch.

    Raises:
        ConfigError: the model has no such speaker.
        BackendUnavailable: the model or its vocoder cannot be loaded, or does not speak the language.
    """

    name = NAME

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        files, sound = configured(settings), vocoder(settings)
        self.device = prepare(settings)
        self._synthesizer = _load(files, sound).to(self.device)
        model = self._synthesizer.tts_model
        if hasattr(model, "length_scale"):
            model.length_scale = model.length_scale / settings.speed
        self._speaker = speaker(model, settings.voice)
        self._language = language_name(model, language)
        self._volume = settings.volume
        self.voice = self._speaker or settings.model or files.model.stem
        self.sample_rate = int(self._synthesizer.output_sample_rate)
        for _ in self.synthesize("one two three"):
            pass

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, whole.

        Raises:
            BackendError: the model failed on it.
        """
        if pronounceable(text):
            yield from trimmed(speech(text, self._wave(text), self._volume, self.sample_rate, self.device))

    def close(self) -> None:
        """Free the model."""
        del self._synthesizer

    def _wave(self, text: str) -> Iterator[npt.NDArray[np.float32]]:
        """Yield what the model says, at once; nothing when it knows no letter of the text."""
        known = letters(self._synthesizer.tts_model.tokenizer, text, self._language)
        if not known:
            return
        if len(known) == 1:  # FastPitch fails on a single token
            text += "."
        seed(text)
        yield np.asarray(
            self._synthesizer.tts(
                text, speaker_name=self._speaker, language_name=self._language, split_sentences=False
            ),
            dtype=np.float32,
        )


def _load(files: Checkpoint, sound: Checkpoint | None) -> Any:
    """Return the library's synthesizer with a model and its vocoder, on the CPU.

    Raises:
        BackendUnavailable: one of the files is no checkpoint of a kind that the library knows.
    """
    try:
        from TTS.utils.synthesizer import Synthesizer

        found = Synthesizer(
            tts_checkpoint=str(files.model),
            tts_config_path=str(files.config),
            vocoder_checkpoint=str(sound.model) if sound else None,
            vocoder_config=str(sound.config) if sound else None,
        )
    except Exception as exc:  # any part of a foreign file can be wrong
        raise BackendUnavailable(f"coqui: {files.model} cannot be loaded ({reason(exc)}); check its config") from exc
    return found
