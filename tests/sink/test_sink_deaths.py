"""Sink processes that die while they record FLAC, one file per session, or speak to browsers."""

import socket
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from sink_parts import RATE, audio, speech
from test_sink_process import Wired, folder  # noqa: F401 (a fixture)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from voicectl.protocol.speaking import Expect


def say(sink: Wired, play: int, session: str, samples: int) -> None:
    """Send an utterance of a session."""
    header = audio(play, last=True)
    header = msgspec.structs.replace(header, utterance=msgspec.structs.replace(header.utterance, session=session))
    sink.data.send(header, speech(play, samples).tobytes())


def read(path: Path) -> np.ndarray:
    """Return the samples of a file."""
    return soundfile.read(path, dtype="int16")[0]


def test_every_session_goes_on_in_its_own_flac_file_after_a_kill(folder: Path) -> None:  # noqa: F811
    """What was written before it can be decoded; at the cut at most 100 ms are missing, and none is repeated."""
    spec = f"wav:{folder}/talks/{{session}}.flac,realtime"
    with Wired(folder, spec, 1) as first:
        first.connect()
        first.data.send(Expect(play=1, epoch=0))
        say(first, 1, "a", RATE // 4)
        say(first, 2, "b", 2 * RATE)
        say(first, 3, "a", RATE // 4)
        first.until(3, "buffered")
        first.until(2, "speaking")
        first.process.kill()
        first.process.wait()
    part = read(folder / "talks" / "a.flac")
    assert np.array_equal(part[: RATE // 4], speech(1, RATE // 4))
    with Wired(folder, spec, 2) as second:
        assert second.connect().settled == 1
        second.data.send(Expect(play=2, epoch=0))
        second.until(3, "spoken")
    whole = read(folder / "talks" / "a.flac")
    assert np.array_equal(whole[: RATE // 4], speech(1, RATE // 4))
    assert speech(3, RATE // 4).tobytes() in whole.tobytes()
    cut = read(folder / "talks" / "b.flac")
    assert speech(2, 2 * RATE)[-RATE // 2 :].tobytes() in cut.tobytes()
    assert 0 <= 2 * RATE - np.count_nonzero(cut) <= RATE // 10


def test_a_browser_hears_the_next_sink_go_on_where_the_last_one_was_killed(
    folder: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the same port; at the cut at most 100 ms are missing, and none is repeated."""
    monkeypatch.setenv("VOICECTL_SINK__SAMPLE_RATE", str(RATE))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    spoken = speech(1, 4 * RATE)
    with Wired(folder, f"web:{port}", 1) as first:
        first.connect()
        before = Page(port)
        first.data.send(Expect(play=1, epoch=0))
        first.say(1, spoken)
        before.listen(RATE)
        first.process.kill()
        before.listen(len(spoken))
    with Wired(folder, f"web:{port}", 2) as second:
        second.connect()
        after = Page(port)
        second.data.send(Expect(play=1, epoch=0))
        after.listen(100)
        place = spoken.tobytes().find(after.heard[:100].tobytes()) // 2
        after.listen(len(spoken) - place)
        second.until(1, "spoken")
    heard = before.heard
    assert np.array_equal(heard, spoken[: len(heard)])
    assert 0 <= place - len(heard) <= RATE // 10
    assert np.array_equal(after.heard[: len(spoken) - place], spoken[place:])


class Page:
    """A listener at a port."""

    def __init__(self, port: int) -> None:
        self._connection = connect(f"ws://127.0.0.1:{port}/sound", proxy=None, max_queue=None).__enter__()
        self.heard = np.zeros(0, np.int16)

    def listen(self, samples: int) -> None:
        """Listen until so many samples came, or the server is gone."""
        with suppress(ConnectionClosed):
            while len(self.heard) < samples:
                message = self._connection.recv(timeout=60)
                if isinstance(message, bytes):
                    self.heard = np.concatenate([self.heard, np.frombuffer(message, "<i2")])
