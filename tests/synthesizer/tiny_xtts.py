"""Makes an XTTS v2 checkpoint of a few MB with random weights, in the files that a real one has."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from voicectl.actors.synthesizer.coqui.model import load_library

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'.,!?-"
SPECIAL = ("[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]", "[de]", "[fr]", "[ja]")
TOKENS = 70
"""Tokens of sound at most, 46 ms each."""
STOP = 129


class TinyXtts(NamedTuple):
    """The two files that are configured; the others stand beside them."""

    model_path: Path
    config_path: Path


@contextmanager
def small_decoder() -> Iterator[None]:
    """Shrink what no setting of a checkpoint shrinks, the widths of the decoder and of the speaker encoder."""
    load_library()
    from TTS.tts.layers.xtts import hifigan_decoder
    from TTS.tts.models import xtts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xtts, "HifiDecoder", partial(xtts.HifiDecoder, upsample_initial_channel_decoder=32))
        encoder = partial(hifigan_decoder.ResNetSpeakerEncoder, layers=[1, 1, 1, 1], num_filters=[8, 8, 8, 8])
        patch.setattr(hifigan_decoder, "ResNetSpeakerEncoder", encoder)
        yield


def make_tiny_xtts(folder: Path, speakers: tuple[str, ...] = ("ann", "bob")) -> TinyXtts:
    """Write ``model.pth``, ``config.json``, ``vocab.json`` and ``speakers_xtts.pth`` into ``folder``.

    Its weights are random: it makes noise as loud as speech, and does not stop before it has made all its tokens.
    """
    import torch
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.models.xtts import Xtts

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    _write_vocabulary(folder / "vocab.json")
    arguments = XttsArgs(
        gpt_layers=1,
        gpt_n_model_channels=64,
        gpt_n_heads=2,
        gpt_max_audio_tokens=TOKENS,
        gpt_number_text_tokens=len(LETTERS) + len(SPECIAL),
        gpt_start_text_token=SPECIAL.index("[START]"),
        gpt_stop_text_token=SPECIAL.index("[STOP]"),
        gpt_num_audio_tokens=STOP + 1,
        gpt_start_audio_token=STOP - 1,
        gpt_stop_audio_token=STOP,
        gpt_use_perceiver_resampler=True,
        decoder_input_dim=64,
    )
    config = XttsConfig(model_args=arguments, languages=["en", "de", "fr", "ja"])
    model = Xtts(config)
    with torch.no_grad():
        model.gpt.mel_head.bias[STOP] = -1e9
        decoder = model.hifigan_decoder
        for name, parameter in decoder.waveform_decoder.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
        noise = decoder(torch.randn(1, 40, 64), g=torch.randn(1, 512, 1))
        decoder.waveform_decoder.conv_post.weight *= 0.1 / noise.std()
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict(), "config": config.to_dict()}, folder / "model.pth")
    if speakers:
        torch.save({name: _latents() for name in speakers}, folder / "speakers_xtts.pth")
    return TinyXtts(folder / "model.pth", folder / "config.json")


def _latents() -> dict[str, object]:
    """Return what a speakers file has of a voice."""
    import torch

    return {"gpt_cond_latent": torch.randn(1, 32, 64), "speaker_embedding": torch.randn(1, 512, 1)}


def _write_vocabulary(path: Path) -> None:
    """Write a tokenizer that knows single letters, in the form of the ``tokenizers`` library, as the real one is."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *LETTERS))}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(path))
