"""Neural speech by Coqui TTS: VITS checkpoints, of the user's own or from Coqui's zoo, streamed (``vits_stream.py``).

torch and TTS are imported when a backend is made, not before. On busy machines start Python with
``OMP_WAIT_POLICY=passive``: two spinning OpenMP threads take 3118 ms for what waiting ones do in 535 ms.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.coqui_model import device, language_name, load_library, load_model, reason, speaker
from voicectl.actors.synthesizer.coqui_zoo import configured
from voicectl.actors.synthesizer.pcm import FULL_SCALE, pronounceable, to_int16
from voicectl.actors.synthesizer.vits_stream import LatentTap, context_frames, windows
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError

NAME = "coqui"


class CoquiBackend:
    """A VITS voice. ``speed`` scales its durations, ``volume`` is a factor; VITS has no pitch, ``pitch`` is ignored.

    VITS samples durations and noise; the random generator is seeded from the text, so that the same sentence always
    gives the same samples.
    """

    name = NAME

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        files = configured(settings)
        load_library()
        import torch

        self._torch = torch
        if settings.threads:
            torch.set_num_threads(settings.threads)
        torch.backends.cudnn.deterministic = True
        self.device = device(settings.device)
        self._gain = FULL_SCALE * settings.volume
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
        if not pronounceable(text):
            return
        try:
            latent = self._latent(text)
            if latent is None:
                return
            for wave in windows(latent, self._decode, self._hop, self._context):
                yield Pcm(to_int16(wave, self._gain), self.sample_rate)
        except Exception as exc:  # the library raises whatever it meets; the sentence failed, not the process
            if self.device.startswith("cuda"):
                self._release()
            raise BackendError(f"coqui could not speak {text[:40]!r}: {reason(exc)}") from exc

    def close(self) -> None:
        """Free the model."""
        del self._model, self._decoder

    def _attach(self, model: Any) -> None:
        """Take the decoder out of the model, and what only training needs."""
        torch = self._torch
        args = model.config.model_args
        for part in ("disc", "posterior_encoder"):
            if hasattr(model, part):
                delattr(model, part)
        for module in model.modules():
            if torch.nn.utils.parametrize.is_parametrized(module, "weight"):
                # Weight norm is computed anew in every pass unless it is folded into the weights.
                torch.nn.utils.parametrize.remove_parametrizations(module, "weight")
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

    def _latent(self, text: str) -> Any:
        """Return the latent frames of a text, shape (1, channels, frames); None if the model knows no letter of it."""
        torch = self._torch
        tokenizer = self._model.tokenizer
        ids = tokenizer.text_to_ids(text, language=self._language)
        marks = {getattr(tokenizer.characters, f"{mark}_id", None) for mark in ("blank", "pad", "bos", "eos")}
        if not set(ids) - marks:
            return None
        torch.manual_seed(zlib.crc32(text.encode("utf-8", "replace")))
        tokens = torch.tensor([ids], device=self.device)
        return self._model.inference(tokens, aux_input=self._conditions)["model_outputs"]

    def _decode(self, latent: Any) -> npt.NDArray[np.float32]:
        """Return the samples of latent frames, shape (frames * hop,), between -1 and 1."""
        with self._torch.inference_mode():
            wave: npt.NDArray[np.float32] = self._decoder(latent, g=self._tap.conditioning)[0, 0].float().cpu().numpy()
        if not np.isfinite(wave).all():
            raise BackendError("the model made no finite sound")
        return wave

    def _release(self) -> None:
        """Give back memory that the GPU keeps for later; a lost device cannot even do that."""
        try:
            self._torch.cuda.empty_cache()
        except RuntimeError:
            return
