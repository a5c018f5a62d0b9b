"""The play number that a stage works on, in a memory-mapped file that outlives the stage.

Only the sentence that was begun and not ended is suspect when a stage dies; the supervisor reads the
mark after it has reaped the process.
"""

import mmap
import struct
from pathlib import Path
from typing import NamedTuple

_MARK = struct.Struct("<qq")


class Work(NamedTuple):
    """``sentences`` play numbers are in work, from ``play`` on; 0: none."""

    play: int = 0
    sentences: int = 1


def work_path(folder: Path, name: str) -> Path:
    """Return the file of the incarnation ``name`` (``translator.7``)."""
    return folder / f"{name}.work"


class WorkMark:
    """The writer's side. The reader comes when the writer is dead: it never sees half of a store."""

    def __init__(self, path: Path, memory: mmap.mmap) -> None:
        self._path = path
        self._memory = memory

    @classmethod
    def create(cls, path: Path) -> "WorkMark":
        """Create the file with no work in hand."""
        path.write_bytes(_MARK.pack(0, 0))
        with path.open("r+b") as file:
            return cls(path, mmap.mmap(file.fileno(), _MARK.size))

    def write(self, play: int, count: int = 1) -> None:
        """Note that work on ``count`` sentences from ``play`` on begins (0: that it has ended)."""
        _MARK.pack_into(self._memory, 0, play, count)

    def close(self) -> None:
        """Remove the file."""
        self._memory.close()
        self._path.unlink(missing_ok=True)


def take_mark(path: Path) -> Work:
    """Return what a dead stage worked on and remove the file."""
    try:
        data = path.read_bytes()
        path.unlink(missing_ok=True)
    except OSError:
        return Work()
    return Work(*_MARK.unpack(data)) if len(data) == _MARK.size else Work()
