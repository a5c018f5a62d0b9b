"""Makes a Piper voice of 1 MB with random weights: an exported VITS model and the configuration beside it."""

import json
import warnings
from pathlib import Path
from typing import Any

from tiny_vits import make_tiny_vits

from voicectl.actors.synthesizer.coqui.model import load_library, load_model
from voicectl.actors.synthesizer.coqui.zoo import Checkpoint

SAMPLE_RATE = 22_050


def make_tiny_piper(path: Path, speakers: tuple[str, ...] = (), **arguments: Any) -> Path:
    """Write ``path``, ``NAME.onnx``, and ``NAME.onnx.json``, and return ``path``.

    Args:
        path: Of the model.
        speakers: Names of its speakers; none makes a single voice.
        arguments: Overrides of ``VitsArgs``; exporting takes the longer, the more layers there are.
    """
    load_library()
    few = {"num_layers_text_encoder": 1, "num_layers_flow": 1}
    files = make_tiny_vits(path.parent / "checkpoint", speakers, **(few | arguments))
    model = load_model(Checkpoint(files.model_path, files.config_path))
    with warnings.catch_warnings(action="ignore"):  # of the tracer: which branches it does not follow
        model.export_onnx(str(path), verbose=False)
    write_config(path, speaker_id_map={name: index for index, name in enumerate(speakers)}, num_speakers=len(speakers))
    return path


def write_config(path: Path, **changes: Any) -> None:
    """Write the configuration of a voice as Piper's trainer does: the ids of espeak-ng's phonemes, 22,050 Hz."""
    phonemes = [*"_^$ !,.:;?", *"abdefhijklmnoprstuvwzæðŋɐɑɔəɛɜɡɪɹʃʊʌʒθˈˌː"]
    config = {
        "audio": {"sample_rate": SAMPLE_RATE, "quality": "medium"},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.5, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {phoneme: [index] for index, phoneme in enumerate(phonemes)},
        "num_symbols": 256,
        "num_speakers": 1,
        "speaker_id_map": {},
        "language": {"code": "en_US"},
        "piper_version": "1.0.0",
    }
    path.with_name(f"{path.name}.json").write_text(json.dumps(config | changes), encoding="utf-8")
