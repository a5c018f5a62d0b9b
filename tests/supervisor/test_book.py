"""The address book and what is left behind by a supervisor that died."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from voicectl.supervisor.book import (
    BOOK,
    Book,
    StageEntry,
    birth,
    clear_remains,
    is_alive,
    read_book,
    running_book,
    take_lock,
    write_book,
)

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from voicectl.supervisor.book import take_lock

lock = take_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""

Process = subprocess.Popen[bytes]


@pytest.fixture
def sleeper() -> Iterator[Process]:
    """A process that lives until it is ended."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def created(pid: int) -> float:
    """Return when a process was created."""
    return birth(pid)


def dead_pid() -> int:
    """Return the number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def book_of(pid: int, when: float, **stages: tuple[int, float]) -> Book:
    """Return a book of a supervisor and its stages."""
    entries = {name: StageEntry(pid=pid, created=at, data="", ready=True) for name, (pid, at) in stages.items()}
    return Book(pid=pid, created=when, command="ipc:///x", stages=entries)


def test_a_book_is_read_as_it_was_written(tmp_path: Path) -> None:
    """In one file, replaced in one step."""
    book = book_of(5, 1234.5678901234, sink=(6, 1e9 / 3))
    write_book(tmp_path, book_of(1, 1.0))
    write_book(tmp_path, book)
    assert read_book(tmp_path) == book
    assert [path.name for path in tmp_path.iterdir()] == [BOOK]


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"pid": "x"}'])
def test_a_book_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    """Then no pipeline is running."""
    if content is not None:
        (tmp_path / BOOK).write_bytes(content)
    assert read_book(tmp_path) is None
    assert running_book(tmp_path) is None
    assert clear_remains(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_book_whose_supervisor_lives_is_running(tmp_path: Path) -> None:
    """It names a process by number and by time of creation."""
    book = book_of(os.getpid(), created(os.getpid()))
    write_book(tmp_path, book)
    assert running_book(tmp_path) == book


def test_a_book_whose_supervisor_is_gone_is_not_running(tmp_path: Path) -> None:
    """Killed, or its number was given to another process since."""
    write_book(tmp_path, book_of(dead_pid(), 1.0))
    assert running_book(tmp_path) is None
    write_book(tmp_path, book_of(os.getpid(), created(os.getpid()) - 1000))
    assert running_book(tmp_path) is None


def test_a_process_that_was_not_reaped_is_dead(sleeper: Process) -> None:
    """A zombie holds its number, but answers no more."""
    when = created(sleeper.pid)
    assert is_alive(sleeper.pid, when)
    sleeper.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(sleeper.pid, when)


def test_the_lock_is_held_by_one_and_freed_by_any_death(tmp_path: Path) -> None:
    """The kernel lets go of it at a SIGKILL."""
    command = [sys.executable, "-c", HOLD_THE_LOCK, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert take_lock(tmp_path) is None
        holder.kill()
        holder.wait()
    lock = take_lock(tmp_path)
    assert lock
    with lock:
        assert take_lock(tmp_path) is None


def test_orphans_are_killed(tmp_path: Path, sleeper: Process) -> None:
    """Also one that is stopped and would hear no signal but this."""
    sleeper.send_signal(signal.SIGSTOP)
    write_book(
        tmp_path, book_of(dead_pid(), 1.0, translator=(sleeper.pid, created(sleeper.pid)), sink=(dead_pid(), 1.0))
    )
    assert clear_remains(tmp_path) == 1
    assert not psutil.pid_exists(sleeper.pid)
    assert read_book(tmp_path) is None


def test_a_spare_is_killed_too(tmp_path: Path, sleeper: Process) -> None:
    """A stopped spare does not notice that its supervisor died."""
    spare = StageEntry(pid=sleeper.pid, created=created(sleeper.pid), data="", ready=False)
    write_book(tmp_path, Book(pid=dead_pid(), created=1.0, command="ipc:///x", spares={"sink": spare}))
    assert clear_remains(tmp_path) == 1


def test_a_stranger_with_the_number_of_a_stage_is_left_alone(tmp_path: Path, sleeper: Process) -> None:
    """Numbers are used again; the time of creation tells."""
    write_book(tmp_path, book_of(dead_pid(), 1.0, translator=(sleeper.pid, created(sleeper.pid) - 100)))
    assert clear_remains(tmp_path) == 0
    assert sleeper.poll() is None


def test_the_files_of_dead_stages_are_removed(tmp_path: Path) -> None:
    """Sockets and marks; what the next pipeline needs stays, and so does what is not ours."""
    gone = ["translator.3.data.ipc", "translator.3.control.ipc", "sink.1.work", f"supervisor.{dead_pid()}.data.ipc"]
    gone += [f"feed.{dead_pid()}.abcdef.data.ipc", "feed.strange.data.ipc"]
    kept = ["sink.progress", f"feed.{os.getpid()}.abcdef.data.ipc", "settings.json", "notes.txt"]
    for name in (*gone, *kept):
        (tmp_path / name).touch()
    clear_remains(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
