"""The client side of a feed, with the parser played by the test over real sockets."""

import contextlib
import os
import queue
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from voicectl.actors.parser.spool import OrphanSpool
from voicectl.cli.feeder import IN_FLIGHT_BYTES, READ_BYTES, Ends, Feeder
from voicectl.protocol.addresses import ipc_address
from voicectl.protocol.feeding import Ack, Chunk, FeedDone, Progress
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message
from voicectl.protocol.sockets import Inbox, Outlet
from voicectl.supervisor.book import BOOK, Book, StageEntry, birth, write_book

WAIT_MS = 30_000
WAIT_S = 30

Context = zmq.Context  # type: ignore[type-arg]


class Parser:
    """One incarnation of the parser: an inbox, and answers to whoever writes."""

    def __init__(self, context: Context, folder: Path, incarnation: int) -> None:
        self._context = context
        self.inbox = Inbox(context, ipc_address(folder, f"parser.{incarnation}", "data"))
        self._outlet: Outlet | None = None
        self.feed = ""
        self.text = b""
        self.final = False
        created = birth(os.getpid())
        entry = StageEntry(pid=os.getpid(), created=created, data=self.inbox.address, ready=True)
        write_book(folder, Book(pid=os.getpid(), created=created, command="", stages={"parser": entry}))

    def next(self, timeout_ms: int = WAIT_MS) -> tuple[Chunk, bytes] | None:
        """Return the next chunk, or None when none comes."""
        if not self.inbox.socket.poll(timeout_ms):
            return None
        frame = self.inbox.receive()
        assert isinstance(frame, Frame)
        chunk = frame.envelope.body
        assert isinstance(chunk, Chunk)
        self.feed = chunk.feed
        if self._outlet is None:
            self._outlet = Outlet(self._context, chunk.reply_to, "parser")
        return chunk, frame.payload

    def read(self, size: int, final: bool = False) -> None:
        """Take chunks until this much of the input (and its end) is there."""
        while len(self.text) < size or (final and not self.final):
            got = self.next()
            assert got, f"{len(self.text)} of {size} bytes came"
            chunk, data = got
            assert chunk.offset <= len(self.text), "a gap"
            self.text += data[len(self.text) - chunk.offset :]
            self.final = self.final or chunk.final

    def answer(self, message: Message) -> None:
        """Send to the feed."""
        assert self._outlet
        self._outlet.send(message)

    def acknowledge(self, offset: int, taken: int | None = None, final: bool = False, resend: bool = False) -> None:
        """Say how far the journal is."""
        taken = offset if taken is None else taken
        self.answer(Ack(feed=self.feed, offset=offset, taken=taken, final=final, resend=resend))

    def close(self) -> None:
        """Die."""
        if self._outlet:
            self._outlet.close(1000)
        self.inbox.close()


class Writer:
    """A feed in a thread and the pipe that its agent writes to."""

    def __init__(self, wait: bool) -> None:
        source, self._pipe = os.pipe()
        self.told: queue.Queue[str] = queue.Queue()
        self.feeder = Feeder(source, "session", "text", live=True, tell=self.told.put)
        self.progress: list[Progress] = []
        self.feeder.on_progress = self.progress.append
        self._source = source
        self._ends: Ends | None = None
        self._open = True
        self._thread = threading.Thread(target=self._run, args=(wait,), daemon=True)
        self._thread.start()

    def _run(self, wait: bool) -> None:
        ends = self.feeder.run(wait)
        self.feeder.close()
        self._ends = ends

    def write(self, data: bytes) -> None:
        """Write; this would block for ever if the feed did not read on."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._pipe, view) :]

    def end(self) -> None:
        """The agent is done."""
        if self._open:
            os.close(self._pipe)
            self._open = False

    def ends(self) -> Ends:
        """Wait until the feed has ended."""
        self._thread.join(WAIT_S)
        assert self._ends, "the feed has not ended"
        return self._ends

    def close(self) -> None:
        """End the feed."""
        self.end()
        (Path(os.environ["VOICECTL_RUNTIME_DIR"]) / BOOK).unlink(missing_ok=True)
        self._thread.join(WAIT_S)
        os.close(self._source)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An instance of its own; its runtime folder."""
    root = Path(tempfile.mkdtemp(prefix="v"))
    (root / "r").mkdir(mode=0o700)
    monkeypatch.setenv("VOICECTL_RUNTIME_DIR", str(root / "r"))
    monkeypatch.setenv("VOICECTL_STATE_DIR", str(root / "s"))
    yield root / "r"
    shutil.rmtree(root)


@pytest.fixture
def context() -> Iterator[Context]:
    """The test's own ZeroMQ context."""
    with zmq.Context() as context:
        yield context


@pytest.fixture
def parser(folder: Path, context: Context) -> Iterator[Parser]:
    """A running pipeline's parser."""
    with contextlib.closing(Parser(context, folder, 1)) as parser:
        yield parser


@pytest.fixture
def writer(folder: Path) -> Iterator[Writer]:
    """A feed that ends when its input is acknowledged; before ``parser`` it finds no pipeline."""
    with contextlib.closing(Writer(wait=False)) as writer:
        yield writer


@pytest.fixture
def waiting_writer(parser: Parser) -> Iterator[Writer]:
    """A feed that ends when everything is spoken."""
    with contextlib.closing(Writer(wait=True)) as writer:
        yield writer


def spools(folder: Path) -> list[Path]:
    """Return the spools that are left."""
    return list((folder.parent / "s" / "spool").glob("*.spool"))


def test_where_no_pipeline_runs_the_text_is_kept(folder: Path, writer: Writer) -> None:
    """It says so once; the next pipeline adopts the spool."""
    assert writer.told.get(timeout=WAIT_S).startswith("no pipeline is running")
    writer.write(b"Hello.\n" * 1000)
    writer.end()
    assert writer.ends() == Ends(delivered=False, done=None)
    (spool,) = spools(folder)
    orphan = OrphanSpool.take(spool)
    assert orphan
    with orphan:
        assert orphan.read(0, 10_000) == b"Hello.\n" * 1000
        assert (orphan.header.session, orphan.header.format) == ("session", "text")
    assert list(folder.glob("feed.*")) == []
    assert writer.told.empty()


def test_the_input_goes_to_the_parser_and_leaves_no_spool(parser: Parser, writer: Writer, folder: Path) -> None:
    """Byte for byte, with its end; then the feed is done."""
    writer.write(b"One. ")
    parser.read(5)
    writer.write("二つ。".encode())
    writer.end()
    parser.read(14, final=True)
    assert parser.text == "One. 二つ。".encode()
    parser.acknowledge(14, final=True)
    assert writer.ends() == Ends(delivered=True, done=None)
    assert spools(folder) == []


def test_a_feed_with_an_empty_input_ends_it(parser: Parser, writer: Writer) -> None:
    """Standard input closed at once."""
    writer.end()
    parser.read(0, final=True)
    parser.acknowledge(0, final=True)
    assert writer.ends().delivered


def test_the_writer_is_never_stalled_by_a_slow_parser(parser: Parser, writer: Writer) -> None:
    """It is sent no more than it can take; the rest waits in the spool, not in memory."""
    size = 3 * IN_FLIGHT_BYTES
    writer.write(b"x" * size)
    writer.end()
    parser.read(IN_FLIGHT_BYTES)
    while got := parser.next(300):
        parser.text += got[1]
    assert len(parser.text) <= IN_FLIGHT_BYTES + READ_BYTES
    while len(parser.text) < size:
        parser.acknowledge(0, taken=len(parser.text))
        parser.read(min(size, len(parser.text) + IN_FLIGHT_BYTES))
    parser.read(size, final=True)
    parser.acknowledge(size, final=True)
    assert writer.ends().delivered


def test_what_was_not_acknowledged_is_sent_to_the_next_parser(
    parser: Parser, writer: Writer, folder: Path, context: Context
) -> None:
    """From the last acknowledged byte on; the text that it had is not sent again."""
    writer.write(b"One. Two.")
    parser.read(9)
    parser.acknowledge(4, taken=9)
    writer.write(b" Three.")
    parser.read(16)
    parser.close()
    with contextlib.closing(Parser(context, folder, 2)) as successor:
        successor.text = b"One."
        writer.end()
        successor.read(16, final=True)
        assert successor.text == b"One. Two. Three."
        successor.acknowledge(16, final=True)
        assert writer.ends().delivered


def test_a_parser_that_lacks_bytes_gets_them(parser: Parser, writer: Writer) -> None:
    """It says from where on."""
    writer.write(b"0123456789")
    parser.read(10)
    parser.text = b"012"
    parser.acknowledge(2, taken=3, resend=True)
    parser.read(10)
    writer.end()
    parser.read(10, final=True)
    assert parser.text == b"0123456789"
    parser.acknowledge(10, final=True)
    assert writer.ends().delivered


def test_a_pipeline_that_ends_leaves_the_rest_in_the_spool(parser: Parser, writer: Writer, folder: Path) -> None:
    """The feed reads on to the end of its input: its agent never meets a broken pipe."""
    writer.write(b"One.")
    parser.read(4)
    parser.acknowledge(4)
    (folder / BOOK).unlink()
    assert writer.told.get(timeout=WAIT_S).startswith("no pipeline is running")
    writer.write(b" Two." * 50_000)
    writer.end()
    assert not writer.ends().delivered
    (spool,) = spools(folder)
    assert spool.read_bytes().endswith(b" Two." * 50_000)


def test_a_feed_that_waits_ends_when_everything_is_spoken(parser: Parser, waiting_writer: Writer) -> None:
    """And passes on what becomes of the sentences."""
    waiting_writer.write(b"One.")
    waiting_writer.end()
    parser.read(4, final=True)
    parser.acknowledge(4, final=True)
    progress = Progress(
        feed=parser.feed, session="session", seq=1, state="speaking", source="One.", translation="一つ。"
    )
    parser.answer(progress)
    done = FeedDone(feed=parser.feed, spoken=1, failed=0, cancelled=0)
    parser.answer(done)
    assert waiting_writer.ends() == Ends(delivered=True, done=done)
    assert waiting_writer.progress == [progress]


def test_a_strangers_word_is_not_believed(parser: Parser, writer: Writer, context: Context, folder: Path) -> None:
    """An acknowledgement and an end of another feed: what was not journaled is still sent to the next parser."""
    writer.write(b"One.")
    parser.read(4)
    parser.answer(Ack(feed="stranger", offset=4, final=True))
    parser.answer(FeedDone(feed="stranger", spoken=1, failed=0, cancelled=0))
    parser.close()
    with contextlib.closing(Parser(context, folder, 2)) as successor:
        writer.end()
        successor.read(4, final=True)
        assert successor.text == b"One."
        successor.acknowledge(4, final=True)
        assert writer.ends().delivered


def test_a_feed_that_waits_outlives_a_restart_of_the_parser(
    parser: Parser, waiting_writer: Writer, folder: Path, context: Context
) -> None:
    """The new one learns where to answer, though there is nothing left to send."""
    waiting_writer.write(b"One.")
    waiting_writer.end()
    parser.read(4, final=True)
    parser.acknowledge(4, final=True)
    parser.close()
    with contextlib.closing(Parser(context, folder, 2)) as successor:
        successor.text = b"One."
        successor.read(4, final=True)
        successor.acknowledge(4, final=True)
        done = FeedDone(feed=successor.feed, spoken=0, failed=1, cancelled=0)
        successor.answer(done)
        assert waiting_writer.ends().done == done


def test_a_feed_that_waits_ends_with_the_pipeline(parser: Parser, waiting_writer: Writer, folder: Path) -> None:
    """Nobody would ever tell it that all is spoken."""
    waiting_writer.write(b"One.")
    waiting_writer.end()
    parser.read(4, final=True)
    (folder / BOOK).unlink()
    assert waiting_writer.ends().done is None
