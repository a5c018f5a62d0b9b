"""Start a pipeline: ``python -m voicectl.supervisor``; ``voicectl up`` does it."""

import os
import select
import signal
import sys
import threading
from pathlib import Path

import click
import msgspec
import structlog

from voicectl.actors.parser.journal import Journal
from voicectl.actors.parser.spool import OrphanSpool
from voicectl.config.logs import set_up_logging
from voicectl.config.paths import ensure_dir, ensure_runtime_dir, journal_path, log_dir, spool_dir
from voicectl.config.settings import Settings
from voicectl.protocol.errors import SupervisorError, VoicectlError
from voicectl.supervisor.book import clear_remains, read_book, take_lock
from voicectl.supervisor.progress import FAILED, ProgressPipe
from voicectl.supervisor.supervisor import Supervisor

SETTINGS = "settings.json"


def forget_unheard() -> None:
    """Start anew: what was not heard stays in the history as cancelled, spools of feeds that are gone are deleted."""
    journal = Journal(journal_path())
    journal.write(
        lambda db: db.execute(
            "UPDATE utterances SET state = 'cancelled', error = 'up --fresh' WHERE state IN ('queued', 'speaking')"
        )
    )
    journal.close()
    for path in spool_dir().glob("*.spool"):
        if orphan := OrphanSpool.take(path):
            with orphan:
                orphan.remove()


def _end_with_parent() -> None:
    """Ask for a stop, as Ctrl-C twice would, when standard input ends: the viewer that owns us is gone."""
    select.select([0], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)


@click.command()
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), required=True)
@click.option("--progress-fd", default=-1, help="A pipe that is told how the start goes.")
@click.option("--lifeline", is_flag=True, help="Stop when standard input ends.")
@click.option("--fresh", is_flag=True, help="Leave what was not heard.")
def main(settings_file: Path, progress_fd: int, lifeline: bool, fresh: bool) -> None:
    """Run a pipeline with the resolved settings in a JSON file."""
    report = ProgressPipe(progress_fd)
    try:
        status = _run(settings_file, report, lifeline, fresh)
    except VoicectlError as exc:
        report("", f"{FAILED}{exc}")
        status = 1
    sys.exit(status)


def _run(settings_file: Path, report: ProgressPipe, lifeline: bool, fresh: bool) -> int:
    runtime = ensure_runtime_dir()
    lock = take_lock(runtime)
    if lock is None:
        book = read_book(runtime)
        pid = f" (pid {book.pid})" if book else ""
        raise SupervisorError(f"a pipeline is already running{pid}; use it, or stop it with voicectl down")
    with lock:
        settings = msgspec.json.decode(settings_file.read_bytes(), type=Settings)
        settings_file = settings_file.replace(runtime / SETTINGS)
        logs = ensure_dir(log_dir())
        set_up_logging("supervisor", settings.log, logs, terminal=False)
        if killed := clear_remains(runtime):
            structlog.get_logger().warning("stages of a dead supervisor were killed", count=killed)
        if fresh:
            forget_unheard()
        supervisor = Supervisor(settings, settings_file, runtime, logs, report)
        if lifeline:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        return supervisor.run()


if __name__ == "__main__":
    main()
