"""The journal: every sentence and every feed's parser state, in one SQLite file.

One transaction stores new sentences together with the state of the parser that made them and how far
the feed's input is accounted for. WAL with ``synchronous=NORMAL``: the promise covers the death of any
process, not a power cut.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from voicectl.protocol.message import Pause, Span
from voicectl.protocol.speaking import Deaths

SCHEMA_VERSION = 2
CACHE_KIB = 512
"""SQLite's own 2 MB would fill over the first 10,000 sentences; a row is rarely read again."""
LOG_PAGES = 10_000
"""The longest log of 4 KiB pages, some hundreds of sentences."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS feeds (
    feed TEXT PRIMARY KEY, session TEXT NOT NULL, format TEXT NOT NULL, received INTEGER NOT NULL,
    state BLOB NOT NULL, ended INTEGER NOT NULL, muted INTEGER NOT NULL, touched REAL NOT NULL);
CREATE TABLE IF NOT EXISTS utterances (
    id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL,
    play INTEGER, epoch INTEGER NOT NULL DEFAULT 0, arrived INTEGER NOT NULL, written INTEGER NOT NULL,
    source TEXT NOT NULL, spans BLOB NOT NULL, pause TEXT NOT NULL,
    state TEXT NOT NULL, translation TEXT NOT NULL DEFAULT '', backend TEXT NOT NULL DEFAULT '',
    voice TEXT NOT NULL DEFAULT '', ttfa_ms REAL, deaths BLOB NOT NULL DEFAULT x'80', error TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL, spoken_at REAL);
CREATE INDEX IF NOT EXISTS unsettled ON utterances (id) WHERE state IN ('queued', 'speaking');
CREATE INDEX IF NOT EXISTS by_session ON utterances (session, seq);
CREATE INDEX IF NOT EXISTS by_age ON utterances (created_at);
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
SKIPPED = "skipped: "
"""The error of a sentence that was left out to catch up begins so."""
UNSETTLED = "state IN ('queued', 'speaking')"

Statement = tuple[str, tuple[object, ...]]
_T = TypeVar("_T")
_deaths_decoder = msgspec.msgpack.Decoder(Deaths)
_spans_decoder = msgspec.msgpack.Decoder(tuple[Span, ...])


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal knows of a feed; ``received`` bytes of its input are accounted for by ``state``."""

    feed: str
    session: str
    format: str
    received: int = 0
    state: bytes = b""
    ended: bool = False
    muted: bool = False


class Entry(msgspec.Struct, kw_only=True):
    """One sentence on its way; ``play`` is 0 until it is released.

    An ``urgent`` one goes before everything else, the listener asked for a ``wanted`` one. The stamps ``arrived``,
    ``written``, ``received``, ``begun`` and ``journaled`` are monotonic (ns); the last three live in memory only. All
    are 0 for one of an earlier pipeline.
    """

    id: int = 0
    feed: str
    session: str
    seq: int
    play: int = 0
    epoch: int = 0
    source: str
    spans: tuple[Span, ...] = ()
    pause: Pause = "sentence"
    state: str = "queued"
    deaths: Deaths = Deaths()
    alone: bool = False
    urgent: bool = False
    wanted: bool = False
    created_at: float = 0.0
    arrived: int = 0
    written: int = 0
    received: int = 0
    begun: int = 0
    journaled: int = 0
    buffered: bool = False
    first: bool = False
    audio_ms: float = 0.0


class Journal:
    """The writer's side; there is one, in the parser's process."""

    def __init__(self, path: Path, tell: Callable[[str], None] | None = None) -> None:
        """Open or create the file; ``tell`` is given one line for the user when the disk fails."""
        self.path = path
        self._tell = tell or structlog.get_logger().warning
        self.in_memory = False
        self._connection = self._open_or_set_aside(path)

    def write(self, change: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run ``change`` as one transaction and return its result.

        A full or failing disk is logged once; the journal then goes on in memory, so that speech does.
        """
        try:
            return self._transaction(change)
        except sqlite3.OperationalError as exc:
            if self.in_memory:
                raise
            self._leave_disk(exc)
            return self._transaction(change)

    def read(self, query: str, arguments: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._connection.execute(query, arguments).fetchall()

    def feeds(self) -> list[FeedRow]:
        """Return the feeds that have not ended, in the order of their last change."""
        rows = self.read("SELECT * FROM feeds WHERE NOT ended ORDER BY touched")
        return [_feed_row(row) for row in rows]

    def feed(self, feed: str) -> FeedRow | None:
        """Return what is known of one feed."""
        rows = self.read("SELECT * FROM feeds WHERE feed = ?", (feed,))
        return (
            msgspec.convert({k: rows[0][k] for k in FeedRow.__struct_fields__}, FeedRow, strict=False) if rows else None
        )

    def unsettled(self) -> list[Entry]:
        """Return the sentences that were not heard yet, in order."""
        return [_entry(row) for row in self.read(f"SELECT * FROM utterances WHERE {UNSETTLED} ORDER BY id")]

    def last_spoken(self, count: int) -> list[Entry]:
        """Return the last ``count`` sentences that were spoken, in order."""
        rows = self.read("SELECT * FROM utterances WHERE state = 'spoken' ORDER BY play DESC LIMIT ?", (count,))
        return [_entry(row) for row in reversed(rows)]

    def last_skipped(self, count: int) -> list[Entry]:
        """Return the last ``count`` sentences that were left out the last time (0: all of them), in order."""
        left_out = "state = 'cancelled' AND error LIKE ?"
        rows = self.read(
            f"SELECT * FROM utterances WHERE {left_out} AND epoch ="
            f" (SELECT MAX(epoch) FROM utterances WHERE {left_out}) ORDER BY id DESC LIMIT ?",
            (f"{SKIPPED}%", f"{SKIPPED}%", count or -1),
        )
        return [_entry(row) for row in reversed(rows)]

    def last_seq(self, session: str) -> int:
        """Return the highest sequence number used in ``session``."""
        return int(self.read("SELECT COALESCE(MAX(seq), 0) FROM utterances WHERE session = ?", (session,))[0][0])

    def count(self, feed: str) -> dict[str, int]:
        """Return how many sentences of a feed are in which state."""
        rows = self.read("SELECT state, COUNT(*) FROM utterances WHERE feed = ? GROUP BY state", (feed,))
        return {row[0]: row[1] for row in rows}

    def number(self, name: str) -> int:
        """Return a journaled number (``next_play``, ``epoch``), 0 when it was never set."""
        rows = self.read("SELECT value FROM numbers WHERE name = ?", (name,))
        return int(rows[0][0]) if rows else 0

    def prune(self, keep_days: float) -> None:
        """Forget what was settled longer ago than ``keep_days``."""
        before = time.time() - keep_days * 86400
        self.write(
            lambda db: (
                db.execute(f"DELETE FROM utterances WHERE created_at < ? AND NOT {UNSETTLED}", (before,)),
                db.execute("DELETE FROM feeds WHERE touched < ? AND ended", (before,)),
            )
        )

    def checkpoint(self) -> None:
        """Move what SQLite's log holds into the file; for quiet moments, since it waits for the disk.

        SQLite itself would do it inside every hundredth transaction or so, before a sentence that is waiting for it;
        here only where there is no quiet moment before the log has ``LOG_PAGES``.
        """
        with contextlib.suppress(sqlite3.OperationalError):  # the next transaction meets the same disk, and says so
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _transaction(self, change: Callable[[sqlite3.Connection], _T]) -> _T:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = change(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return result

    def _leave_disk(self, exc: Exception) -> None:
        self._tell(f"the journal {self.path} cannot be written ({exc}); speech goes on from memory")
        memory = _connect(":memory:")
        try:
            self._connection.backup(memory)
        except sqlite3.Error as error:
            self._tell(f"the journal cannot be read either ({error}); its history is left behind")
            memory.close()
            memory = _connect(":memory:")
        self._connection.close()
        self._connection = memory
        self.in_memory = True

    def _open_or_set_aside(self, path: Path) -> sqlite3.Connection:
        try:
            return _connect(str(path))
        except sqlite3.DatabaseError as exc:
            if isinstance(exc, sqlite3.OperationalError):
                self._tell(f"the journal {path} cannot be opened ({exc}); speech goes on from memory")
                self.in_memory = True
                return _connect(":memory:")
            aside = path.with_name(f"{path.name}.broken-{int(time.time())}")
            for end in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    path.with_name(path.name + end).rename(f"{aside}{end}")
            self._tell(f"the journal is broken ({exc}); it was set aside as {aside.name}, and a new one begun")
            return _connect(str(path))


def save_feed(db: sqlite3.Connection, row: FeedRow) -> None:
    """Store a feed's state (inside a transaction)."""
    db.execute(
        "INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (row.feed, row.session, row.format, row.received, row.state, row.ended, row.muted, time.time()),
    )


def add(db: sqlite3.Connection, entry: Entry) -> None:
    """Store a new sentence (inside a transaction) and give the entry its id."""
    cursor = db.execute(
        "INSERT INTO utterances"
        " (feed, session, seq, play, epoch, arrived, written, source, spans, pause, state, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.feed,
            entry.session,
            entry.seq,
            entry.play or None,
            entry.epoch,
            entry.arrived,
            entry.written,
            entry.source,
            msgspec.msgpack.encode(entry.spans),
            entry.pause,
            entry.state,
            entry.created_at,
        ),
    )
    entry.id = cursor.lastrowid or 0


def update(db: sqlite3.Connection, entry: Entry, **columns: object) -> None:
    """Set columns of a sentence (inside a transaction)."""
    names = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE utterances SET {names} WHERE id = ?", (*columns.values(), entry.id))


def set_number(db: sqlite3.Connection, name: str, value: int) -> None:
    """Store a number (inside a transaction)."""
    db.execute("INSERT OR REPLACE INTO numbers VALUES (?, ?)", (name, value))


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    connection.row_factory = sqlite3.Row
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        raise sqlite3.DatabaseError(fault)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, SCHEMA_VERSION):
        raise sqlite3.DatabaseError(f"made by another version of voicectl: schema {version}, not {SCHEMA_VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.executescript(SCHEMA)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return connection


def _feed_row(row: sqlite3.Row) -> FeedRow:
    return msgspec.convert({name: row[name] for name in FeedRow.__struct_fields__}, FeedRow, strict=False)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["id"],
        feed=row["feed"],
        session=row["session"],
        seq=row["seq"],
        play=row["play"] or 0,
        epoch=row["epoch"],
        arrived=row["arrived"],
        written=row["written"],
        source=row["source"],
        spans=_spans_decoder.decode(row["spans"]),
        pause=row["pause"],
        state=row["state"],
        deaths=(deaths := _deaths_decoder.decode(row["deaths"])),
        alone=deaths != Deaths(),
        created_at=row["created_at"],
    )
