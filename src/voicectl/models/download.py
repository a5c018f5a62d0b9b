"""Downloads one file so that a cut connection, a killed process or a flipped byte costs no more than it must."""

import errno
import fcntl
import hashlib
import http.client
import os
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from voicectl.models import hub
from voicectl.models.hub import RemoteFile
from voicectl.protocol.errors import BackendUnavailable

Report = Callable[[str, int, int], None]
"""Called with the name of a file, how many bytes of it are here, and how many it has."""

_BLOCK = 1 << 20
_PATIENCE = 5
"""How often in a row a connection may bring nothing before the download is given up."""
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})


class Damaged(Exception):
    """The content of a file is not what its hash says."""


def download(file: RemoteFile, blob: Path, report: Report, pause_s: float = 1.0) -> str:
    """Bring a file to ``blob``, unless it is there already, and return its SHA-256 in hex.

    What has come is kept beside it as ``.incomplete`` (the hub's own tool has the same name for it), and the next call
    goes on from there. The file gets its name only when its size and its hash are right; one that is there and damaged
    is fetched again. After a cut it waits ``pause_s`` seconds.

    Raises:
        BackendUnavailable: the hub cannot be reached, keeps cutting the connection or sends something else; the disk
            is full; another process is at this file.
    """
    if blob.is_file():
        try:
            return check(blob, file)
        except Damaged:
            blob.unlink()
    part = blob.with_name(f"{blob.name}.incomplete")
    with part.open("ab") as out:
        _lock(out, file)
        try:
            return _complete(file, part, out, blob, report, pause_s)
        except OSError as exc:
            if exc.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise BackendUnavailable(
                f"the disk is full after {part.stat().st_size} of {file.bytes} bytes of {file.name}; make room in "
                f"{part.parent} and pull again: it goes on from there"
            ) from exc


def check(path: Path, file: RemoteFile) -> str:
    """Return the SHA-256 of a file in hex, after comparing size and content with what the hub says.

    Raises:
        Damaged: they differ.
    """
    size = path.stat().st_size
    if size != file.bytes:
        raise Damaged(f"{size} bytes instead of {file.bytes}")
    sha256 = hashlib.sha256()
    # The name that git gives a content: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    git = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            sha256.update(block)
            git.update(block)
    wanted = {64: sha256.hexdigest(), 40: git.hexdigest()}.get(len(file.etag), file.etag)
    if wanted != file.etag:
        raise Damaged(f"its hash is {wanted} instead of {file.etag}")
    return sha256.hexdigest()


def _lock(out: IO[bytes], file: RemoteFile) -> None:
    """Keep other processes from this file until ``out`` is closed, in whatever way."""
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise BackendUnavailable(f"another process is downloading {file.name}; wait until it has ended") from exc


def _complete(file: RemoteFile, part: Path, out: IO[bytes], blob: Path, report: Report, pause_s: float) -> str:
    """Fetch until the content is right; what was wrong is fetched once more from its first byte."""
    for is_last in (False, True):
        _fetch(file, out, report, pause_s)
        try:
            sha256 = check(part, file)
        except Damaged as exc:
            out.truncate(0)
            if is_last:
                raise BackendUnavailable(f"{file.name} came damaged twice ({exc}); pull it again later") from exc
            continue
        part.replace(blob)
        break
    return sha256


def _fetch(file: RemoteFile, out: IO[bytes], report: Report, pause_s: float) -> None:
    """Append to ``out`` until it has as many bytes as the file, over as many connections as that takes."""
    failures = 0
    if _size(out) > file.bytes:
        out.truncate(0)
    while (begin := _size(out)) < file.bytes:
        problem: Exception = ConnectionError("the connection was cut")
        try:
            _append(file, out, begin, report)
        except urllib.error.HTTPError as exc:
            if exc.code not in _TEMPORARY:
                raise hub.refused(exc, file.name) from exc
            problem = exc
        except (OSError, http.client.HTTPException) as exc:
            if getattr(exc, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
                raise
            problem = exc
        if (now := _size(out)) >= file.bytes:
            return
        failures = failures + 1 if now <= begin else 0
        if failures == _PATIENCE:
            _give_up(file, now, problem)
        time.sleep(pause_s)


def _append(file: RemoteFile, out: IO[bytes], begin: int, report: Report) -> None:
    """Write what one connection brings, from byte ``begin`` on."""
    with hub.stream(file.url, begin) as answer:
        if begin and not _continues(answer, begin):
            out.truncate(0)
            begin = 0
        while block := answer.read1(min(_BLOCK, file.bytes - begin)):
            out.write(block)
            out.flush()
            begin += len(block)
            report(file.name, begin, file.bytes)


def _continues(answer: Any, begin: int) -> bool:
    """Say whether an answer is the rest of the file from ``begin`` on."""
    span = str(answer.headers.get("Content-Range", ""))
    return answer.status == http.client.PARTIAL_CONTENT and span.startswith(f"bytes {begin}-")


def _size(out: IO[bytes]) -> int:
    return os.fstat(out.fileno()).st_size


def _give_up(file: RemoteFile, here: int, problem: Exception) -> None:
    if here:
        raise BackendUnavailable(
            f"{file.name} stopped after {here} of {file.bytes} bytes ({problem}); pull again: it goes on from there"
        ) from problem
    if isinstance(problem, urllib.error.HTTPError):
        raise hub.refused(problem, file.name) from problem
    raise hub.unreachable(problem) from problem
