"""The doctor's look at the machine: Python, packages, folders, disk, sockets, journal."""

import contextlib
import os
import platform
import re
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path

from voicectl.cli.check import Check
from voicectl.config import paths

DISK_FAIL_MB = 20
DISK_WARN_MB = 500
"""Free megabytes below which the journal cannot grow, or a model will not fit."""

_MODULES = {
    "hdrhistogram": "hdrh",
    "markdown-it-py": "markdown_it",
    "pyopenjtalk-plus": "pyopenjtalk",
    "pyzmq": "zmq",
}
"""Packages whose module has another name than they."""


def python() -> Iterator[Check]:
    """Say which Python this is; an older one than voicectl needs could not have read this file."""
    yield Check("python", "ok", f"{platform.python_version()} ({sys.executable})")


def packages() -> Iterator[Check]:
    """Check that each package of the core install is there; nothing is imported."""
    for requirement in metadata.requires("voicectl") or []:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement)[0]
        version = next((each.version for each in metadata.distributions(name=name)), "")
        if version and util.find_spec(_MODULES.get(name, name)):
            yield Check(f"package {name}", "ok", version)
        else:
            yield Check(f"package {name}", "fail", "not installed", f"pip install '{requirement}'")


def runtime_folder() -> Iterator[Check]:
    """Check that a socket can be made in the runtime folder."""
    path = paths.ensure_runtime_dir()
    probe = path / f"doctor.{os.getpid()}.ipc"
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.fspath(probe))
    except OSError as exc:
        advice = "set VOICECTL_RUNTIME_DIR to a folder on a local disk"
        yield Check("runtime folder", "fail", f"{path}: no socket can be made ({exc.strerror})", advice)
    else:
        yield Check("runtime folder", "ok", str(path))
    finally:
        probe.unlink(missing_ok=True)


def leftover_sockets() -> Iterator[Check]:
    """Check for sockets that nobody listens on any more."""
    dead = [path.name for path in sorted(paths.runtime_dir().glob("*.ipc")) if not _is_listening(path)]
    if dead:
        advice = "nothing; the next 'voicectl up' removes them"
        yield Check("leftover sockets", "warn", f"{len(dead)}: {', '.join(dead[:4])}", advice)
    else:
        yield Check("leftover sockets", "ok", "none")


def _is_listening(path: Path) -> bool:
    """Return whether a process has a socket file open; one that cannot answer now counts as open."""
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


def state_folder() -> Iterator[Check]:
    """Check that files can be written to the state folder, and that there is room for them."""
    path = paths.ensure_dir(paths.state_dir())
    try:
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"voicectl")
            probe.flush()
    except OSError as exc:
        advice = "make room, or set VOICECTL_STATE_DIR to a folder of your own"
        yield Check("state folder", "fail", f"{path}: cannot be written ({exc.strerror})", advice)
    else:
        yield Check("state folder", "ok", str(path))
    yield disk(shutil.disk_usage(path).free // 1_000_000)


def disk(free_mb: int) -> Check:
    """Return the check of so many free megabytes."""
    free = f"{free_mb / 1000:.1f} GB free"
    if free_mb < DISK_FAIL_MB:
        return Check("disk", "fail", f"{free_mb} MB free", "make room: the journal cannot be written")
    if free_mb < DISK_WARN_MB:
        return Check("disk", "warn", free, "make room before you pull a model")
    return Check("disk", "ok", free)


def journal() -> Iterator[Check]:
    """Check that the journal can be read and is sound."""
    path = paths.journal_path()
    if not path.exists():
        yield Check("journal", "ok", "none yet")
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            verdict = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as exc:
        verdict = str(exc)
    if verdict == "ok":
        yield Check("journal", "ok", f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    else:
        yield Check("journal", "fail", f"{path}: {verdict}", "run 'voicectl down', then move the file away")
