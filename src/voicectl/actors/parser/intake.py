"""The intake: what feeds send becomes journaled sentences, and feeds are told what became of them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.feeds import Feed
from voicectl.actors.parser.journal import Entry, FeedRow, Journal
from voicectl.actors.parser.reader import AnswerEnd, Item, SessionStart, Spoken
from voicectl.actors.parser.spool import OrphanSpool
from voicectl.actors.phrases.mark import marked
from voicectl.config.settings import ParserSettings
from voicectl.protocol.feeding import Ack, Chunk, FeedDone, Progress
from voicectl.protocol.sockets import Outlet

ADOPT_BYTES = 1 << 18
PIECE_BYTES = 1 << 12
"""A chunk is parsed in pieces, so that its first sentence does not wait for its last."""
COMMIT_AFTER_S = 0.05
"""A feed's progress without a new sentence is journaled after this long: one transaction for many deltas."""
NOTHING_DUE_S = 3600.0
OWN_FEED = "voicectl"
"""Feed and session of what voicectl itself says to the listener."""

Deliver = Callable[[Feed, FeedRow, list[Entry]], None]
"""Journals a feed's state and the sentences that came out of it, and sends what may be sent."""

ProgressState = Literal["speaking", "spoken", "cancelled", "failed", "quarantined"]


class Intake:
    """All open feeds."""

    def __init__(
        self, settings: ParserSettings, journal: Journal, delivery: Delivery, deliver: Deliver, context: Any, name: str
    ) -> None:
        """Take up the feeds that had not ended; answers go out as ``name``."""
        self.counters: dict[str, int] = {}
        self._settings = settings
        self._journal = journal
        self._delivery = delivery
        self._deliver = deliver
        self._context = context
        self._name = name
        self._feeds = {row.feed: Feed(row, settings) for row in journal.feeds()}
        self._dirty: dict[str, float] = {}
        self._seqs: dict[str, int] = {}

    # -- what comes in -----------------------------------------------------------------------

    def take(self, chunk: Chunk, payload: bytes, received: int) -> None:
        """Read what a feed sent; each sentence of it is delivered as soon as it is there."""
        feed = self._open(chunk)
        for start in range(0, max(1, len(payload)), PIECE_BYTES):
            last = start + PIECE_BYTES >= len(payload)
            begun = time.monotonic_ns()
            piece = msgspec.structs.replace(chunk, offset=chunk.offset + start, final=chunk.final and last)
            items = feed.take(piece, payload[start : start + PIECE_BYTES])
            if items is None:
                feed.answer(Ack(feed=feed.name, offset=feed.received, taken=feed.end, resend=True))
                return
            self._record(feed, items, received, begun, chunk.arrived)
        if chunk.final:
            self._say_done(feed)

    def adopt(self, folder: Path) -> list[str]:
        """Read the spools of feeds that are gone; return the names of those feeds."""
        adopted = []
        for path in sorted(folder.glob("*.spool")) if folder.is_dir() else []:
            if orphan := OrphanSpool.take(path):
                with orphan:
                    self._adopt_one(orphan)
                    orphan.remove()
                adopted.append(orphan.header.feed)
        return adopted

    def settle_pauses(self, now: float) -> None:
        """Take doubtful sentence ends for certain in live feeds that have paused; end those that were left."""
        stamp = time.monotonic_ns()
        for feed in list(self._feeds.values()):
            left = feed.pause_left(now, self._settings.pause_ms / 1000)
            if left is not None and left <= 0:
                self._record(feed, feed.settle(), stamp, stamp, stamp)
            elif feed.is_broken(now):
                self._record(feed, feed.break_off(), stamp, stamp, stamp)
            elif feed.is_dead(now):
                self._record(feed, feed.finish(), stamp, stamp, stamp)
                self._say_done(feed)

    def commit(self, before: float) -> None:
        """Journal the progress of feeds that has waited since ``before`` or longer."""
        for name in [name for name, since in self._dirty.items() if since <= before]:
            self._commit(self._feeds[name], [])

    def due(self, now: float) -> float:
        """Return the seconds until a pause or a commit is due."""
        pause_s = self._settings.pause_ms / 1000
        pauses = [left for feed in self._feeds.values() if (left := feed.pause_left(now, pause_s)) is not None]
        commits = [since + COMMIT_AFTER_S - now for since in self._dirty.values()]
        return min([*pauses, *commits, NOTHING_DUE_S])

    def own(self, text: str) -> Entry:
        """Return a sentence of voicectl's own."""
        entry = self._entry(Feed(FeedRow(feed=OWN_FEED, session=OWN_FEED, format="text"), self._settings), text)
        entry.spans = marked(text)
        return entry

    def mute(self) -> None:
        """Let the rest of every open answer go unheard."""
        for feed in self._feeds.values():
            feed.muted = feed.answering and not feed.ended

    def close(self) -> None:
        """Journal what is not yet, stop answering."""
        self.commit(float("inf"))
        for feed in self._feeds.values():
            feed.close()

    # -- what goes back ----------------------------------------------------------------------

    def tell(self, entry: Entry, state: ProgressState, translation: str = "", error: str = "") -> None:
        """Tell a sentence's feed what became of it."""
        if feed := self._feeds.get(entry.feed):
            feed.answer(
                Progress(
                    feed=entry.feed,
                    session=entry.session,
                    seq=entry.seq,
                    state=state,
                    source=entry.source,
                    translation=translation,
                    error=error,
                )
            )

    def tell_settled(self, entries: list[Entry], state: ProgressState, error: str = "") -> None:
        """Tell feeds that sentences have ended, and that all have, where it is so."""
        for entry in entries:
            self.tell(entry, state, error=error)
        for name in dict.fromkeys(entry.feed for entry in entries):
            if feed := self._feeds.get(name):
                self._say_done(feed)

    # -- inside ------------------------------------------------------------------------------

    def _open(self, chunk: Chunk) -> Feed:
        feed = self._feeds.get(chunk.feed)
        if feed is None:
            # Of a feed that nothing is known of, what comes before is lost with its journal.
            unknown = FeedRow(feed=chunk.feed, session=chunk.session, format=chunk.format, received=chunk.offset)
            feed = self._feeds[chunk.feed] = Feed(self._journal.feed(chunk.feed) or unknown, self._settings)
        if chunk.reply_to and (feed.outlet is None or feed.outlet.address != chunk.reply_to):
            feed.close()
            feed.outlet = Outlet(self._context, chunk.reply_to, self._name)
        return feed

    def _record(self, feed: Feed, items: list[Item], received: int, begun: int, arrived: int) -> None:
        entries: list[Entry] = []
        for item in items:
            if isinstance(item, Spoken):
                entry = self._entry(feed, item.text)
                entry.spans = marked(item.text, item.spans) if feed.announces else item.spans
                entry.pause, entry.written = item.pause, item.written or arrived
                entry.received, entry.begun, entry.arrived = received, begun, arrived
                entries.append(entry)
                feed.answering = True
            elif isinstance(item, AnswerEnd):
                feed.answering = False
            elif isinstance(item, SessionStart):
                feed.session = feed.session or item.session
        if entries or feed.ended:
            self._commit(feed, entries)
        else:
            self._dirty.setdefault(feed.name, time.monotonic())
        if feed.ended or any(isinstance(item, AnswerEnd) for item in items):
            self._delivery.backlog.end_answer(feed.name)
            feed.muted = False
        for key, value in feed.counters.items():
            self.counters[key] = max(self.counters.get(key, 0), value)

    def _entry(self, feed: Feed, text: str) -> Entry:
        session = feed.session or feed.name
        if session not in self._seqs:
            self._seqs[session] = self._journal.last_seq(session)
        self._seqs[session] += 1
        return Entry(
            feed=feed.name,
            session=session,
            seq=self._seqs[session],
            source=text,
            state="cancelled" if feed.muted else "queued",
            created_at=feed.written_at or time.time(),
            journaled=time.monotonic_ns(),
        )

    def _commit(self, feed: Feed, entries: list[Entry]) -> None:
        row = feed.row()
        self._deliver(feed, row, entries)
        self._dirty.pop(feed.name, None)
        feed.answer(Ack(feed=feed.name, offset=row.received, taken=feed.end, final=row.ended))

    def _adopt_one(self, orphan: OrphanSpool) -> None:
        header = orphan.header
        chunk = Chunk(feed=header.feed, session=header.session, format=header.format, offset=header.base, arrived=0)
        feed = self._open(chunk)
        feed.written_at = orphan.written_at
        feed.announces = header.announce
        structlog.get_logger().info("a spool was adopted", feed=header.feed)
        while not feed.ended:
            offset = max(feed.end, header.base)
            data = orphan.read(offset, ADOPT_BYTES)
            is_last = len(data) < ADOPT_BYTES
            stamp = time.monotonic_ns()
            # Where more will come, somebody is still writing.
            final, live = is_last and header.ends, not header.ends
            piece = msgspec.structs.replace(chunk, offset=offset, arrived=stamp, final=final, live=live)
            items = feed.take(piece, data)
            if items is None:
                structlog.get_logger().error("a spool has a gap; the text before it is missing", feed=feed.name)
                return
            self._record(feed, items, stamp, stamp, stamp)
            if is_last:
                return

    def _say_done(self, feed: Feed) -> None:
        if not feed.ended or self._delivery.backlog.has(feed.name):
            return
        counts = self._journal.count(feed.name)
        failed = counts.get("failed", 0) + counts.get("quarantined", 0)
        spoken, cancelled = counts.get("spoken", 0), counts.get("cancelled", 0)
        feed.answer(FeedDone(feed=feed.name, spoken=spoken, failed=failed, cancelled=cancelled))
        feed.close()
        self._feeds.pop(feed.name, None)
