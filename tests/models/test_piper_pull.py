"""``voicectl models pull`` of a Piper voice, against a server that speaks the hub's HTTP interface."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_hub import FakeHub

from voicectl.cli.models import models
from voicectl.models import piper
from voicectl.protocol.errors import BackendUnavailable

LESSAC = "en/en_US/lessac/medium/en_US-lessac-medium.onnx"
CONFIG = {"audio": {"sample_rate": 22_050}, "phoneme_id_map": {"_": [0]}, "language": {"code": "en_US"}}


@pytest.fixture
def voices(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of voices; the hub has two."""
    hub.hub_id = piper.REPOSITORY
    hub.files = {
        "README.md": b"voices",
        LESSAC: random.Random(1).randbytes(300_000),
        f"{LESSAC}.json": json.dumps(CONFIG).encode(),
        "de/de_DE/thorsten/high/de_DE-thorsten-high.onnx": b"other",
        "de/de_DE/thorsten/high/de_DE-thorsten-high.onnx.json": b"{}",
    }
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "zoo"))
    return tmp_path / "data" / "voicectl" / "voices"


def pull(voice: str) -> Result:
    """Run the command; voicectl's own errors are in ``exception``."""
    return CliRunner().invoke(models, ["pull", f"rhasspy/piper-voices/{voice}"])


def test_a_voice_is_brought_into_the_folder_of_voices(hub: FakeHub, voices: Path) -> None:
    """Its two files, and no other's; then it is listed."""
    result = pull("en_US-lessac-medium")
    assert result.exit_code == 0
    assert "2 files checked" in result.stdout
    assert {path.name: path.read_bytes() for path in voices.iterdir()} == {
        "en_US-lessac-medium.onnx": hub.files[LESSAC],
        "en_US-lessac-medium.onnx.json": hub.files[f"{LESSAC}.json"],
    }
    listed = json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)["models"]
    row = next(row for row in listed if row["id"] == "en_US-lessac-medium")
    assert (row["here"], row["languages"], row["bytes"]) == (True, ["en-US"], 300_000)


def test_a_download_that_was_cut_goes_on_where_it_stopped(hub: FakeHub, voices: Path) -> None:
    """Within one pull; nothing is fetched twice, by the next pull neither."""
    hub.cuts = [100_000]
    files = piper.look_up("en_US-lessac-medium")
    piper.pull(files, voices, lambda *_: None, pause_s=0.0)
    assert [span for _, span in hub.requests] == [None, "bytes=100000-", None]
    piper.pull(files, voices, lambda *_: None, pause_s=0.0)
    assert len(hub.requests) == 3


def test_an_unknown_voice_names_the_nearest(hub: FakeHub, voices: Path) -> None:
    """Nothing is downloaded."""
    result = pull("en_US-lesac-medium")
    assert isinstance(result.exception, BackendUnavailable)
    assert str(result.exception).endswith("no voice 'en_US-lesac-medium', but en_US-lessac-medium")
    assert hub.requests == []


def test_a_language_alone_lists_its_voices(hub: FakeHub, voices: Path) -> None:
    """That is how one learns their names."""
    assert str(pull("de").exception).endswith("has no voice 'de', but de_DE-thorsten-high")


def test_a_folder_that_cannot_be_made_says_what_to_set(hub: FakeHub, voices: Path) -> None:
    """A file is in its place."""
    voices.parent.parent.mkdir(parents=True)
    voices.parent.write_text("")
    result = pull("en_US-lessac-medium")
    assert isinstance(result.exception, BackendUnavailable)
    assert "set synthesizer.voices" in str(result.exception)
