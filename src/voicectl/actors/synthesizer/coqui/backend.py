"""Neural speech by Coqui TTS: models of the user's own or from Coqui's zoo.

VITS is here, streamed (``vits_stream.py``); XTTS is in ``xtts.py``, all others are in ``coqui_sentence.py``.
torch and TTS are imported when a backend is made, not before. On busy machines start Python with
``OMP_WAIT_POLICY=passive``: two spinning OpenMP threads take 3118 ms for what waiting ones do in 535 ms.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Pcm, SynthesizerBackend
from voicectl.actors.synthesizer.coqui.model import language_name, load_model, speaker
from voicectl.actors.synthesizer.coqui.speech import fold_weight_norm, letters, prepare, seed, speech
from voicectl.actors.synthesizer.coqui.zoo import NAME, configured, kind
from voicectl.actors.synthesizer.pcm import pronounceable
from voicectl.actors.synthesizer.vits_stream import LatentTap, context_frames, windows
from voicectl.config.settings import SynthesizerSettings


def load(settings: SynthesizerSettings, language: str) -> SynthesizerBackend:
    """Return the backend for the configured model.

    Raises:
        ConfigError: no model is configured, or the model has no such voice.
        BackendUnavailable: the model, its library or its language is missing.
    """
    model = kind(configured(settings))
    if model == "xtts":
        from voicectl.actors.synthesizer.coqui.xtts import XttsBackend

        return XttsBackend(settings, language)
    if model not in ("vits", ""):
        from voicectl.actors.synthesizer.coqui.sentence import CoquiSentenceBackend

        return CoquiSentenceBackend(settings, language)
    return CoquiBackend(settings, language)


class CoquiBackend:
    """A VITS voice. ``speed`` scales its durations, ``volume`` is a factor; VITS has no pitch, ``pitch`` is ignored.

    VITS samples durations and noise; the random generator is seeded from the text, so that the same sentence always
    gives the same samples.
    """

    name = NAME

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        files = configured(settings)
        self.device = prepare(settings)
        import torch

        self._torch = torch
        self._volume = settings.volume
        model = load_model(files)
        model.length_scale = model.length_scale / settings.speed
        self._speaker = speaker(model, settings.voice)
        self._language = language_name(model, language)
        self._attach(model)
        self._conditions = self._conditioning(model)
        self.voice = self._speaker or settings.model or files.model.stem
        for _ in self.synthesize("a"):
            pass

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, a window at a time.

        Raises:
            BackendError: the model failed on it; out of memory and errors of the device are among the reasons.
        """
        if pronounceable(text):
            yield from speech(text, self._waves(text), self._volume, self.sample_rate, self.device)

    def close(self) -> None:
        """Free the model."""
        del self._model, self._decoder

    def _attach(self, model: Any) -> None:
        """Take the decoder out of the model, and what only training needs."""
        args = model.config.model_args
        for part in ("disc", "posterior_encoder"):
            if hasattr(model, part):
                delattr(model, part)
        fold_weight_norm(model)
        model.to(self.device).eval()
        self._tap = LatentTap()
        self._decoder = model.waveform_decoder
        del model.waveform_decoder
        model.waveform_decoder = self._tap
        self._model = model
        self.sample_rate = int(model.config.audio.sample_rate)
        self._hop = int(np.prod(args.upsample_rates_decoder))
        self._context = context_frames(
            args.upsample_rates_decoder,
            args.upsample_kernel_sizes_decoder,
            args.resblock_kernel_sizes_decoder,
            args.resblock_dilation_sizes_decoder,
            args.resblock_type_decoder,
        )

    def _conditioning(self, model: Any) -> dict[str, Any]:
        """Return what ``inference`` wants to know about speaker and language: tensors of shape (1,) or (1, size)."""
        torch, speakers, languages = self._torch, model.speaker_manager, model.language_manager.name_to_id
        conditions: dict[str, Any] = {}
        if self._speaker is not None and not hasattr(model, "emb_g"):
            vector = np.asarray(speakers.get_mean_embedding(self._speaker), dtype=np.float32)
            conditions["d_vectors"] = torch.from_numpy(vector).unsqueeze(0).to(self.device)
        elif self._speaker is not None:
            conditions["speaker_ids"] = torch.tensor([speakers.name_to_id[self._speaker]], device=self.device)
        if self._language is not None:
            conditions["language_ids"] = torch.tensor([languages[self._language]], device=self.device)
        return conditions

    def _waves(self, text: str) -> Iterator[npt.NDArray[np.float32]]:
        """Yield what the model says, a window at a time."""
        latent = self._latent(text)
        if latent is not None:
            yield from windows(latent, self._decode, self._hop, self._context)

    def _latent(self, text: str) -> Any:
        """Return the latent frames of a text, shape (1, channels, frames); None if the model knows no letter of it."""
        ids = letters(self._model.tokenizer, text, self._language)
        if not ids:
            return None
        seed(text)
        tokens = self._torch.tensor([ids], device=self.device)
        return self._model.inference(tokens, aux_input=self._conditions)["model_outputs"]

    def _decode(self, latent: Any) -> npt.NDArray[np.float32]:
        """Return the samples of latent frames, shape (frames * hop,), between -1 and 1."""
        with self._torch.inference_mode():
            wave: npt.NDArray[np.float32] = self._decoder(latent, g=self._tap.conditioning)[0, 0].float().cpu().numpy()
        return wave
