"""The sink as its own process, spoken to over its inboxes."""

import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import numpy as np
import pytest
import zmq
from sink_parts import RATE, audio, speech, tombstone

from voicectl.config.load import load_settings
from voicectl.protocol.addresses import ipc_address
from voicectl.protocol.message import Message
from voicectl.protocol.sockets import Inbox, Outlet
from voicectl.protocol.speaking import Cancelled, Expect, Ledger, Receipt
from voicectl.protocol.supervising import Activate, Cancel, Connect, Drain, Failed, Hold, Notice, Ready

M = TypeVar("M", bound=Message)
TIMEOUT_MS = 30_000
LONG = 30 * RATE
"""Samples of an utterance that no test waits for: what is to happen in its middle may come late."""


class Wired:
    """A sink process, and the test in the place of its parser, synthesizer and supervisor."""

    def __init__(
        self, folder: Path, spec: str, incarnation: int = 1, env: dict[str, str] | None = None, spare: bool = False
    ) -> None:
        self.folder = folder
        self.env = os.environ | {"VOICECTL_STATE_DIR": str(folder), "VOICECTL_RUNTIME_DIR": str(folder)} | (env or {})
        self.context: zmq.Context[Any] = zmq.Context()
        self.stack = ExitStack()
        self.parser = Inbox(self.context, ipc_address(folder, f"parser.{incarnation}", "data"))
        self.supervisor = Inbox(self.context, ipc_address(folder, f"supervisor.{incarnation}", "data"))
        self.name = f"sink.{incarnation}"
        loaded = load_settings().settings
        sink = msgspec.structs.replace(loaded.sink, spec=spec, pause_sentence_ms=0)
        settings = folder / f"settings.{incarnation}.json"
        settings.write_bytes(msgspec.json.encode(msgspec.structs.replace(loaded, sink=sink)))
        command = [sys.executable, "-m", "voicectl.actors", "sink", "--incarnation", str(incarnation)]
        command += ["--runtime", str(folder), "--settings", str(settings), "--supervisor", self.supervisor.address]
        self.process = subprocess.Popen([*command, *(["--spare"] if spare else [])], env=self.env)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.stack.close()
        self.parser.close()
        self.supervisor.close()
        self.context.term()

    def connect(self) -> Ledger:
        """Wait until it is ready, let it connect to the parser, and return its ledger."""
        ready = self.told(Ready)
        self.data = self.stack.enter_context(Outlet(self.context, ready.data, "synthesizer.1"))
        self.control = self.stack.enter_context(Outlet(self.context, ready.control, "supervisor"))
        self.control.send(Connect(peer="parser", incarnation="parser.1", data=self.parser.address, control=""))
        return self.answered(Ledger)

    def say(self, play: int, pcm: np.ndarray, epoch: int = 0, chunks: int = 2) -> None:
        """Send an utterance."""
        parts = np.array_split(pcm, chunks)
        for index, part in enumerate(parts):
            header = audio(play, index, index == len(parts) - 1, epoch)
            self.data.send(header, part.tobytes())

    def answered(self, kind: type[M]) -> M:
        """Return the next message of this kind that the parser gets."""
        return self._next(self.parser, kind)

    def told(self, kind: type[M]) -> M:
        """Return the next message of this kind that the supervisor gets."""
        return self._next(self.supervisor, kind)

    def until(self, play: int, state: str) -> Receipt:
        """Wait for a receipt."""
        while True:
            receipt = self.answered(Receipt)
            if (receipt.utterance.play, receipt.state) == (play, state):
                return receipt

    def until_all(self, *wanted: tuple[int, str]) -> None:
        """Wait for several receipts, in whatever order they come."""
        missing = set(wanted)
        while missing:
            receipt = self.answered(Receipt)
            missing.discard((receipt.utterance.play, receipt.state))

    def _next(self, inbox: Inbox, kind: type[M]) -> M:
        while True:
            assert inbox.socket.poll(TIMEOUT_MS), f"no {kind.__name__} came"
            frame = inbox.receive()
            if frame and isinstance(frame.envelope.body, kind):
                return frame.envelope.body


def read(path: Path) -> np.ndarray:
    """Return the samples of a WAV file."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def assert_cut_once(heard: np.ndarray, whole: np.ndarray) -> None:
    """Fail unless at most 100 ms are lost or repeated at one place, and everything before and behind it was heard.

    (The silence at the cut is left out; 5 ms may be faded.)
    """
    heard = heard[heard != 0]
    length = min(len(heard), len(whole))
    same = heard[:length] == whole[:length]
    before = length if same.all() else int(np.argmin(same))
    same = heard[-length:] == whole[-length:]
    behind = length if same.all() else int(np.argmin(same[::-1]))
    assert abs(len(heard) - len(whole)) <= RATE // 10
    assert before + behind >= length - RATE // 200


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder whose path is short enough for sockets."""
    return tmp_path_factory.mktemp("s")


def test_speech_goes_into_the_file_and_receipts_come_back(folder: Path) -> None:
    """In order, whatever the order of arrival; a tombstone is answered in its place."""
    path = folder / "out.wav"
    with Wired(folder, f"wav:{path}") as sink:
        assert sink.connect() == Ledger(settled=0)
        sink.data.send(Expect(play=1, epoch=0))
        sink.say(3, speech(3))
        sink.data.send(tombstone(2))
        sink.say(1, speech(1))
        states = []
        while (3, "spoken") not in states:
            receipt = sink.answered(Receipt)
            states.append((receipt.utterance.play, receipt.state))
    settled = [state for state in states if state[1] != "buffered"]
    assert settled == [(1, "speaking"), (1, "spoken"), (2, "failed"), (3, "speaking"), (3, "spoken")]
    assert np.array_equal(read(path), np.concatenate([speech(1), speech(3)]))


def test_after_a_kill_in_mid_speech_the_next_incarnation_goes_on_in_the_same_file(folder: Path) -> None:
    """From the stored PCM, without anything being sent again; at the cut at most 100 ms are missing or repeated."""
    path = folder / "out.wav"
    spoken = [speech(1, RATE // 4), speech(2, LONG), speech(3, RATE // 4)]
    with Wired(folder, f"wav:{path},realtime", 1) as first:
        first.connect()
        first.data.send(Expect(play=1, epoch=0))
        for play, pcm in enumerate(spoken, 1):
            first.say(play, pcm)
        first.until_all((2, "speaking"), (3, "buffered"))
    with Wired(folder, f"wav:{path}", 2) as second:
        ledger = second.connect()
        assert (ledger.settled, ledger.current) == (1, 2)
        assert ledger.buffered == (2, 3)
        second.data.send(Expect(play=2, epoch=0))
        second.until(3, "spoken")
    assert_cut_once(read(path), np.concatenate(spoken))
    assert [path.stat().st_size for path in (folder / "pcm").iterdir()] == [0]


def test_a_warm_spare_touches_nothing_until_it_takes_over(folder: Path) -> None:
    """Beside a sink that speaks; activated, it goes on from what that one left."""
    path = folder / "out.wav"
    with Wired(folder, f"wav:{path},realtime", 1) as first, Wired(folder, f"wav:{path}", 2, spare=True) as spare:
        first.connect()
        warm = spare.told(Ready)
        assert warm.spare
        first.data.send(Expect(play=1, epoch=0))
        first.say(1, speech(1, RATE // 4))
        first.say(2, speech(2, LONG))
        first.until_all((2, "speaking"), (2, "buffered"))
        first.process.kill()
        first.process.wait()
        with Outlet(spare.context, warm.control, "supervisor") as control:
            control.send(Activate())
            ledger = spare.connect()
            assert (ledger.settled, ledger.current, ledger.buffered) == (1, 2, (2,))
            spare.data.send(Expect(play=2, epoch=0))
            spare.until(2, "spoken")
    assert_cut_once(read(path), np.concatenate([speech(1, RATE // 4), speech(2, LONG)]))


def test_a_cancel_is_answered_and_told_again_to_a_new_parser(folder: Path) -> None:
    """Until the parser expects something in the new epoch it may not have heard of it."""
    with Wired(folder, "null") as sink:
        sink.connect()
        sink.data.send(Expect(play=1, epoch=0))
        sink.say(1, speech(1, 10 * RATE))
        sink.until(1, "speaking")
        sink.control.send(Cancel(action="skip"))
        answer = sink.answered(Cancelled)
        assert answer == Cancelled(epoch=1, heard=1, action="skip")
        sink.control.send(Connect(peer="parser", incarnation="parser.2", data=sink.parser.address, control=""))
        assert sink.answered(Ledger).epoch == 1
        assert sink.answered(Cancelled) == answer
        sink.data.send(Expect(play=2, epoch=1))
        sink.say(2, speech(2), epoch=1)
        sink.until(2, "spoken")


def test_a_drain_finishes_the_sentence_and_exits_with_0(folder: Path) -> None:
    """The next sentence is left for the next incarnation."""
    path = folder / "out.wav"
    with Wired(folder, f"wav:{path},realtime") as sink:
        sink.connect()
        sink.data.send(Expect(play=1, epoch=0))
        first = speech(1, 3 * RATE)
        sink.say(1, first)
        sink.say(2, speech(2))
        sink.until(1, "speaking")
        sink.control.send(Drain())
        sink.until(1, "spoken")
        assert sink.process.wait(30) == 0
    assert np.array_equal(read(path)[: len(first)], first)
    assert not read(path)[len(first) + 100 :].any()


def test_a_held_sink_begins_nothing_and_goes_on_when_it_may(folder: Path) -> None:
    """Pause and resume act on the output."""
    with Wired(folder, "null:fast") as sink:
        sink.connect()
        sink.control.send(Hold(on=True))
        sink.data.send(Expect(play=1, epoch=0))
        sink.say(1, speech(1))
        assert sink.answered(Receipt).state == "buffered"
        sink.control.send(Hold(on=False))
        assert sink.answered(Receipt).state == "speaking"


def test_bad_audio_is_dropped_and_the_sink_lives(folder: Path) -> None:
    """Half a sample, a rate of 0 and an unexpected message harm nobody."""
    with Wired(folder, "null:fast") as sink:
        sink.connect()
        sink.data.send(Expect(play=1, epoch=0))
        sink.data.send(audio(1), b"odd")
        sink.data.send(audio(1, rate=0), b"even")
        sink.data.send(Ledger(settled=5))
        sink.say(1, speech(1))
        sink.until(1, "spoken")


def test_an_output_that_cannot_be_opened_is_said_in_one_line(folder: Path) -> None:
    """The supervisor is told what to do."""
    with Wired(folder, f"wav:{folder}/missing/out.wav") as sink:
        assert "name another file with --sink" in sink.told(Failed).error


@pytest.mark.rig
def test_a_device_that_is_pulled_out_and_put_in_again(folder: Path) -> None:
    """Speech goes on by itself; the user is told; nothing that was not handed over is lost."""
    from rig import PulseRig, require_rig

    require_rig()
    with PulseRig() as rig, Wired(folder, "device", env=rig.env) as sink:
        sink.connect()
        sink.data.send(Expect(play=1, epoch=0))
        sink.say(1, speech(1, 2 * RATE), chunks=10)
        sink.until(1, "speaking")
        rig.kill()
        assert "lost" in sink.told(Notice).text
        rig.start()
        assert "goes on" in sink.told(Notice).text
        sink.until(1, "spoken")
