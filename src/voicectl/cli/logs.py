"""``voicectl logs``: the log files of all processes as one, in the order of time."""

import contextlib
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click

from voicectl.config.logs import human_line, without_controls
from voicectl.config.paths import log_dir
from voicectl.protocol.errors import UsageError
from voicectl.protocol.supervising import STAGES

POLL_S = 0.2
"""Seconds between two looks at the files under ``--follow``."""

COLOURS = {"error": "red", "critical": "red", "warning": "yellow"}


class Line(NamedTuple):
    """One line of a log: when it was written (RFC 3339), by whom, its text and, unless it is broken, its event."""

    timestamp: str
    stage: str
    text: str
    event: dict[str, Any] | None


class Tail:
    """Reads what is appended to one log file, over its rotations."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._rest = b""

    def read(self) -> list[str]:
        """Return the lines that have been completed since the last call."""
        lines = self._read_open()
        if self._was_replaced():
            self.close()
            with contextlib.suppress(FileNotFoundError):  # between two files, while they rotate
                self._file = self.path.open("rb")
            lines += self._read_open()
        return lines

    def unfinished(self) -> list[str]:
        """Return the last line if it has no end yet."""
        return [self._rest.decode("utf-8", "replace")] if self._rest else []

    def _read_open(self) -> list[str]:
        """Return the new whole lines of the file that is open."""
        if self._file is None:
            return []
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    def _was_replaced(self) -> bool:
        """Return whether another file (or none) has the name by now."""
        if self._file is None:
            return True
        try:
            info = self.path.stat()
        except OSError:
            return True
        return not (info.st_ino == os.fstat(self._file.fileno()).st_ino and info.st_size >= self._file.tell())

    def close(self) -> None:
        """Close the file; half a line that its writer left is dropped with it."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""


@click.command()
@click.argument("stage", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on printing what is logged, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON Lines.")
@click.option(
    "--lines", "-n", "count", default=50, show_default=True, type=click.IntRange(min=0), help="The last N lines."
)
def logs(stage: str | None, follow: bool, as_json: bool, count: int) -> None:
    """Print the last log lines of STAGE, or of all stages in the order of time."""
    folder = log_dir()
    tails = {path.stem: Tail(path) for path in _files(folder, stage)}
    if stage and not tails and stage not in (*STAGES, "supervisor"):
        known = ", ".join(sorted(path.stem for path in _files(folder, None))) or "none yet"
        raise UsageError(f"no log of {stage!r} in {folder}; there are: {known}")
    if not tails:
        click.echo(f"no logs yet in {folder}; 'voicectl up' writes them", err=True)
    try:
        for line in last_lines(tails, count, unfinished=not follow):
            _print(line, as_json)
        if follow:
            for line in followed(folder, stage, tails, lambda: time.sleep(POLL_S)):
                _print(line, as_json)
    except KeyboardInterrupt:
        return
    finally:
        for tail in tails.values():
            tail.close()


def _files(folder: Path, stage: str | None) -> list[Path]:
    """Return the current log files, of one stage or of all."""
    return [path for path in sorted(folder.glob("*.jsonl")) if stage in (None, path.stem)]


def last_lines(tails: dict[str, Tail], count: int, unfinished: bool) -> list[Line]:
    """Return the last ``count`` lines of all files together, in the order of time; rotated files count as well.

    ``unfinished`` takes in a last line without an end, which a writer left that was killed.
    """
    lines: list[Line] = []
    for stage, tail in tails.items():
        newest = deque([*tail.read(), *(tail.unfinished() if unfinished else [])], maxlen=count)
        for older in _rotated(tail.path):
            if len(newest) >= count:
                break
            # Not splitlines(): JSON leaves other line separators inside its strings as they are.
            text = older.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
            newest = deque([*text.split("\n"), *newest], maxlen=count)
        lines += _lines(stage, newest)
    return sorted(lines, key=lambda line: line.timestamp)[-count:] if count else []


def _rotated(path: Path) -> Iterator[Path]:
    """Yield the older files of a log (``x.jsonl.1``, ``.2`` …), the newest first."""
    number = 1
    while (older := path.with_name(f"{path.name}.{number}")).is_file():
        yield older
        number += 1


def followed(folder: Path, stage: str | None, tails: dict[str, Tail], wait: Callable[[], None]) -> Iterator[Line]:
    """Yield new lines for ever, those of files that appear later too; ``wait`` is called between two looks."""
    while True:
        wait()
        for path in _files(folder, stage):
            tails.setdefault(path.stem, Tail(path))
        new = [line for name, tail in tails.items() for line in _lines(name, tail.read())]
        yield from sorted(new, key=lambda line: line.timestamp)


def _lines(stage: str, texts: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of one file; a broken one has the time of the line before it, to keep its place."""
    timestamp = ""
    for text in texts:
        event = _event(text)
        if event is not None:
            timestamp = str(event.get("timestamp", timestamp))
        if text.strip():
            yield Line(timestamp, stage, text, event)


def _event(text: str) -> dict[str, Any] | None:
    """Return the event of a line, or None for one that is broken."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _print(line: Line, as_json: bool) -> None:
    """Print one line; a broken one as it is, or as ``{"stage", "raw"}``."""
    if as_json:
        click.echo(line.text if line.event is not None else json.dumps({"stage": line.stage, "raw": line.text}))
    elif line.event is None:
        click.echo(without_controls(line.text))
    else:
        click.secho(human_line(line.event), fg=COLOURS.get(str(line.event.get("level"))))
