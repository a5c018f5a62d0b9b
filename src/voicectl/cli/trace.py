"""``voicectl trace``: the last minutes as a file that ui.perfetto.dev shows."""

import sys
from pathlib import Path

import click
import msgspec

from voicectl.cli.client import ask
from voicectl.cli.perfetto import trace_events
from voicectl.protocol.errors import UsageError, VoicectlError
from voicectl.supervisor.traces import TraceRecord


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to this file.")
def trace(out: Path | None) -> None:
    """Write the last minutes as a trace (JSON), to be opened in ui.perfetto.dev."""
    if out is None and sys.stdout.isatty():
        raise UsageError("a trace is long; name a file: voicectl trace --out voicectl.trace.json")
    data = msgspec.json.encode(trace_events(fetch()))
    if out is None:
        click.echo(data)
        return
    try:
        out.write_bytes(data)
    except OSError as exc:
        raise VoicectlError(f"{out} cannot be written: {exc.strerror}; choose another file") from exc
    click.echo(f"{out}: open it in https://ui.perfetto.dev", err=True)


def fetch() -> TraceRecord:
    """Ask the running pipeline for its record.

    Raises:
        SupervisorError: no pipeline runs, or it does not answer.
    """
    return msgspec.convert(ask("trace"), TraceRecord)
