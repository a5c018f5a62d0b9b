"""The parser stage: takes what feeds send, owns the journal, sends sentences, settles receipts."""

import time
from pathlib import Path
from typing import Literal

import msgspec

from voicectl.actors.base import Actor, Wiring
from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.feeds import Feed
from voicectl.actors.parser.journal import Entry, FeedRow, Journal
from voicectl.actors.parser.reader import AnswerEnd, Item, SessionStart, Spoken
from voicectl.actors.parser.spool import OrphanSpool
from voicectl.config.settings import JournalSettings, ParserSettings
from voicectl.protocol.frames import Frame
from voicectl.protocol.messages import (
    Ack,
    Announce,
    Cancelled,
    Chunk,
    Epoch,
    Expect,
    FeedDone,
    Ledger,
    Message,
    Notice,
    Progress,
    Receipt,
    Replay,
    ReplayLast,
    Sentence,
    Suspect,
    Tombstone,
    Utterance,
)
from voicectl.protocol.sockets import Outlet
from voicectl.protocol.trace import Hop, Trace

ADOPT_EVERY_S = 1.0
PRUNE_EVERY_S = 600.0
LOST_AFTER_S = 30.0
"""Without a receipt for so long, what is not buffered is sent again: a frame may be lost without a death."""
ADOPT_BYTES = 1 << 18
PIECE_BYTES = 1 << 12
"""A chunk is parsed in pieces, so that its first sentence does not wait for its last."""
COMMIT_AFTER_S = 0.05
"""A feed's progress without a new sentence is journaled after this long: one transaction for many deltas."""

OWN_FEED = "voicectl"
"""Feed and session of what voicectl itself says to the listener."""

ProgressState = Literal["speaking", "spoken", "cancelled", "failed", "quarantined"]


class ParserActor(Actor):
    """Feeds on one side, the pipeline on the other, the journal in between."""

    stage = "parser"
    downstream = "translator"

    def __init__(
        self, wiring: Wiring, settings: ParserSettings, keep: JournalSettings, journal: Path, spools: Path
    ) -> None:
        super().__init__(wiring)
        self._settings = settings
        self._max_age_s = keep.resume_max_age_s
        self._keep_days = keep.keep_days
        self._journal_path = journal
        self._spools = spools
        self._feeds: dict[str, Feed] = {}
        self._dirty: dict[str, float] = {}
        self._seqs: dict[str, int] = {}
        self._reconciled = False
        self._next_adoption = 0.0
        self._next_prune = 0.0
        self._last_receipt = 0.0

    def activate(self) -> None:
        """Open the journal and take up what was not heard."""
        self._journal_path.parent.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(self._journal_path, self._notice)
        for row in self._journal.feeds():
            self._feeds[row.feed] = Feed(row, self._settings)
        self._delivery = Delivery(self._journal, self._settings)
        self._delivery.take_up(self._is_new_pipeline)
        self.log.info("journal open", unheard=len(self._delivery.backlog))

    def handle(self, frame: Frame) -> None:
        """Act on one message of a feed or of the sink."""
        message = frame.envelope.body
        if isinstance(message, Chunk):
            self._chunk(message, frame)
        elif isinstance(message, Receipt):
            self._receipt(message)
        elif isinstance(message, Ledger):
            self._reconcile(message)
        elif isinstance(message, Cancelled):
            self._cancelled(message)
        self._release()

    def control(self, message: Message) -> None:
        """Act on the supervisor's word."""
        if isinstance(message, Replay):
            self._send_again()
        elif isinstance(message, Suspect):
            self._suspect(message)
        elif isinstance(message, Announce):
            self._announce(message.text)
        elif isinstance(message, ReplayLast):
            self._delivery.replay_last(message.count)
            self._release()
        else:
            super().control(message)

    def poll(self) -> float | None:
        """Settle pauses, journal progress, adopt spools, hand on the floor; return when to come again."""
        now = time.monotonic()
        for feed in [feed for feed in self._feeds.values() if feed.pending and self._pause_left(feed, now) <= 0]:
            stamp = time.monotonic_ns()
            self._items(feed, feed.settle(), stamp, stamp, stamp)
        for name in [name for name, since in self._dirty.items() if now - since >= COMMIT_AFTER_S]:
            self._commit(self._feeds[name], [])
        if now >= self._next_adoption:
            self._adopt()
            self._next_adoption = now + ADOPT_EVERY_S
        if now >= self._next_prune:
            self._journal.prune(self._keep_days)
            self._next_prune = now + PRUNE_EVERY_S
        if now - self._last_receipt > LOST_AFTER_S:
            self._last_receipt = now
            self._send_again()
        self._release()
        self.queued = len(self._delivery.backlog)
        waits = [self._next_adoption - now]
        waits += [self._pause_left(feed, now) for feed in self._feeds.values() if feed.pending]
        waits += [since + COMMIT_AFTER_S - now for since in self._dirty.values()]
        if (floor := self._delivery.backlog.due(now)) is not None:
            waits.append(floor)
        return max(0.001, min(waits))

    def teardown(self) -> None:
        """Journal what is not yet, close."""
        if not hasattr(self, "_delivery"):
            return
        for name in list(self._dirty):
            self._commit(self._feeds[name], [])
        for feed in self._feeds.values():
            feed.close()
        self._journal.close()

    @property
    def _is_new_pipeline(self) -> bool:
        """A parser that is restarted under a living pipeline goes on, however old its sentences are."""
        return self.wiring.incarnation <= 1

    # -- from the feeds ----------------------------------------------------------------------

    def _chunk(self, chunk: Chunk, frame: Frame) -> None:
        feed = self._feed(chunk)
        received = frame.received
        for start in range(0, max(1, len(frame.payload)), PIECE_BYTES):
            data = frame.payload[start : start + PIECE_BYTES]
            last = start + PIECE_BYTES >= len(frame.payload)
            begun = time.monotonic_ns()
            piece = msgspec.structs.replace(chunk, offset=chunk.offset + start, final=chunk.final and last)
            parsed = feed.take(piece, data)
            if not parsed.accepted:
                feed.answer(Ack(feed=feed.name, offset=feed.received, taken=feed.end, resend=True))
                return
            self._items(feed, parsed.items, received, begun, chunk.arrived)
            self._release()
        if chunk.final:
            self._say_done(feed)

    def _feed(self, chunk: Chunk) -> Feed:
        feed = self._feeds.get(chunk.feed)
        if feed is None:
            row = self._journal.feed(chunk.feed) or FeedRow(feed=chunk.feed, session=chunk.session, format=chunk.format)
            feed = self._feeds[chunk.feed] = Feed(row, self._settings)
        if chunk.reply_to and (feed.outlet is None or feed.outlet.address != chunk.reply_to):
            feed.close()
            feed.outlet = Outlet(self.context, chunk.reply_to, self.name)
        return feed

    def _items(self, feed: Feed, items: list[Item], received: int, begun: int, arrived: int) -> None:
        entries: list[Entry] = []
        for item in items:
            if isinstance(item, Spoken):
                entry = self._entry(feed, item)
                entry.received, entry.begun, entry.arrived = received, begun, arrived
                entry.written = item.written or arrived
                entries.append(entry)
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

    def _entry(self, feed: Feed, item: Spoken) -> Entry:
        session = feed.session or feed.name
        if session not in self._seqs:
            self._seqs[session] = self._journal.last_seq(session)
        self._seqs[session] += 1
        return Entry(
            feed=feed.name,
            session=session,
            seq=self._seqs[session],
            source=item.text,
            spans=item.spans,
            pause=item.pause,
            state="cancelled" if feed.muted else "queued",
            created_at=feed.written_at or time.time(),
            journaled=time.monotonic_ns(),
        )

    def _commit(self, feed: Feed, entries: list[Entry]) -> None:
        row = feed.row()
        self._delivery.record(row, entries)
        self._dirty.pop(feed.name, None)
        feed.answer(Ack(feed=feed.name, offset=row.received, taken=feed.end, final=row.ended))

    def _adopt(self) -> None:
        for path in sorted(self._spools.glob("*.spool")) if self._spools.is_dir() else []:
            orphan = OrphanSpool.take(path)
            if orphan is None:
                continue
            with orphan:
                self._adopt_one(orphan)
                orphan.remove()

    def _adopt_one(self, orphan: OrphanSpool) -> None:
        header = orphan.header
        feed = self._feed(
            Chunk(feed=header.feed, session=header.session, format=header.format, offset=header.base, arrived=0)
        )
        feed.written_at = orphan.written_at
        self.log.info("a spool was adopted", feed=header.feed)
        while not feed.ended:
            offset = max(feed.end, header.base)
            data = orphan.read(offset, ADOPT_BYTES)
            stamp = time.monotonic_ns()
            parsed = feed.take(Chunk(feed=feed.name, offset=offset, arrived=stamp, final=not data, live=False), data)
            if not parsed.accepted:
                self.log.error("a spool has a gap; the text before it is missing", feed=feed.name)
                return
            self._items(feed, parsed.items, stamp, stamp, stamp)
        self._expire(feed.name)

    # -- to the translator -------------------------------------------------------------------

    def _release(self) -> None:
        if self._reconciled and not self.draining:
            while entry := self._delivery.release(time.monotonic()):
                self._last_receipt = time.monotonic()
                self._send(entry)

    def _send(self, entry: Entry) -> None:
        now = time.monotonic_ns()
        received, begun = entry.received or now, entry.begun or now
        held = now - entry.journaled if entry.journaled else 0
        hop = Hop(stage=self.stage, received=received, begun=begun, sent=now, held=held)
        self.send(
            Sentence(
                utterance=_utterance(entry),
                text=entry.source,
                spans=entry.spans,
                deaths=entry.deaths,
                pause=entry.pause,
                first=entry.first,
                trace=Trace(arrived=entry.arrived or now, written=entry.written or now, hops=(hop,)),
            )
        )

    def _send_again(self) -> None:
        for entry in self._delivery.unheard():
            if entry.state == "quarantined":
                self._bury(entry.play, "quarantined", entry, "it was set aside")
            else:
                self._send(entry)

    def _suspect(self, message: Suspect) -> None:
        if entry := self._delivery.suspect(message.play, message.stage):
            self._notice(f"sentence {entry.seq} of {entry.session} was set aside: the {message.stage} died on it")
            self._bury(entry.play, "quarantined", entry, f"the {message.stage} died on it repeatedly")

    def _bury(self, play: int, state: Literal["cancelled", "quarantined"], entry: Entry | None, error: str) -> None:
        utterance = _utterance(entry) if entry else Utterance(session="", seq=0, play=play, epoch=self._delivery.epoch)
        source = entry.source if entry else ""
        self.send(Tombstone(utterance=utterance, state=state, source=source, stage=self.stage, error=error), to="sink")

    # -- from the sink -----------------------------------------------------------------------

    def _receipt(self, receipt: Receipt) -> None:
        self._last_receipt = time.monotonic()
        entry = self._delivery.backlog.released.get(receipt.utterance.play)
        if entry is None:
            return
        if receipt.state == "buffered":
            entry.buffered, entry.audio_ms = True, receipt.audio_ms
        elif receipt.state == "speaking":
            if self._delivery.speaking(entry, receipt):
                self._tell(entry, "speaking", receipt.translation)
        else:
            self._delivery.settle([entry], receipt.state, receipt.error)
            self._tell_settled([entry], receipt.state, receipt.error)

    def _reconcile(self, ledger: Ledger) -> None:
        if ledger.cancelling:
            return  # nothing may be sent before the cancel that follows is settled
        settled = self._delivery.reconcile(ledger)
        self._tell_settled([entry for entry in settled if entry.state == "spoken"], "spoken")
        self._tell_settled([entry for entry in settled if entry.state == "failed"], "failed")
        if self._is_new_pipeline and not self._reconciled:
            self._expire()
        self._expect()
        self._reconciled = True
        self._send_again()

    def _expect(self) -> None:
        self.send(Expect(play=self._delivery.first_play(), epoch=self._delivery.epoch), to="sink")
        for play in self._delivery.holes():
            self._bury(play, "cancelled", None, "it was cancelled")

    def _cancelled(self, message: Cancelled) -> None:
        # The sink says it again until it is answered; once is enough.
        is_new = message.epoch > self._delivery.epoch
        heard, gone = self._delivery.cancel(message) if is_new else ([], [])
        self.report(Epoch(epoch=self._delivery.epoch))
        if gone and message.action == "stop":
            for feed in self._feeds.values():
                feed.muted = not feed.ended
        self._expect()
        self._reconciled = True
        self._tell_settled(heard, "spoken")
        self._tell_settled(gone, "cancelled")

    # -- to the feeds and the user -----------------------------------------------------------

    def _tell(self, entry: Entry, state: ProgressState, translation: str = "", error: str = "") -> None:
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

    def _tell_settled(self, entries: list[Entry], state: ProgressState, error: str = "") -> None:
        for entry in entries:
            self._tell(entry, state, error=error)
        for name in dict.fromkeys(entry.feed for entry in entries):
            if feed := self._feeds.get(name):
                self._say_done(feed)

    def _say_done(self, feed: Feed) -> None:
        if not feed.ended or self._delivery.backlog.has(feed.name):
            return
        counts = self._journal.count(feed.name)
        failed = counts.get("failed", 0) + counts.get("quarantined", 0)
        spoken, cancelled = counts.get("spoken", 0), counts.get("cancelled", 0)
        feed.answer(FeedDone(feed=feed.name, spoken=spoken, failed=failed, cancelled=cancelled))
        feed.close()
        self._feeds.pop(feed.name, None)

    def _expire(self, feed: str = "") -> None:
        if count := self._delivery.expire(self._max_age_s, feed):
            text = f"{count} sentences were too old to be spoken now; voicectl history shows them"
            self._notice(text)

    def _announce(self, text: str) -> None:
        """Put a sentence of our own before what is queued."""
        feed = Feed(FeedRow(feed=OWN_FEED, session=OWN_FEED, format="text"), self._settings)
        entry = self._entry(feed, Spoken(text=text))
        self._delivery.announce(entry)
        self._release()

    def _notice(self, text: str) -> None:
        self.log.warning(text)
        self.report(Notice(stage=self.stage, text=text))

    def _pause_left(self, feed: Feed, now: float) -> float:
        return feed.last_input + self._settings.pause_ms / 1000 - now if feed.live else ADOPT_EVERY_S


def _utterance(entry: Entry) -> Utterance:
    return Utterance(session=entry.session, seq=entry.seq, play=entry.play, epoch=entry.epoch)
