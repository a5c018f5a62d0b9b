"""``voicectl history``: what was said, read from the journal; it needs no running pipeline."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from voicectl.config.paths import journal_path
from voicectl.protocol.errors import VoicectlError

COLUMNS = "session, seq, source, translation, state, backend, ttfa_ms, spoken_at, voice, error"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
@click.option("--session", metavar="NAME", help="Only this session.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the last N sentences.")
def history(as_json: bool, session: str | None, limit: int | None) -> None:
    """Print what was said, oldest first."""
    for row in _rows(session, limit):
        if as_json:
            click.echo(msgspec.json.encode(row))
        else:
            why = f"; {row['error']}" if row["error"] else ""
            mark = "" if row["state"] == "spoken" else f"  [{row['state']}{why}]"
            click.echo(f"{row['seq']:>4}  {row['source']}{mark}")
            if row["translation"] and row["translation"] != row["source"]:
                click.echo(f"      {row['translation']}")


def _rows(session: str | None, limit: int | None) -> Iterator[dict[str, Any]]:
    path = journal_path()
    if not path.exists():
        return
    where = "WHERE session = :session" if session else ""
    query = f"SELECT {COLUMNS} FROM (SELECT * FROM utterances {where} ORDER BY id DESC LIMIT :limit) ORDER BY id"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            for row in connection.execute(query, {"session": session, "limit": limit or -1}):
                yield {**dict(row), "ttfa_ms": _rounded(row["ttfa_ms"]), "spoken_at": _time(row["spoken_at"])}
    except sqlite3.Error as exc:
        raise VoicectlError(f"the journal {path} cannot be read ({exc}); see voicectl doctor") from exc


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)


def _time(stamp: float | None) -> str | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC).isoformat(timespec="milliseconds")
