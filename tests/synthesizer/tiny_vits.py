"""Makes a VITS checkpoint of 6 MB with random weights, saved as Coqui's trainer saves one."""

from pathlib import Path
from typing import Any, NamedTuple

from voicectl.actors.synthesizer.coqui.model import load_library


class TinyVits(NamedTuple):
    """The files of the checkpoint."""

    model_path: Path
    config_path: Path


def make_tiny_vits(folder: Path, speakers: tuple[str, ...] = (), **arguments: Any) -> TinyVits:
    """Write a loadable checkpoint into ``folder``: graphemes, 22,050 Hz, noise at a speech-like level.

    Args:
        folder: Where to write ``checkpoint_0.pth`` and ``config.json``.
        speakers: Names of its speakers; none makes a single voice.
        arguments: Overrides of ``VitsArgs``.
    """
    load_library()
    import torch
    from trainer.io import save_checkpoint
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
    from TTS.tts.models.vits import Vits

    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "hidden_channels": 16,
        "hidden_channels_ffn_text_encoder": 32,
        "num_layers_text_encoder": 2,
        "num_layers_posterior_encoder": 2,
        "num_layers_flow": 2,
        "upsample_initial_channel_decoder": 32,
        "length_scale": 3.0,
        "init_discriminator": False,
        "use_speaker_embedding": bool(speakers),
        "speaker_embedding_channels": 8,
    }
    config = VitsConfig(model_args=VitsArgs(**(sizes | arguments)), text_cleaner="basic_cleaners", use_phonemes=False)
    if speakers:
        config.model_args.num_speakers = len(speakers)
        config.speakers = list(speakers)
    model = Vits(config)
    with torch.no_grad():
        # Left alone, random weights give a constant; without biases and scaled they give noise as loud as speech.
        decoder = model.waveform_decoder
        for name, parameter in decoder.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
        speaker = torch.randn(1, 8, 1) if speakers else None
        noise = torch.randn(1, config.model_args.hidden_channels, 50)
        decoder.conv_post.weight *= 0.1 / decoder(noise, g=speaker).std()
    folder.mkdir(parents=True, exist_ok=True)
    config.save_json(str(folder / "config.json"))
    save_checkpoint(config, model, str(folder), current_step=0, epoch=0)
    return TinyVits(folder / "checkpoint_0.pth", folder / "config.json")
