"""The address book: a small file in the runtime folder that says where the running pipeline is.

It is written anew, atomically, whenever a stage gets a new incarnation; ``feed`` and the commands read it.
A lock on a second file tells whether its writer lives: the kernel lets go of it at any death.
"""

import contextlib
import fcntl
from pathlib import Path
from typing import IO

import msgspec
import psutil

from voicectl.protocol.supervising import STAGES

BOOK = "pipeline.json"
LOCK = "pipeline.lock"


class StageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One stage's process and data inbox; ``created`` tells a process from another with its pid."""

    pid: int
    created: float
    data: str
    ready: bool


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The running pipeline; ``pid`` and ``created`` are the supervisor's. ``spares`` take no data yet."""

    pid: int
    created: float
    command: str
    stages: dict[str, StageEntry] = {}
    spares: dict[str, StageEntry] = {}


def write_book(folder: Path, book: Book) -> None:
    """Replace the book in one step."""
    new = folder / f"{BOOK}.new"
    new.write_bytes(msgspec.json.encode(book))
    new.replace(folder / BOOK)


def read_book(folder: Path) -> Book | None:
    """Return the book, or None when there is none that can be read."""
    try:
        return msgspec.json.decode((folder / BOOK).read_bytes(), type=Book)
    except (OSError, msgspec.MsgspecError):
        return None


def take_lock(folder: Path) -> IO[bytes] | None:
    """Take the pipeline's lock, or return None when a living supervisor holds it."""
    lock = (folder / LOCK).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def running_book(folder: Path) -> Book | None:
    """Return the book of a pipeline whose supervisor lives, else None."""
    book = read_book(folder)
    return book if book and is_alive(book.pid, book.created) else None


def birth(pid: int) -> float:
    """Return when a process was created, in a clock that no change of the wall clock moves; 0 when it is gone.

    Linux keeps it in ticks since boot (proc(5)); elsewhere it is psutil's time of day.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        try:
            return float(psutil.Process(pid).create_time())
        except psutil.Error:
            return 0.0
    return 0.0 if fields[0] == "Z" else float(fields[19])


def is_alive(pid: int, created: float) -> bool:
    """Whether the process that was created then still lives."""
    return created > 0 and birth(pid) == created


def clear_remains(folder: Path) -> int:
    """Kill the stages of a pipeline whose supervisor is gone, remove its files; return how many were killed.

    The caller holds the lock.
    """
    killed = 0
    book = read_book(folder)
    for entry in (*book.stages.values(), *book.spares.values()) if book else ():
        if is_alive(entry.pid, entry.created):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(entry.pid)
                process.kill()
                process.wait(5)
            killed += 1
    for stage in (*STAGES, "supervisor"):
        for path in (*folder.glob(f"{stage}.*.ipc"), *folder.glob(f"{stage}.*.work")):
            path.unlink(missing_ok=True)
    for path in folder.glob("feed.*.ipc"):
        pid = path.name.split(".")[1]
        if not pid.isdigit() or not psutil.pid_exists(int(pid)):
            path.unlink(missing_ok=True)
    (folder / BOOK).unlink(missing_ok=True)
    return killed
