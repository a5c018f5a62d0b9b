"""What stands in for torchaudio computes what torchaudio is documented to compute."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
librosa = pytest.importorskip("librosa")

torch_mel = pytest.importorskip("voicectl.actors.synthesizer.coqui.torch_mel")

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def wave():
    """Return half a second of noise at 16 kHz."""
    return np.random.default_rng(0).standard_normal(8_000).astype(np.float32) * 0.1


@pytest.mark.parametrize(("norm", "window"), [("slaney", torch.hann_window), (None, torch.hamming_window)])
def test_the_mel_spectrogram_is_librosas(wave, norm, window):
    """HTK's scale, power, centred frames; XTTS asks for Hann and area, its speaker encoder for Hamming and height."""
    sizes = {"n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 64}
    mel = torch_mel.MelSpectrogram(16_000, **sizes, window_fn=window, norm=norm)
    found = mel(torch.from_numpy(wave).unsqueeze(0))
    kind = {"window": window(400).numpy(), "htk": True, "norm": norm, "pad_mode": "reflect"}
    expected = librosa.feature.melspectrogram(y=wave, sr=16_000, **sizes, **kind)
    assert tuple(found.shape) == (1, *expected.shape)
    assert np.allclose(found[0], expected, rtol=1e-3, atol=1e-6 * expected.max())


def test_its_constants_have_the_names_that_checkpoints_use():
    """XTTS's own file holds them, and must load without a word left over."""
    mel = torch_mel.MelSpectrogram(16_000, n_fft=512, win_length=400, hop_length=160, n_mels=64)
    shapes = {name: tuple(value.shape) for name, value in mel.state_dict().items()}
    assert shapes == {"spectrogram.window": (400,), "mel_scale.fb": (257, 64)}


def test_resampling_keeps_length_pitch_and_level():
    """A tone of 440 Hz from 22,050 to 16,000 Hz."""
    tone = torch.sin(2 * torch.pi * 440 * torch.arange(22_050) / 22_050).unsqueeze(0)
    found = torch_mel.resample(tone, 22_050, 16_000)
    expected = torch.sin(2 * torch.pi * 440 * torch.arange(16_000) / 16_000)
    assert found.shape == (1, 16_000)
    assert torch.allclose(found[0, 500:-500], expected[500:-500], atol=1e-3)
