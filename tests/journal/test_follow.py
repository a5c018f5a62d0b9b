"""``voicectl feed --follow``: what is appended to a transcript, each line once."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voicectl.actors.parser.spool import OrphanSpool
from voicectl.cli.follow import Tail

TRANSCRIPT = Path(__file__).parents[1] / "data" / "sources" / "transcript.jsonl"
FEED = [sys.executable, "-m", "voicectl", "feed", "--follow"]
WAIT_S = 30.0


class Feed:
    """A real ``voicectl feed --follow`` that no pipeline listens to; what it read is in its spool."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.file = folder / "session.jsonl"
        runtime = folder / "r"
        runtime.mkdir(mode=0o700)
        environment = {**os.environ, "VOICECTL_RUNTIME_DIR": str(runtime), "VOICECTL_STATE_DIR": str(folder / "s")}
        self.process = subprocess.Popen(
            [*FEED, str(self.file), *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stderr
        assert b"no pipeline is running" in self.process.stderr.readline()  # from here on it follows

    def write(self, data: bytes) -> None:
        """Append to the transcript."""
        with self.file.open("ab") as file:
            file.write(data)

    def wait_for(self, data: bytes) -> None:
        """Wait until this was passed through (with ``--tee``)."""
        assert self.process.stdout
        got = b""
        while len(got) < len(data):
            piece = os.read(self.process.stdout.fileno(), len(data) - len(got))
            assert piece, f"it ended after {got!r}"
            got += piece
        assert got == data

    def end(self, number: int) -> tuple[int, bytes, str]:
        """Send a signal; return the exit status, what was read, and its format."""
        self.process.send_signal(number)
        status = self.process.wait(WAIT_S)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        (spool,) = (self.folder / "s" / "spool").glob("*.spool")
        orphan = OrphanSpool.take(spool)
        assert orphan
        with orphan:
            return status, orphan.read(0, 1 << 20), orphan.header.format


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_transcript_is_followed_from_now_on_until_a_signal(tmp_path: Path, number: int) -> None:
    """What lay there before is not read; what was written before the signal is, and the end is a good one."""
    old, new = TRANSCRIPT.read_bytes().splitlines(keepends=True)[:2]
    (tmp_path / "session.jsonl").write_bytes(old)
    feed = Feed(tmp_path, "--tee")
    feed.write(new)
    feed.wait_for(new)
    feed.write(old.replace(b"5d0c", b"6e1d"))
    assert feed.end(number) == (0, new + old.replace(b"5d0c", b"6e1d"), "transcript")


def test_a_transcript_can_be_read_from_its_start(tmp_path: Path) -> None:
    """With --from-start nothing is left out."""
    (tmp_path / "session.jsonl").write_bytes(TRANSCRIPT.read_bytes())
    feed = Feed(tmp_path, "--from-start", "--tee")
    feed.wait_for(TRANSCRIPT.read_bytes())
    assert feed.end(signal.SIGTERM) == (0, TRANSCRIPT.read_bytes(), "transcript")


def test_a_transcript_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    """Everything in it is new."""
    feed = Feed(tmp_path, "--tee")
    feed.write(b'{"type":"user"}\n')
    feed.wait_for(b'{"type":"user"}\n')
    assert feed.end(signal.SIGINT)[:2] == (0, b'{"type":"user"}\n')


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--follow"], "needs the FILE"),
        (["--from-start", "x"], "belongs to --follow"),
        (["nowhere.md"], "there is no file nowhere.md"),
    ],
)
def test_wrong_usage_is_told_in_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    """The exit status is 2."""
    command = [sys.executable, "-m", "voicectl", "feed", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_half_a_line_is_held_until_it_is_whole(tmp_path: Path) -> None:
    """The client may be seen in the middle of its writing, also when following begins."""
    file = tmp_path / "t"
    file.write_bytes(b'{"a":1}\n{"b"')
    tail = Tail(file)
    assert tail.read() == b""
    file.write_bytes(b'{"a":1}\n{"b":2}\n{"c')
    assert tail.read() == b'{"b":2}\n'


@pytest.mark.parametrize("replace", [True, False])
def test_a_rewritten_file_gives_only_what_is_new(tmp_path: Path, replace: bool) -> None:
    """In place or under its name, longer than before or shorter."""
    file, other = tmp_path / "t", tmp_path / "o"
    file.write_bytes(b"1\n2\n3\n")
    tail = Tail(file, from_start=True)
    assert tail.read() == b"1\n2\n3\n"
    other.write_bytes(b"1\n3\n4\n5\n")
    if replace:
        other.replace(file)
    else:
        file.write_bytes(other.read_bytes())
    assert tail.read() == b"4\n5\n"
    file.unlink()
    assert tail.read() == b""
    file.write_bytes(b"1\n6\n")
    assert tail.read() == b"6\n"


class Rewriting(RuleBasedStateMachine):
    """A client that appends, takes back and rewrites; what is given out is each line once, in order."""

    def __init__(self) -> None:
        super().__init__()
        folder = Path(tempfile.gettempdir())
        self.file = folder / f"rewriting-{os.getpid()}-{threading.get_ident()}"
        self.file.unlink(missing_ok=True)
        self.tail = Tail(self.file)
        self.lines: list[bytes] = []
        self.count = 0
        self.given = b""

    def new(self) -> bytes:
        """Return a line that never was."""
        self.count += 1
        return b'{"uuid":%d}\n' % self.count

    @rule(count=st.integers(1, 3))
    def append(self, count: int) -> None:
        """Write on."""
        added = [self.new() for _ in range(count)]
        self.lines += added
        with self.file.open("ab") as file:
            file.write(b"".join(added))

    @rule(position=st.integers(0, 20), in_place=st.booleans())
    def take_back(self, position: int, in_place: bool) -> None:
        """Rewrite the file without one line and with a new one behind."""
        if self.lines:
            self.lines.pop(position % len(self.lines))
        self.lines.append(self.new())
        target = self.file if in_place else self.file.with_suffix(".new")
        target.write_bytes(b"".join(self.lines))
        target.replace(self.file)

    @invariant()
    def every_line_is_given_once(self) -> None:
        """And in the order of their writing."""
        self.given += self.tail.read()
        assert self.given == b"".join(b'{"uuid":%d}\n' % (n + 1) for n in range(self.count))

    def teardown(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)


TestRewriting = Rewriting.TestCase
TestRewriting.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


@given(pieces=st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\r", b"-")), max_size=8))
def test_whole_lines_come_out_however_they_were_written(pieces: list[bytes]) -> None:
    """Bytes are bytes, and a blank line is a line."""
    file = Path(tempfile.gettempdir()) / f"pieces-{os.getpid()}"
    file.write_bytes(b"")
    tail = Tail(file)
    got = b""
    with file.open("ab", buffering=0) as sink:
        for piece in pieces:
            sink.write(piece)
            got += tail.read()
    whole = b"".join(pieces)
    file.unlink()
    assert got == whole[: whole.rfind(b"\n") + 1]
