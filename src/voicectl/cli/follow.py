"""Follows a file that somebody appends lines to: a session's transcript."""

import os
import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

LOOK_EVERY_S = 0.1
_READ_BYTES = 1 << 20
_MARK_BYTES = 64


class Tail:
    """Gives out the lines that are appended to a file, each once.

    The client rewrites a transcript when it takes a message back. Then the file is read again from its beginning,
    and the lines that were given out, or lay there before, are passed over. The file need not exist, now or later.
    """

    def __init__(self, path: Path, from_start: bool = False) -> None:
        """Begin at the last line's end (``from_start``: at the first line)."""
        self._path = path
        self._known: set[int] = set()
        self._inode = -1
        self._offset = 0
        self._mark = b""  # the last bytes before the offset: where they differ, the file was rewritten
        self._is_again = False
        if not from_start:
            self.read()

    def read(self) -> bytes:
        """Return the whole lines that are new."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except OSError:
            return b""
        try:
            self._notice_rewriting(descriptor)
            data = self._whole_lines(descriptor)
        except OSError:
            return b""
        finally:
            os.close(descriptor)
        again, self._is_again = self._is_again, False
        fresh = []
        for line in data.splitlines(keepends=True):
            key = hash(line)
            if not (again and key in self._known):
                fresh.append(line)
            self._known.add(key)
        return b"".join(fresh)

    def _notice_rewriting(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        start = self._offset - len(self._mark)
        same = status.st_ino == self._inode and os.pread(descriptor, len(self._mark), start) == self._mark
        if self._inode >= 0 and not same:
            self._offset, self._mark, self._is_again = 0, b"", True
        self._inode = status.st_ino

    def _whole_lines(self, descriptor: int) -> bytes:
        data = bytearray()
        while piece := os.pread(descriptor, _READ_BYTES, self._offset + len(data)):
            data += piece
        lines = bytes(data[: data.rfind(b"\n") + 1])
        self._offset += len(lines)
        self._mark = (self._mark + lines)[-_MARK_BYTES:]
        return lines


class Follower:
    """Writes what is appended to a file into a pipe, until SIGINT or SIGTERM; a second signal has its usual effect.

    ``source`` is the pipe's end to read from. It must be made in the main thread.
    """

    def __init__(self, path: Path, from_start: bool) -> None:
        self.source, self._sink = os.pipe()
        self._tail = Tail(path, from_start)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def __enter__(self) -> Self:
        self._usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in self._usual:
            signal.signal(number, self._stop)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        self._stopping.set()
        os.close(self.source)  # first: it ends a write that waits for a reader
        self._thread.join()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._restore()
        self._stopping.set()

    def _restore(self) -> None:
        for number, usual in self._usual.items():
            signal.signal(number, usual)

    def _run(self) -> None:
        try:
            while True:
                stopping = self._stopping.is_set()  # what was written before the signal is spoken
                view = memoryview(self._tail.read())
                while view:
                    view = view[os.write(self._sink, view) :]
                if stopping:
                    return
                self._stopping.wait(LOOK_EVERY_S)
        except OSError:
            return  # nobody reads any more
        finally:
            os.close(self._sink)
