"""Spools: what a feed read and the journal does not have yet, on disk.

A spool belongs to one feed, which holds a lock on it while it lives. It begins with a header of
fixed size, so that the header can be rewritten in place; the bytes of the feed's input follow, from
offset ``base`` on. The parser adopts the spools of feeds that are gone.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

import msgspec

HEADER_BYTES = 512
SHRINK_BYTES = 1 << 20
"""A spool whose bytes are all acknowledged is emptied when it has grown beyond this."""


class SpoolHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Whose bytes these are, and the offset of the first one.

    ``ends``: the feed's input ends with them. ``announce``: they are spoken before what is queued.
    """

    feed: str
    session: str = ""
    format: str = "auto"
    base: int = 0
    ends: bool = True
    announce: bool = False


class Spool:
    """The writer's side: everything a feed reads is appended here before it is sent.

    A disk that is full is said once; the bytes are then kept in memory.
    """

    def __init__(
        self, folder: Path, header: SpoolHeader, tell: Callable[[str], None] | None = None, name: str = ""
    ) -> None:
        """Create the file; ``tell`` is given one line for the user when the disk fails.

        It has the feed's ``name``, unless it gets one of its own: spools of one feed are read in the order of theirs.
        """
        self._tell = tell or _log
        self.header = header
        self.path = folder / f"{name or header.feed}.spool"
        self.end = header.base
        self._base = header.base
        self._memory = bytearray()
        self._memory_base = -1
        self._file: IO[bytes] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Locked and headed before it gets its name, so that no parser takes it for an orphan.
            new = self.path.with_suffix(".new")
            self._file = new.open("w+b", buffering=0)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write_header()
            new.rename(self.path)
        except OSError as exc:
            self._leave_disk(exc)
            if self._file:
                new.unlink(missing_ok=True)
                self._file.close()
                self._file = None

    def append(self, data: bytes) -> None:
        """Keep ``data``, the next bytes of the input."""
        if self._memory_base < 0:
            try:
                self._write_all(data)
            except OSError as exc:
                self._leave_disk(exc)
        if self._memory_base >= 0:
            self._memory += data
        self.end += len(data)

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` of the input."""
        if self._memory_base >= 0 and offset >= self._memory_base:
            start = offset - self._memory_base
            return bytes(self._memory[start : start + size])
        limit = (self._memory_base if self._memory_base >= 0 else self.end) - offset
        descriptor = self._file.fileno() if self._file else -1
        return os.pread(descriptor, min(size, limit), HEADER_BYTES + offset - self._base)

    def acknowledged(self, offset: int) -> None:
        """Everything before ``offset`` is in the journal; free its space when that is worth it."""
        if self._memory_base >= 0:
            done = max(0, offset - self._memory_base)
            del self._memory[:done]
            self._memory_base += done
        elif offset == self.end and self._file and self.end - self._base > SHRINK_BYTES:
            # First the bytes, then the header: a death in between leaves no byte under a wrong offset.
            try:
                self._file.truncate(HEADER_BYTES)
                self._base = offset
                self._write_header()
                self._file.seek(0, os.SEEK_END)
            except OSError as exc:
                self._leave_disk(exc)

    def close(self, keep: bool) -> None:
        """Let go of the spool; the next parser adopts it when it is kept."""
        if self._file is None:
            return
        if not keep:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._file.close()
        self._file = None

    def _write_header(self) -> None:
        header = msgspec.structs.replace(self.header, base=self._base)
        data = msgspec.json.encode(header)
        if self._file is None or len(data) >= HEADER_BYTES:
            raise OSError(f"spool header of {len(data)} bytes; session names have at most 200 characters")
        self._file.seek(0)
        self._write_all(data.ljust(HEADER_BYTES - 1) + b"\n")

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view and self._file is not None:
            view = view[self._file.write(view) :]

    def _leave_disk(self, exc: OSError) -> None:
        self._tell(f"the spool {self.path} cannot be written ({exc.strerror or exc}); the text is kept in memory")
        self._memory_base = self.end


class OrphanSpool:
    """The parser's side: a spool whose feed is gone; its last byte was written at ``written_at`` (wall clock)."""

    def __init__(self, path: Path, file: IO[bytes], header: SpoolHeader) -> None:
        self.path = path
        self.header = header
        self.written_at = os.fstat(file.fileno()).st_mtime
        self._file = file

    @classmethod
    def take(cls, path: Path) -> "OrphanSpool | None":
        """Open and lock ``path``, or return None when its feed lives or it cannot be read."""
        try:
            file = path.open("rb")
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            header = msgspec.json.decode(file.read(HEADER_BYTES), type=SpoolHeader)
        except (OSError, msgspec.MsgspecError) as exc:
            file.close()
            if isinstance(exc, msgspec.MsgspecError):
                _log("a spool without a header was removed", file=str(path))
                path.unlink(missing_ok=True)
            return None
        return cls(path, file, header)

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` of the input."""
        start = HEADER_BYTES + max(0, offset - self.header.base)
        return os.pread(self._file.fileno(), size, start)

    def remove(self) -> None:
        """Delete the file: its bytes are in the journal."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _log(event: str, **fields: str) -> None:
    """Log a warning. The import takes longer than everything that a hook has to do with a spool."""
    import structlog

    structlog.get_logger().warning(event, **fields)
