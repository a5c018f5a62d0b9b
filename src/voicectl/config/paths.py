"""The folders of one voicectl instance: runtime (sockets), state (journal, logs, spool) and the user's file.

Asking for a path creates nothing; ``ensure_runtime_dir`` and ``ensure_dir`` do, when a folder is first needed. Every
function takes the environment as an optional mapping, so that a test can have one of its own.
"""

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from voicectl.protocol.addresses import MAX_IPC_PATH_BYTES
from voicectl.protocol.errors import ConfigError, SupervisorError

LONGEST_SOCKET_NAME = "synthesizer.999999.control.ipc"
"""The longest name of a socket in the runtime folder: stage, incarnation, inbox."""


def runtime_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of sockets: ``$VOICECTL_RUNTIME_DIR``, ``$XDG_RUNTIME_DIR/voicectl``, or one of the user's own.

    The last is ``voicectl-UID`` in the system's folder for temporary files.
    """
    environ = os.environ if environ is None else environ
    if own := environ.get("VOICECTL_RUNTIME_DIR"):
        return Path(own).absolute()
    if session := _absolute_only(environ.get("XDG_RUNTIME_DIR")):
        return session / "voicectl"
    return Path(environ.get("TMPDIR") or tempfile.gettempdir()).absolute() / f"voicectl-{os.getuid()}"


def state_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of what outlives a run: ``$VOICECTL_STATE_DIR``, or the platform's place for a user's state."""
    environ = os.environ if environ is None else environ
    if own := environ.get("VOICECTL_STATE_DIR"):
        return Path(own).absolute()
    if home := _absolute_only(environ.get("XDG_STATE_HOME")):
        return home / "voicectl"
    return platformdirs.user_state_path("voicectl", appauthor=False)


def log_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the log files."""
    return state_dir(environ) / "log"


def spool_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder where ``feed`` keeps what no pipeline has taken yet."""
    return state_dir(environ) / "spool"


def journal_path(environ: Mapping[str, str] | None = None) -> Path:
    """Return the path of the journal's database."""
    return state_dir(environ) / "journal.sqlite3"


def voices_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of voices in files: ``$XDG_DATA_HOME/voicectl/voices``, or the platform's place for data."""
    environ = os.environ if environ is None else environ
    if home := _absolute_only(environ.get("XDG_DATA_HOME")):
        return home / "voicectl" / "voices"
    return platformdirs.user_data_path("voicectl", appauthor=False) / "voices"


def user_config_path(environ: Mapping[str, str] | None = None) -> Path:
    """Return the path of the user's file: ``$XDG_CONFIG_HOME/voicectl/config.toml``, else below ``~/.config``."""
    environ = os.environ if environ is None else environ
    if home := _absolute_only(environ.get("XDG_CONFIG_HOME")):
        return home / "voicectl" / "config.toml"
    return Path(environ.get("HOME") or "~").expanduser() / ".config" / "voicectl" / "config.toml"


def _absolute_only(value: str | None) -> Path | None:
    """Return the path of an XDG variable; the XDG specification has relative ones ignored."""
    path = Path(value or "")
    return path if path.is_absolute() else None


def ensure_runtime_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Create the runtime folder with mode 0700, if need be, and return it.

    A folder that was there before is closed to others only while it is empty: whoever names ``/tmp`` or their home
    gets an error, not a changed machine.

    Raises:
        ConfigError: the path is too long for the sockets in it.
        SupervisorError: it cannot be created, belongs to another user or is open to others.
    """
    path = runtime_dir(environ)
    check_socket_room(path)
    elsewhere = "set VOICECTL_RUNTIME_DIR to a folder of your own"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In a folder that everybody may write to, a link of somebody else's can be turned elsewhere at any time.
        if {path.lstat().st_uid, path.stat().st_uid} != {os.getuid()}:
            raise SupervisorError(f"{path} belongs to another user; {elsewhere}")
        if stat.S_IMODE(path.stat().st_mode) != 0o700:
            if any(path.iterdir()):
                raise SupervisorError(f"{path} is open to other users; run 'chmod 700 {path}' or {elsewhere}")
            path.chmod(0o700)
    except OSError as exc:
        raise SupervisorError(f"cannot use {path} ({exc.strerror}); {elsewhere}") from exc
    return path


def check_socket_room(path: Path) -> None:
    """Check that the longest socket name fits behind the path of a runtime folder.

    Raises:
        ConfigError: it does not; the text says how many bytes too many there are.
    """
    excess = len(os.fsencode(path / LONGEST_SOCKET_NAME)) - MAX_IPC_PATH_BYTES
    if excess > 0:
        raise ConfigError(
            f"{path} is {excess} bytes too long for socket paths; set VOICECTL_RUNTIME_DIR to a shorter one"
        )


def ensure_dir(path: Path) -> Path:
    """Create a folder of the state (journal, logs, spool) for this user only, if need be, and return it.

    Raises:
        SupervisorError: it cannot be created.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise SupervisorError(f"cannot create {path} ({exc.strerror}); set VOICECTL_STATE_DIR to a folder") from exc
    return path
