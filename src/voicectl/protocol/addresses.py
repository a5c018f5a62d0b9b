"""The addresses of inboxes: socket files in the runtime folder, each incarnation's under a name of its own."""

from pathlib import Path
from typing import Literal

from voicectl.protocol.errors import SupervisorError

MAX_IPC_PATH_BYTES = 107
"""``sun_path`` less its final NUL (unix(7))."""

Channel = Literal["data", "control"]


def ipc_address(folder: Path, name: str, channel: Channel) -> str:
    """Return the address of ``name``'s inbox, e.g. ``ipc:///run/x/translator.7.data.ipc``.

    Raises:
        SupervisorError: the path is longer than a socket path may be.
    """
    path = folder / f"{name}.{channel}.ipc"
    if len(bytes(path)) > MAX_IPC_PATH_BYTES:
        raise SupervisorError(
            f"socket path {path} has more than {MAX_IPC_PATH_BYTES} bytes; set VOICECTL_RUNTIME_DIR to a shorter folder"
        )
    return f"ipc://{path}"


def remove_address(address: str) -> None:
    """Remove the socket file behind an ipc address, if it is there."""
    if address.startswith("ipc://"):
        Path(address.removeprefix("ipc://")).unlink(missing_ok=True)
