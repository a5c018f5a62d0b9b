"""Inboxes and outlets over real ipc sockets."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from voicectl.protocol import frames, sockets
from voicectl.protocol.addresses import MAX_IPC_PATH_BYTES, ipc_address, remove_address
from voicectl.protocol.errors import FrameError, SupervisorError
from voicectl.protocol.frames import Frame, encode
from voicectl.protocol.sockets import Inbox, Outlet
from voicectl.protocol.supervising import Drain, Hold, Suspect

WAIT_MS = 10_000

Context = zmq.Context  # type: ignore[type-arg]


class Clock:
    """Stands in for the ``time`` module: the test sets the stamps."""

    now = 0

    def monotonic_ns(self) -> int:
        """Return the nanoseconds that the test has set."""
        return self.now


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: a socket's path has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="v"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def context() -> Iterator[Context]:
    """A ZeroMQ context; its end would hang if a socket were left open or lingered."""
    with zmq.Context() as context:
        yield context


@pytest.fixture
def inbox(context: Context, folder: Path) -> Iterator[Inbox]:
    """A bound inbox."""
    inbox = Inbox(context, ipc_address(folder, "sink.1", "data"))
    yield inbox
    inbox.close()


@pytest.fixture
def outlet(context: Context, inbox: Inbox) -> Iterator[Outlet]:
    """An outlet to the inbox."""
    with Outlet(context, inbox.address, "synthesizer.4") as outlet:
        yield outlet


@pytest.fixture
def stranger(context: Context, inbox: Inbox) -> Iterator["zmq.Socket[bytes]"]:
    """A bare socket to the inbox that sends what it likes."""
    socket = context.socket(zmq.PUSH)
    socket.connect(inbox.address)
    yield socket
    socket.close(linger=0)


def take(inbox: Inbox) -> Frame:
    """Wait for a frame."""
    assert inbox.socket.poll(WAIT_MS)
    frame = inbox.receive()
    assert frame
    return frame


def test_a_message_comes_with_its_sender_and_payload(inbox: Inbox, outlet: Outlet) -> None:
    """The payload is bytes of its own beside the header."""
    assert outlet.send(Suspect(play=3, stage="sink"), memoryview(b"\x00\x01" * 50_000))
    frame = take(inbox)
    assert (frame.envelope.sender, frame.envelope.body) == ("synthesizer.4", Suspect(play=3, stage="sink"))
    assert frame.payload == b"\x00\x01" * 50_000


def test_a_message_without_payload_has_an_empty_one(inbox: Inbox, outlet: Outlet) -> None:
    """A receiver need not ask whether there was one; an empty one is the same."""
    outlet.send(Drain())
    outlet.send(Drain(), b"")
    assert [take(inbox).payload, take(inbox).payload] == [b"", b""]


def test_frames_come_in_the_order_of_sending(inbox: Inbox, outlet: Outlet) -> None:
    """Nothing is dropped though nobody reads while hundreds are sent: there is no high-water mark."""
    for play in range(3000):
        assert outlet.send(Suspect(play=play, stage=""))
    assert [take(inbox).envelope.body for _ in range(3000)] == [Suspect(play=play, stage="") for play in range(3000)]


def test_an_empty_inbox_gives_none_and_does_not_wait(inbox: Inbox) -> None:
    """The stage's loop decides how long to wait."""
    assert inbox.receive() is None


@pytest.mark.parametrize("parts", [[b""], [b"\xff" * 100], [b"", b"payload"], [b"\x80"]])
def test_hostile_bytes_are_counted_and_the_next_frame_still_comes(
    inbox: Inbox, stranger: "zmq.Socket[bytes]", parts: list[bytes]
) -> None:
    """One bad frame is an error of that frame alone."""
    stranger.send_multipart(parts)
    stranger.send(encode(Hold(on=True), "x"))
    with pytest.raises(FrameError):
        take(inbox)
    assert take(inbox).envelope.body == Hold(on=True)
    assert inbox.bad_frames == 1


def test_a_frame_of_three_parts_is_counted_and_refused(inbox: Inbox, stranger: "zmq.Socket[bytes]") -> None:
    """A frame has a header and at most one payload."""
    stranger.send_multipart([encode(Drain(), "x"), b"one", b"two"])
    with pytest.raises(FrameError, match="at most one payload, got 3 parts"):
        take(inbox)
    assert inbox.bad_frames == 1


def test_an_outlet_to_nobody_takes_messages_and_lets_the_process_end(folder: Path) -> None:
    """Neither sending nor closing waits for a stage that is not there."""
    with zmq.Context() as context, Outlet(context, ipc_address(folder, "sink.9", "data"), "x") as outlet:
        assert all(outlet.send(Drain(), b"\0" * 10_000) for _ in range(1000))


def test_a_message_sent_before_the_inbox_is_bound_arrives(context: Context, folder: Path) -> None:
    """The supervisor's first word may come before the stage has its inboxes."""
    address = ipc_address(folder, "sink.2", "control")
    with Outlet(context, address, "supervisor") as outlet:
        outlet.send(Hold(on=True))
        inbox = Inbox(context, address)
        assert take(inbox).envelope.body == Hold(on=True)
        inbox.close()


def test_a_closed_outlet_delivers_what_it_lingers_for(context: Context, inbox: Inbox) -> None:
    """A stage that ends hands over its last receipts."""
    outlet = Outlet(context, inbox.address, "x")
    for _ in range(100):
        outlet.send(Drain(), b"\0" * 10_000)
    outlet.close(linger_ms=WAIT_MS)
    assert sum(1 for _ in range(100) if take(inbox)) == 100


def test_a_closed_inbox_leaves_no_file(context: Context, folder: Path) -> None:
    """The next incarnation finds a clean folder."""
    inbox = Inbox(context, ipc_address(folder, "sink.3", "data"))
    assert [path.name for path in folder.iterdir()] == ["sink.3.data.ipc"]
    inbox.close()
    assert list(folder.iterdir()) == []


def test_an_address_without_file_or_path_is_removed_without_complaint(folder: Path) -> None:
    """A stage that runs alone has no supervisor, whose address is then empty."""
    remove_address(ipc_address(folder, "sink.1", "data"))
    remove_address("")
    remove_address("tcp://127.0.0.1:5555")


def test_the_longest_address_that_fits_can_be_bound(context: Context, folder: Path) -> None:
    """107 bytes, as unix(7) has it."""
    room = MAX_IPC_PATH_BYTES - len(str(folder)) - len("/.data.ipc")
    inbox = Inbox(context, ipc_address(folder, "n" * room, "data"))
    with Outlet(context, inbox.address, "x") as outlet:
        outlet.send(Drain())
        assert take(inbox).envelope.body == Drain()
    inbox.close()
    with pytest.raises(SupervisorError, match="more than 107 bytes; set VOICECTL_RUNTIME_DIR"):
        ipc_address(folder, "n" * (room + 1), "data")


def test_an_address_is_measured_in_bytes() -> None:
    """A folder named in Japanese has three bytes a character."""
    with pytest.raises(SupervisorError):
        ipc_address(Path("/" + "声" * 35), "sink.1", "data")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the test sets, for both ends of the wire."""
    clock = Clock()
    monkeypatch.setattr(sockets, "time", clock)
    monkeypatch.setattr(frames, "time", clock)
    return clock


def test_a_frame_that_meets_an_idle_owner_is_stamped_on_arrival(inbox: Inbox, outlet: Outlet, clock: Clock) -> None:
    """Sent at 100, taken at 130 by an owner that waited since 50."""
    clock.now = 50
    inbox.idle()
    clock.now = 100
    outlet.send(Drain())
    assert inbox.socket.poll(WAIT_MS)
    clock.now = 130
    assert take(inbox).received == 130


def test_a_frame_that_comes_while_its_owner_works_has_waited_since_it_arrived(
    inbox: Inbox, outlet: Outlet, clock: Clock
) -> None:
    """Its wire time is that of the frame that met an idle owner (30); the rest is waiting."""
    clock.now = 50
    inbox.idle()
    clock.now = 100
    outlet.send(Drain())
    assert inbox.socket.poll(WAIT_MS)
    clock.now = 130
    take(inbox)
    clock.now = 200
    outlet.send(Drain())
    assert inbox.socket.poll(WAIT_MS)
    clock.now = 9000
    inbox.idle()
    assert take(inbox).received == 230


def test_a_frame_is_never_stamped_later_than_now(inbox: Inbox, outlet: Outlet, clock: Clock) -> None:
    """A wire that is usually slow does not put the arrival into the future."""
    inbox.idle()
    outlet.send(Drain())
    assert inbox.socket.poll(WAIT_MS)
    clock.now = 1000
    take(inbox)
    outlet.send(Drain())
    assert inbox.socket.poll(WAIT_MS)
    clock.now = 1010
    inbox.idle()
    assert take(inbox).received == 1010


def test_a_stamp_from_the_future_spoils_no_other_frame(
    inbox: Inbox, stranger: "zmq.Socket[bytes]", clock: Clock
) -> None:
    """A sender with a clock of its own is stamped on arrival; the estimate of the wire stays what it was."""
    inbox.idle()
    clock.now = 2**62
    header = encode(Drain(), "x")
    clock.now = 100
    stranger.send(header)
    assert inbox.socket.poll(WAIT_MS)
    assert take(inbox).received == 100
    stranger.send(encode(Drain(), "x"))
    assert inbox.socket.poll(WAIT_MS)
    clock.now = 500
    inbox.idle()
    assert 100 <= take(inbox).received <= 500


def test_bad_frames_do_not_end_the_reading(inbox: Inbox, stranger: "zmq.Socket[bytes]") -> None:
    """Many strangers' frames are each one error."""
    for _ in range(50):
        stranger.send(b"noise")
    for _ in range(50):
        with contextlib.suppress(FrameError):
            take(inbox)
    assert inbox.bad_frames == 50


def test_an_inbox_whose_file_was_deleted_is_found_again(context: Context, inbox: Inbox, outlet: Outlet) -> None:
    """Bound again: an old connection still stands, and a new one can be made."""
    outlet.send(Drain())
    take(inbox)
    assert not inbox.keep_bound()
    Path(inbox.address.removeprefix("ipc://")).unlink()
    assert inbox.keep_bound()
    outlet.send(Drain())
    assert take(inbox).envelope.sender == "synthesizer.4"
    with Outlet(context, inbox.address, "newcomer.1") as newcomer:
        newcomer.send(Drain())
        assert take(inbox).envelope.sender == "newcomer.1"


def test_an_inbox_whose_folder_was_deleted_keeps_its_connections(context: Context, folder: Path) -> None:
    """There is nowhere to bind again, and nothing else is lost."""
    (folder / "r").mkdir()
    inbox = Inbox(context, ipc_address(folder / "r", "sink.1", "data"))
    with Outlet(context, inbox.address, "synthesizer.4") as outlet:
        outlet.send(Drain())
        take(inbox)
        shutil.rmtree(folder / "r")
        assert not inbox.keep_bound()
        outlet.send(Drain())
        assert take(inbox).envelope.sender == "synthesizer.4"
    inbox.close()
