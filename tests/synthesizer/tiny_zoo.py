"""Makes small models of Coqui's other kinds, with random weights, laid out as its zoo lays out what it downloads."""

from pathlib import Path
from typing import Any

from voicectl.actors.synthesizer.coqui.model import load_library

VOCODER = "vocoder_models/en/ljspeech/hifigan_v2"
"""What the zoo names for tts_models/en/ljspeech/tacotron2-DDC and fast_pitch."""


def put(cache: Path, name: str, config: Any, weights: dict[str, Any]) -> Path:
    """Save a model under its name into the zoo's cache folder; return the folder."""
    import torch

    folder = cache / "tts" / name.replace("/", "--")
    folder.mkdir(parents=True)
    config.save_json(str(folder / "config.json"))
    torch.save(weights, folder / "model_file.pth")
    return folder


def put_model(cache: Path, kind: str, name: str) -> Path:
    """Put a small ``glow_tts``, ``fast_pitch`` or ``tacotron2`` into the cache; return its folder."""
    load_library()
    import torch
    from TTS.tts.models import setup_model

    torch.manual_seed(0)
    config = {"glow_tts": _glow_tts, "fast_pitch": _fast_pitch, "tacotron2": _tacotron2}[kind]()
    config.text_cleaner = "basic_cleaners"
    config.audio.do_trim_silence = False
    model = setup_model(config)
    if kind == "fast_pitch":  # random weights make every sound as short as can be
        torch.nn.init.constant_(model.duration_predictor.proj.bias, 1.0)
    # Half precision keeps the file small; it becomes single again when it is loaded.
    return put(cache, name, config, {"model": {key: half(value) for key, value in model.state_dict().items()}})


def half(value: Any) -> Any:
    """Return a tensor in half precision if it holds fractions."""
    return value.half() if value.is_floating_point() else value


def put_vocoder(cache: Path) -> Path:
    """Put a small HiFi-GAN into the cache, in the form of the zoo's older ones; return its folder."""
    load_library()
    import torch
    from TTS.vocoder.configs import HifiganConfig
    from TTS.vocoder.models import setup_model

    torch.manual_seed(0)
    config = HifiganConfig()
    config.generator_model_params["upsample_initial_channel"] = 16
    generator = setup_model(config).model_g
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
        wave = generator(torch.randn(1, 80, 50))
        generator.conv_post.parametrizations.weight.original0 *= 0.1 / wave.std()
    return put(cache, VOCODER, config, {"model": generator.state_dict(), "model_disc": {}})


def _glow_tts() -> Any:
    """Return the shape of a small Glow-TTS."""
    from TTS.tts.configs.glow_tts_config import GlowTTSConfig

    encoder = {"kernel_size": 3, "dropout_p": 0.1, "num_layers": 1, "num_heads": 2, "hidden_channels_ffn": 32}
    return GlowTTSConfig(
        hidden_channels_enc=16,
        hidden_channels_dec=16,
        hidden_channels_dp=16,
        num_flow_blocks_dec=2,
        num_block_layers=1,
        encoder_params=encoder,
        length_scale=5.0,
    )


def _fast_pitch() -> Any:
    """Return the shape of a small FastPitch."""
    from TTS.tts.configs.fast_pitch_config import FastPitchConfig
    from TTS.tts.models.forward_tts import ForwardTTSArgs

    transformer = {"hidden_channels_ffn": 32, "num_heads": 1, "num_layers": 1, "dropout_p": 0.1}
    return FastPitchConfig(
        model_args=ForwardTTSArgs(
            hidden_channels=32,
            duration_predictor_hidden_channels=16,
            pitch_predictor_hidden_channels=16,
            encoder_params=transformer,
            decoder_params=transformer,
            length_scale=5.0,
        )
    )


def _tacotron2() -> Any:
    """Return a Tacotron 2 that ends after 50 steps at most; its size is fixed by the library."""
    from TTS.tts.configs.tacotron2_config import Tacotron2Config

    return Tacotron2Config(r=2, max_decoder_steps=50)
