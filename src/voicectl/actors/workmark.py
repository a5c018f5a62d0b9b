"""The play number that a stage works on, in a memory-mapped file that outlives the stage.

Only the sentence that was begun and not ended is suspect when a stage dies; the supervisor reads the
mark after it has reaped the process.
"""

import mmap
import struct
from pathlib import Path

_NUMBER = struct.Struct("<q")


def work_path(folder: Path, name: str) -> Path:
    """Return the file of the incarnation ``name`` (``translator.7``)."""
    return folder / f"{name}.work"


class WorkMark:
    """The writer's side. An aligned store of eight bytes: a reader never sees half of it."""

    def __init__(self, path: Path, memory: mmap.mmap) -> None:
        self._path = path
        self._memory = memory

    @classmethod
    def create(cls, path: Path) -> "WorkMark":
        """Create the file with no work in hand."""
        path.write_bytes(_NUMBER.pack(0))
        with path.open("r+b") as file:
            return cls(path, mmap.mmap(file.fileno(), _NUMBER.size))

    def write(self, play: int) -> None:
        """Note that work on ``play`` begins (0: that it has ended)."""
        _NUMBER.pack_into(self._memory, 0, play)

    def close(self) -> None:
        """Remove the file."""
        self._memory.close()
        self._path.unlink(missing_ok=True)


def take_mark(path: Path) -> int:
    """Return the play number that a dead stage worked on (0: none) and remove the file."""
    try:
        data = path.read_bytes()
        path.unlink(missing_ok=True)
    except OSError:
        return 0
    return int(_NUMBER.unpack(data)[0]) if len(data) == _NUMBER.size else 0
