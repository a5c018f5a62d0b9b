"""Coqui's XTTS: 17 languages in the voice of a recording, streamed while it is made.

A GPT makes a token for every 46 ms of sound, and a HiFi-GAN turns tokens into samples; the library decodes after every
20 tokens. (Casanova et al. 2024, arXiv:2406.04904.) The published weights are under the Coqui Public Model License: not
for commercial use.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.coqui.model import language_name, reason, speaker
from voicectl.actors.synthesizer.coqui.speech import fold_weight_norm, prepare, seed, speech
from voicectl.actors.synthesizer.coqui.zoo import NAME, Checkpoint, configured
from voicectl.actors.synthesizer.japanese_text import cut
from voicectl.actors.synthesizer.pcm import pronounceable
from voicectl.actors.synthesizer.trim import trimmed
from voicectl.config.settings import SynthesizerSettings
from voicectl.config.values import is_sound_file
from voicectl.protocol.errors import BackendUnavailable, ConfigError

_INPUT_RATE = 22_050
"""Hz of a recording as the model wants it."""


class XttsBackend:
    """XTTS with one voice: that of a recording, or one of its speakers file.

    ``speed`` and ``volume`` are factors, ``pitch`` is ignored. The model samples; the random generator is seeded from
    the text, so that the same sentence always gives the same samples.

    Raises:
        ConfigError: the voice is unknown, or none can be learned from its recording.
        BackendUnavailable: the model cannot be loaded, or does not speak the language.
    """

    name = NAME

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        files = configured(settings)
        self.device = prepare(settings)
        model = _load(files).to(self.device)
        fold_weight_norm(model)
        self._model = model
        self._language = _language(model, language)
        self._volume = settings.volume
        self.sample_rate = int(model.config.audio.output_sample_rate)
        self.voice, latents = _voice(model, settings.voice)
        chosen = ("temperature", "length_penalty", "repetition_penalty", "top_k", "top_p")
        self._options = latents | {key: model.config[key] for key in chosen} | {"speed": settings.speed}
        for _ in self.synthesize("a"):
            break

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, about a second at a time.

        Raises:
            BackendError: the model failed on it.
        """
        if pronounceable(text):
            yield from trimmed(speech(text, self._waves(text), self._volume, self.sample_rate, self.device))

    def close(self) -> None:
        """Free the model."""
        del self._model, self._options

    def _waves(self, text: str) -> Iterator[npt.NDArray[np.float32]]:
        """Yield what the model says; beyond its limit of letters it would leave words out, so that is cut."""
        seed(text)
        limit = self._model.tokenizer.char_limits.get(self._language.split("-")[0], 200)
        while pronounceable(text):
            place = cut(text[:limit]) if len(text) > limit else len(text)
            for wave in self._model.inference_stream(text[:place], self._language, **self._options):
                yield wave.float().cpu().numpy()
            text = text[place:].strip()


def _load(files: Checkpoint) -> Any:
    """Return the model of a checkpoint, on the CPU.

    Raises:
        BackendUnavailable: it is not an XTTS checkpoint, or a file is missing beside it.
    """
    try:
        from TTS.config import load_config
        from TTS.tts.models.xtts import Xtts

        config = load_config(str(files.config))
        model = Xtts(config)
        model.load_checkpoint(config, checkpoint_path=str(files.model), eval=True)
    except Exception as exc:  # any part of a foreign file can be wrong
        raise BackendUnavailable(f"coqui: {files.model} cannot be loaded ({reason(exc)}); check its folder") from exc
    return model


def _language(model: Any, language: str) -> str:
    """Return the model's own name of a language, once it is known that its letters can be read.

    Raises:
        BackendUnavailable: the model does not speak it, or a package for its letters is missing.
    """
    name = language_name(model, language) or model.config.languages[0]
    try:
        model.tokenizer.encode("a", name)
    except (ImportError, RuntimeError) as exc:
        extra = name.split("-")[0]
        raise BackendUnavailable(f"coqui: for {name!r} run: pip install 'coqui-tts[{extra}]' ({reason(exc)})") from exc
    return name


def _voice(model: Any, wanted: str) -> tuple[str, dict[str, Any]]:
    """Return the name of the voice and what the model has to know of it, computed once.

    Raises:
        ConfigError: there is no such speaker, or nothing can be learned from the recording.
    """
    if is_sound_file(wanted):
        return Path(wanted).stem, _clone(model, Path(wanted).expanduser())
    name = speaker(model, wanted)
    if name is None:
        raise ConfigError("XTTS needs a voice: set synthesizer.voice to a WAV of 6 to 30 s of it")
    latents = model.speaker_manager.name_to_id[name]
    return name, {key: latents[key].to(model.device) for key in ("gpt_cond_latent", "speaker_embedding")}


def _clone(model: Any, path: Path) -> dict[str, Any]:
    """Return what the model hears in a recording: the manner of speech, and the sound of the voice."""
    import torch

    from voicectl.actors.synthesizer.coqui.voice_sample import load_sample

    config = model.config
    sample = load_sample(path, _INPUT_RATE)[: _INPUT_RATE * config.max_ref_len]
    if config.sound_norm_refs:
        sample = sample / np.abs(sample).max() * 0.75
    audio = torch.from_numpy(sample).unsqueeze(0).to(model.device)
    manner = model.get_gpt_cond_latents(audio, _INPUT_RATE, config.gpt_cond_len, config.gpt_cond_chunk_len)
    return {"gpt_cond_latent": manner, "speaker_embedding": model.get_speaker_embedding(audio, _INPUT_RATE)}
