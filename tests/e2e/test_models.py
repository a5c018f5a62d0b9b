"""The pipeline on the models of the extras: real checkpoints from real files, tiny."""

import sys
from pathlib import Path

import numpy as np
import pytest
from instance import Instance
from speech import read_wav

for folder in ("translator", "synthesizer"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))


def _settings(**values: str) -> list[str]:
    return [part for key, value in values.items() for part in ("--set", f"{key.replace('__', '.')}={value}")]


@pytest.mark.torch
def test_an_nllb_checkpoint_translates(instance: Instance) -> None:
    """The translator stage loads an NLLB checkpoint from its files; what it says is what was learnt."""
    pytest.importorskip("torch")
    from tiny_nllb import make_tiny_nllb

    model = make_tiny_nllb(instance.folder / "nllb")
    instance.up("null:fast", *_settings(translator__backend="nllb", translator__model=str(model)))
    instance.run("feed", "--wait", "--format", "text", stdin=b"The tests passed. I fixed the bug.")
    assert [row["translation"] for row in instance.history()] == ["テストは合格しました。", "バグを修正しました。"]
    assert {row["backend"] for row in instance.history()} == {"nllb"}


@pytest.mark.torch
def test_a_vits_checkpoint_speaks(instance: Instance) -> None:
    """The synthesizer stage loads a VITS checkpoint from its files and streams its sound to the sink."""
    pytest.importorskip("trainer")
    from tiny_vits import make_tiny_vits

    model, config = make_tiny_vits(instance.folder / "vits")
    files = _settings(synthesizer__model_path=str(model), synthesizer__config_path=str(config))
    instance.up("wav:out.wav", *files, *_settings(synthesizer__backend="coqui", language__target="en"))
    instance.run("feed", "--wait", "--format", "text", stdin=b"The tests passed. I fixed the bug.")
    history = instance.history()
    instance.run("down")
    assert [row["translation"] for row in history] == ["The tests passed.", "I fixed the bug."]
    assert {row["voice"] for row in history} == {"coqui"}
    sound, rate = read_wav(instance.wav)
    assert rate == 22_050
    assert np.count_nonzero(sound) > rate // 2
