"""Brings voices of Piper from the hub, where all of them are files of one model, in folders by language and speaker."""

from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from voicectl.models import hub
from voicectl.models.download import Report, download
from voicectl.models.hub import RemoteFile
from voicectl.protocol.errors import BackendUnavailable

REPOSITORY = "rhasspy/piper-voices"
PREFIX = f"{REPOSITORY}/"


def look_up(voice: str) -> tuple[RemoteFile, ...]:
    """Ask the hub for the files of a voice, such as ``en_US-lessac-medium``; downloads nothing.

    Raises:
        BackendUnavailable: the hub cannot be reached, or has no such voice.
    """
    there = hub.listing(REPOSITORY, "main")
    known = {PurePosixPath(name).stem: name for name in there.names if name.endswith(".onnx")}
    if voice not in known:
        language = [name for name in sorted(known) if name.startswith(voice.partition("-")[0])]
        near = get_close_matches(voice, known, n=3) or language or sorted(known)
        raise BackendUnavailable(f"{REPOSITORY} has no voice {voice!r}, but {', '.join(near)}")
    # The configuration comes last: without it a voice is not taken for whole.
    return tuple(hub.describe(REPOSITORY, there.commit, name) for name in (known[voice], f"{known[voice]}.json"))


def pull(files: tuple[RemoteFile, ...], folder: Path, report: Report, pause_s: float = 1.0) -> None:
    """Download what ``look_up`` returned into a folder; files that are there and right are kept.

    Args:
        files: Of one voice.
        folder: The folder of voices.
        report: Told how far each file is.
        pause_s: Seconds to wait after a connection was cut.

    Raises:
        BackendUnavailable: a file cannot be had; what has come is kept, and the next pull goes on from there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            download(file, folder / PurePosixPath(file.name).name, report, pause_s)
            report(file.name, file.bytes, file.bytes)
    except OSError as exc:
        raise BackendUnavailable(
            f"cannot write to {folder} ({exc.strerror}); set synthesizer.voices to a folder of yours"
        ) from exc
