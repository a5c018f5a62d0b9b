"""The base of every stage, in a process of its own, over real sockets."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
import zmq

from voicectl.actors.base import EXIT_FAILED
from voicectl.actors.workmark import take_mark, work_path
from voicectl.protocol.addresses import Channel, ipc_address
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message
from voicectl.protocol.sockets import Inbox, Outlet
from voicectl.protocol.supervising import (
    Activate,
    Connect,
    Connected,
    Drain,
    Failed,
    Heartbeat,
    Hold,
    Notice,
    Ready,
    Suspect,
)

ECHO = Path(__file__).with_name("echo_stage.py")
WAIT_MS = 30_000
WAIT_S = 30
NAME = "translator.3"

M = TypeVar("M", bound=Message)


class Bench:
    """A stage's process, with its supervisor and its neighbour played by the test."""

    def __init__(self, folder: Path, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        self.folder = folder
        self._context = context
        self.supervisor = Inbox(context, ipc_address(folder, "supervisor.1", "data"))
        self.peer = Inbox(context, ipc_address(folder, "next.1", "data"))
        self.data = Outlet(context, ipc_address(folder, NAME, "data"), "before.1")
        self.control = Outlet(context, ipc_address(folder, NAME, "control"), "supervisor")
        self.process: subprocess.Popen[bytes] | None = None
        self._heard: list[Message] = []

    def spawn(self, spare: bool = False) -> None:
        """Start the stage; its standard input is the lifeline."""
        wiring = {"runtime": str(self.folder), "incarnation": 3, "supervisor": self.supervisor.address}
        wiring |= {"spare": spare}
        with (self.folder / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, str(ECHO), json.dumps(wiring | {"heartbeat_ms": 20, "lifeline": True})],
                stdin=subprocess.PIPE,
                stdout=stderr,
                stderr=stderr,
            )

    def start(self) -> None:
        """Start the stage, connect it to its peer, wait until both inboxes are known to be reached."""
        self.spawn()
        self.event(Ready)
        self.connect()
        self.data.send(Notice(stage="", text="hello"))
        assert self.next_to_peer() == Notice(stage="", text="hello")

    def connect(self) -> None:
        """Tell the stage where its neighbour is."""
        self.control.send(Connect(peer="next", incarnation="next.1", data=self.peer.address, control=""))
        self.event(Connected)

    def ask(self, text: str, play: int = 0) -> None:
        """Give the stage work."""
        self.data.send(Notice(stage=str(play) if play else "", text=text))

    def event(self, kind: type[M], wanted: Callable[[M], bool] = lambda _: True) -> M:
        """Wait for a message to the supervisor; others are passed over."""
        while True:
            message = take(self.supervisor).envelope.body
            if isinstance(message, kind) and wanted(message):
                return message

    def next_to_peer(self) -> Message:
        """Wait for what the stage sends downstream."""
        return take(self.peer).envelope.body

    def end(self) -> int:
        """Wait until the process has ended; return its status."""
        assert self.process
        return self.process.wait(WAIT_S)

    @property
    def remains(self) -> set[str]:
        """The stage's own files that are still there."""
        return {path.name for path in self.folder.glob(f"{NAME}.*")}

    def close(self) -> None:
        """End everything."""
        if self.process:
            self.process.kill()
            self.process.wait(WAIT_S)
            assert self.process.stdin
            self.process.stdin.close()
        for socket in (self.supervisor, self.peer, self.data, self.control):
            socket.close()


def take(inbox: Inbox) -> Frame:
    """Wait for a frame."""
    assert inbox.socket.poll(WAIT_MS)
    frame = inbox.receive()
    assert frame
    return frame


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench in a folder with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="v"))
    with zmq.Context() as context, contextlib.closing(Bench(folder, context)) as bench:
        yield bench
    shutil.rmtree(folder)


@pytest.fixture
def stage(bench: Bench) -> Bench:
    """A stage that is ready and connected."""
    bench.start()
    return bench


def test_a_ready_stage_says_who_it_is_and_where(bench: Bench) -> None:
    """Ready carries the process, both inboxes and what setup returned."""
    bench.spawn()
    assert bench.process
    assert bench.event(Ready) == Ready(
        stage="translator",
        pid=bench.process.pid,
        data=ipc_address(bench.folder, NAME, "data"),
        control=ipc_address(bench.folder, NAME, "control"),
        backend="echo",
        device="cpu",
        detail="detail",
    )


def test_a_spare_is_warm_and_works_when_it_is_activated(bench: Bench) -> None:
    """Its inboxes are bound and its model is loaded; it says so, and again when it takes over."""
    bench.spawn(spare=True)
    warm = bench.event(Ready)
    assert (warm.spare, warm.backend) == (True, "echo")
    bench.control.send(Activate())
    assert bench.event(Ready) == msgspec.structs.replace(warm, spare=False)
    bench.connect()
    bench.ask("taken over")
    assert bench.next_to_peer() == Notice(stage="", text="taken over")


def test_a_spare_that_is_not_needed_drains_at_once(bench: Bench) -> None:
    """It has no work to finish."""
    bench.spawn(spare=True)
    bench.event(Ready)
    bench.control.send(Drain())
    assert bench.end() == 0
    assert bench.remains == set()


def test_a_connection_is_confirmed_with_the_incarnation(bench: Bench) -> None:
    """The supervisor makes the next edge when this one stands."""
    bench.spawn()
    bench.event(Ready)
    bench.control.send(Connect(peer="next", incarnation="next.8", data=bench.peer.address, control=""))
    assert bench.event(Connected) == Connected(stage="translator", peer="next", incarnation="next.8")


def test_a_new_connection_replaces_the_old_one(stage: Bench) -> None:
    """After a restart of the neighbour nothing goes to its old inbox any more."""
    with (
        zmq.Context() as context,
        contextlib.closing(Inbox(context, ipc_address(stage.folder, "next.2", "data"))) as successor,
    ):
        stage.control.send(Connect(peer="next", incarnation="next.2", data=successor.address, control=""))
        stage.event(Connected, lambda message: message.incarnation == "next.2")
        stage.ask("to the new one")
        assert take(successor).envelope.body == Notice(stage="", text="to the new one")
        assert stage.peer.receive() is None


def test_a_payload_passes_through(stage: Bench) -> None:
    """And the frame names the incarnation that sent it."""
    stage.data.send(Notice(stage="", text="pcm"), b"\x01\x02")
    frame = take(stage.peer)
    assert (frame.payload, frame.envelope.sender) == (b"\x01\x02", NAME)


def test_the_heart_beats_while_the_stage_is_busy(stage: Bench) -> None:
    """A second thread says since when, and what with."""
    stage.event(Heartbeat, lambda beat: not beat.busy_since)
    stage.ask("stay", play=7)
    beat = stage.event(Heartbeat, lambda beat: beat.play == 7)
    assert beat.busy_since > 0
    assert stage.event(Heartbeat).busy_since == beat.busy_since


def test_the_heart_beats_idle_again_when_the_work_is_done(stage: Bench) -> None:
    """Work that has ended has neither a time nor a number."""
    stage.ask("mark", play=7)
    stage.event(Suspect)
    stage.next_to_peer()
    beat = stage.event(Heartbeat, lambda beat: not beat.busy_since)
    assert beat.play == 0


def test_a_control_message_that_hangs_counts_as_work(stage: Bench) -> None:
    """The supervisor's deadline covers the whole loop, not only the sentences."""
    stage.control.send(Suspect(play=1, stage="hang"))
    since = 0
    while (now := stage.event(Heartbeat).busy_since) == 0 or now != since:
        since = now


def test_control_is_handled_before_data(stage: Bench) -> None:
    """A cancel must not wait behind a queue of sentences."""
    stage.ask("gate")
    stage.ask("queued first")
    stage.event(Suspect)
    stage.control.send(Hold(on=True))
    assert [stage.next_to_peer() for _ in range(3)] == [
        Notice(stage="", text="gate"),
        Hold(on=True),
        Notice(stage="", text="queued first"),
    ]


def test_a_drain_finishes_what_is_in_the_inbox(stage: Bench) -> None:
    """Then the stage exits with 0 and leaves no file."""
    stage.ask("gate")
    for text in "abc":
        stage.ask(text)
    stage.event(Suspect)
    stage.control.send(Drain())
    texts = [message.text for _ in range(4) if isinstance(message := stage.next_to_peer(), Notice)]
    assert texts == ["gate", "a", "b", "c"]
    assert stage.end() == 0
    assert stage.remains == set()


def test_a_termination_signal_drains(stage: Bench) -> None:
    """Signal handlers only take note; the loop acts."""
    assert stage.process
    stage.ask("gate")
    stage.ask("a")
    stage.event(Suspect)
    stage.process.send_signal(signal.SIGTERM)
    stage.control.send(Hold(on=False))
    assert [stage.next_to_peer() for _ in range(3)][2] == Notice(stage="", text="a")
    assert stage.end() == 0
    assert stage.remains == set()


def test_an_idle_stage_wakes_up_for_a_termination_signal(stage: Bench) -> None:
    """It exits though no message ever comes."""
    assert stage.process
    stage.process.send_signal(signal.SIGTERM)
    assert stage.end() == 0


def test_an_interrupt_is_left_to_the_supervisor(stage: Bench) -> None:
    """Ctrl-C reaches every process of the terminal; only the supervisor decides what it means."""
    assert stage.process
    stage.process.send_signal(signal.SIGINT)
    stage.ask("still here")
    assert stage.next_to_peer() == Notice(stage="", text="still here")


@pytest.mark.parametrize("text", ["stay", "mark"])
def test_the_death_of_the_supervisor_ends_the_stage_at_once(stage: Bench, text: str) -> None:
    """Also in the middle of work that never ends; no socket stays behind, the supervisor's neither."""
    assert stage.process
    assert stage.process.stdin
    stage.ask(text, play=4)
    stage.event(Suspect)
    stage.process.stdin.close()
    assert stage.end() == 1
    assert stage.remains <= {f"{NAME}.work"}
    assert not Path(stage.supervisor.address.removeprefix("ipc://")).exists()


def test_a_garbage_frame_is_counted_and_the_stage_lives(stage: Bench) -> None:
    """Dropped, counted, told in the next heartbeat."""
    with zmq.Context() as context, context.socket(zmq.PUSH) as stranger:
        stranger.connect(ipc_address(stage.folder, NAME, "data"))
        stranger.send(b"\xde\xad\xbe\xef")
        stage.event(Heartbeat, lambda beat: beat.counters["bad_frames"] == 1)
    stage.ask("alive")
    assert stage.next_to_peer() == Notice(stage="", text="alive")


@pytest.mark.parametrize("channel", ["data", "control"])
def test_an_inbox_whose_file_was_deleted_is_found_again(stage: Bench, channel: Channel) -> None:
    """A neighbour that was restarted can connect; whoever was connected did not notice."""
    address = ipc_address(stage.folder, NAME, channel)
    Path(address.removeprefix("ipc://")).unlink()
    stage.ask("still here")
    assert stage.next_to_peer() == Notice(stage="", text="still here")
    with zmq.Context() as context, Outlet(context, address, "newcomer.1") as newcomer:
        newcomer.send(Hold(on=True) if channel == "control" else Notice(stage="", text="new"))
        assert stage.next_to_peer() in (Hold(on=True), Notice(stage="", text="new"))


def test_a_message_to_a_neighbour_that_is_not_there_is_counted(bench: Bench) -> None:
    """The stage goes on; the supervisor sees that something was not sent."""
    bench.spawn()
    bench.event(Ready)
    bench.ask("into the void")
    bench.event(Heartbeat, lambda beat: beat.counters["unsent"] == 1)


def test_a_stage_that_cannot_start_says_why(bench: Bench) -> None:
    """Its one line reaches the user, its exit status tells that a restart would not help."""
    (bench.folder / "broken").touch()
    bench.spawn()
    expected = Failed(stage="translator", error="the voice is missing; run voicectl models pull voice")
    assert bench.event(Failed) == expected
    assert bench.end() == EXIT_FAILED
    assert bench.remains == set()


def test_an_error_that_the_stage_cannot_survive_is_reported(stage: Bench) -> None:
    """A voicectl error out of ``handle`` ends the stage with its one line."""
    stage.ask("fail")
    assert stage.event(Failed).error == "the device was lost; plug it in"
    assert stage.end() == EXIT_FAILED


def test_a_bug_ends_the_stage_with_a_traceback(stage: Bench) -> None:
    """It is a crash like any other: the supervisor restarts the stage."""
    stage.ask("crash")
    assert stage.end() not in (0, EXIT_FAILED)
    assert "ZeroDivisionError" in (stage.folder / "stderr").read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_the_mark_of_the_work_in_hand_survives_a_death(stage: Bench, number: signal.Signals) -> None:
    """Only the sentence that was begun and not ended is suspect."""
    assert stage.process
    stage.ask("stay", play=41)
    stage.event(Suspect)
    stage.process.send_signal(number)
    assert stage.end() == -number
    assert take_mark(work_path(stage.folder, NAME)) == (41, 1)


def test_an_idle_stage_leaves_no_number_when_it_is_killed(stage: Bench) -> None:
    """Work that has ended is not to blame."""
    assert stage.process
    stage.ask("mark", play=41)
    stage.next_to_peer()
    stage.ask("one more")
    stage.next_to_peer()
    stage.process.kill()
    stage.end()
    assert take_mark(work_path(stage.folder, NAME)).play == 0
