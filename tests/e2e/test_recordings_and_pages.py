"""Speech that goes into files, one for a text or one for each session, or to browsers."""

import json
import socket

import numpy as np
import pytest
import soundfile
from instance import Instance
from speech import assert_each_once_in_order
from websockets.sync.client import connect

SAID = ("The tests passed.", "I will fix the bug.")


def test_say_renders_flac(instance: Instance) -> None:
    """Say --out takes the suffix for its word, and waits for nobody's ears."""
    instance.run("say", "--out", "said.flac", "--captions", "The tests passed.")
    sound, rate = soundfile.read(instance.folder / "said.flac", dtype="int16")
    assert soundfile.info(instance.folder / "said.flac").format == "FLAC"
    assert rate == 48_000
    assert np.abs(sound).max() > 1000
    assert instance.processes() == []


@pytest.mark.parametrize("name", ["said.mp3", "said.wav,realtime"])
def test_say_renders_nothing_under_a_false_name(instance: Instance, name: str) -> None:
    """A WAV file called .mp3 helps nobody; nothing is started."""
    done = instance.try_("say", "--out", name, "The tests passed.")
    assert done.returncode == 2
    assert b"only to .wav or .flac; name it said.wav" in done.stderr
    assert not (instance.folder / name).exists()


def test_every_session_has_its_file_in_a_folder(instance: Instance) -> None:
    """Also one whose name is no name for a file; a second pipeline goes on with them."""
    (instance.folder / "talks").mkdir()
    for said in SAID:
        instance.up("wav:talks")
        for session in ("work", "../work"):
            instance.run("feed", "--wait", "--format", "text", "--session", session, stdin=said.encode())
        instance.run("down")
    files = sorted(path.name for path in (instance.folder / "talks").iterdir())
    assert len(files) == 2
    assert files[1] == "work.wav"
    assert files[0].startswith("_work-")
    for name, session in zip(files, ("../work", "work"), strict=True):
        sound, _ = soundfile.read(instance.folder / "talks" / name, dtype="int16")
        spoken = [row["translation"] for row in instance.history("--session", session)]
        assert len(spoken) == len(SAID)
        assert_each_once_in_order(sound, spoken)


def test_a_browser_hears_what_is_spoken_and_shows_it(instance: Instance) -> None:
    """At the address that up and status name; each sentence whole, once, in order."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = instance.try_("up", "--detach", "--sink", f"web:{port}")
    assert f"open http://127.0.0.1:{port}/ in a browser".encode() in told.stderr
    assert instance.stage("sink")["device"] == f"http://127.0.0.1:{port}/"
    with connect(f"ws://127.0.0.1:{port}/sound", proxy=None, max_queue=None) as page:
        instance.run("feed", "--wait", "--format", "text", stdin=" ".join(SAID).encode())
        instance.run("down")
        messages = list(page)
    news = [json.loads(message) for message in messages if isinstance(message, str)]
    sound = np.frombuffer(b"".join(message for message in messages if isinstance(message, bytes)), "<i2")
    history = instance.history()
    assert [row["source"] for row in history] == list(SAID)
    captions = [each["caption"] for each in news if each.get("caption")]
    assert captions == [{"text": row["translation"], "source": row["source"]} for row in history]
    assert_each_once_in_order(sound, [row["translation"] for row in history])
