"""The two functions of torchaudio that cloning a voice needs, for machines where torchaudio does not load.

They are made of torch, librosa and soxr, which are there whenever coqui-tts is. ``MelSpectrogram`` keeps its constants
under the names that torchaudio gives them, since checkpoints of Coqui's speaker encoder contain them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import soxr
import torch
from librosa.filters import mel as mel_filters


class MelSpectrogram(torch.nn.Module):  # type: ignore[misc]
    """Mel spectrogram with filters on the HTK scale, as ``torchaudio.transforms.MelSpectrogram`` makes it by default.

    Args:
        sample_rate: Hz.
        n_fft: Size of the transform in samples.
        win_length: Length of the window in samples.
        hop_length: Samples from frame to frame.
        f_min: Lower edge of the lowest filter in Hz.
        f_max: Upper edge of the highest in Hz; None: half of the sample rate.
        n_mels: Number of filters.
        window_fn: Makes the window from its length.
        power: Exponent of the magnitudes.
        normalized: Whether to divide the magnitudes by the window's norm.
        wkwargs: Further arguments of ``window_fn``.
        norm: ``slaney`` makes all filters equal in area, None equal in height.
    """

    def __init__(
        self,
        sample_rate: int,
        n_fft: int,
        win_length: int,
        hop_length: int,
        f_min: float = 0.0,
        f_max: float | None = None,
        n_mels: int = 128,
        window_fn: Callable[..., Any] = torch.hann_window,
        power: float = 2.0,
        normalized: bool = False,
        wkwargs: Mapping[str, Any] | None = None,
        norm: str | None = None,
    ) -> None:
        super().__init__()
        self._sizes = {"n_fft": n_fft, "hop_length": hop_length, "win_length": win_length}
        self._power, self._normalized = power, normalized
        filters = mel_filters(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=f_min, fmax=f_max, htk=True, norm=norm)
        self.spectrogram, self.mel_scale = torch.nn.Module(), torch.nn.Module()
        self.spectrogram.register_buffer("window", window_fn(win_length, **(wkwargs or {})))
        self.mel_scale.register_buffer("fb", torch.from_numpy(filters.T.copy()))

    def forward(self, wave: Any) -> Any:
        """Return the spectrogram of a wave of shape (..., samples), shape (..., n_mels, frames)."""
        window = self.spectrogram.window
        spectrum = torch.stft(
            wave.reshape(-1, wave.shape[-1]), **self._sizes, window=window, center=True, return_complex=True
        ).abs()
        if self._normalized:
            spectrum = spectrum / window.square().sum().sqrt()
        mel = spectrum.pow(self._power).transpose(-1, -2) @ self.mel_scale.fb
        return mel.transpose(-1, -2).reshape(*wave.shape[:-1], mel.shape[-1], mel.shape[-2])


def resample(wave: Any, orig_freq: int, new_freq: int) -> Any:
    """Return a wave of shape (..., samples) at another sample rate."""
    flat = wave.reshape(-1, wave.shape[-1]).detach().cpu().numpy()
    rows = [torch.from_numpy(soxr.resample(row, orig_freq, new_freq)) for row in flat]
    return torch.stack(rows).reshape(*wave.shape[:-1], -1).to(wave)
