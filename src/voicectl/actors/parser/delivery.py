"""Delivery: numbers sentences, journals what becomes of them, and decides what is sent again.

It knows no sockets: the parser's actor sends what it returns. All times come in as arguments or are
wall-clock stamps for the journal.
"""

import sqlite3
import time
from collections.abc import Callable

import msgspec

from voicectl.actors.parser.backlog import Backlog
from voicectl.actors.parser.journal import SKIPPED, Entry, FeedRow, Journal, add, save_feed, set_number, update
from voicectl.config.settings import ParserSettings
from voicectl.protocol.speaking import Cancelled, Ledger, Receipt
from voicectl.protocol.supervising import Suspect

LIVES = {"translator": 4, "synthesizer": 3}
"""Deaths after which a sentence is set aside. Translator: twice its backend, then the next one, then the original
text; synthesizer: twice its voice, then the next one."""


class Delivery:
    """Every sentence from the journal to its end, each exactly once."""

    def __init__(self, journal: Journal, settings: ParserSettings) -> None:
        self._journal = journal
        self.backlog = Backlog(settings.window_sentences, settings.window_seconds, settings.floor_pause_s)
        self.epoch = journal.number("epoch")
        self._next_play = max(1, journal.number("next_play"))

    def take_up(self, is_new_pipeline: bool) -> None:
        """Take up what was not heard before this process began, released or waiting.

        The stamps of another pipeline's sentences say nothing about this one's latency.
        """
        for entry in self._journal.unsettled():
            if is_new_pipeline:
                entry.arrived = entry.written = 0
            if entry.play:
                self.backlog.release(entry)
            else:
                self.backlog.add(entry)
            self.backlog.end_answer(entry.feed)

    def expire(self, max_age_s: float, feed: str = "") -> int:
        """Cancel what is older than ``max_age_s`` (of one feed, or of all); return how many sentences that were."""
        oldest = time.time() - max_age_s
        old = [entry for entry in self.backlog if entry.created_at < oldest and feed in ("", entry.feed)]
        if old:
            self.settle(old, "cancelled", f"older than {max_age_s:g} s when the pipeline came up")
        return len(old)

    def record(self, row: FeedRow, entries: list[Entry], first: bool = False, now: float | None = None) -> list[Entry]:
        """Journal a feed's state together with the sentences that came out of it, and queue them.

        ``first``: they are announcements, and go before everything else. At ``now``, what may be sent is numbered in
        the same transaction and returned; None: nothing is.
        """
        queued = [entry for entry in entries if entry.state == "queued"]
        if first:
            self.backlog.put_urgent(queued)
        else:
            for entry in queued:
                self.backlog.add(entry)
        ready: list[Entry] = []
        while now is not None and (numbered := self._number(now)):
            ready.append(numbered)
        older = [entry for entry in ready if entry.id]

        def change(db: sqlite3.Connection) -> None:
            for entry in entries:
                add(db, entry)
            save_feed(db, row)
            for entry in older:
                update(db, entry, play=entry.play, epoch=entry.epoch)
            if ready:
                set_number(db, "next_play", self._next_play)

        self._journal.write(change)
        return ready

    def release(self, now: float) -> Entry | None:
        """Number the next sentence that may be sent, or return None."""
        entry = self._number(now)
        if entry is None:
            return None

        def change(db: sqlite3.Connection) -> None:
            update(db, entry, play=entry.play, epoch=entry.epoch)
            set_number(db, "next_play", self._next_play)

        self._journal.write(change)
        return entry

    def _number(self, now: float) -> Entry | None:
        """Release the next sentence in memory; it must be in the journal before it is sent."""
        if entry := self.backlog.next(now):
            entry.play, entry.epoch = self._next_play, self.epoch
            self._next_play += 1
            self.backlog.release(entry)
        return entry

    def speaking(self, entry: Entry, receipt: Receipt) -> bool:
        """Journal that a sentence's first sample was handed to the device; False when that is known already.

        (A sink that is restarted in mid-sentence says it once more.)
        """
        if entry.state == "speaking":
            return False
        ttfa_ms = (receipt.first_sample - entry.arrived) / 1e6 if entry.arrived else None
        entry.state = "speaking"
        self._journal.write(
            lambda db: update(
                db,
                entry,
                state="speaking",
                translation=receipt.translation,
                backend=receipt.translator,
                voice=receipt.synthesizer,
                ttfa_ms=ttfa_ms,
                spoken_at=time.time(),
            )
        )
        return True

    def settle(self, entries: list[Entry], state: str, error: str = "") -> None:
        """Journal the end of sentences."""
        self._set_state(entries, state, error)
        for entry in entries:
            self.backlog.drop(entry)

    def reconcile(self, ledger: Ledger) -> list[Entry]:
        """Take over what the sink knows; return the sentences that it has settled meanwhile.

        Of a lost journal's numbers none is given out again while the sink has PCM under it.
        """
        self._next_play = max(
            self._next_play, *(play + 1 for play in (ledger.settled, ledger.current, *ledger.buffered))
        )
        self.epoch = max(self.epoch, ledger.epoch)
        heard = [entry for play, entry in sorted(self.backlog.released.items()) if play <= ledger.settled]
        self.settle([entry for entry in heard if entry.play not in ledger.failed], "spoken")
        for entry in heard:
            if entry.play in ledger.failed:
                self.settle([entry], *_failure(entry))
        buffered = frozenset(ledger.buffered)
        for play, entry in self.backlog.released.items():
            entry.buffered = play in buffered
        return heard

    def first_play(self) -> int:
        """Return the play number that the sink is to play next."""
        return min(self.backlog.released, default=self._next_play)

    def holes(self) -> list[int]:
        """Return the numbers after ``first_play`` that nobody will ever send."""
        return [play for play in range(self.first_play(), self._next_play) if play not in self.backlog.released]

    def unheard(self) -> list[Entry]:
        """Return what has to be sent again: released, not settled, not buffered in the sink."""
        return [entry for _, entry in sorted(self.backlog.released.items()) if not entry.buffered]

    def cancel(self, message: Cancelled) -> tuple[list[Entry], list[Entry]]:
        """Settle a cancel that the sink has already carried out; return what was heard, and what is cancelled by it.

        A stop cancels everything; a skip cancels ``count`` sentences from the one that was heard on; a yield cancels
        nothing and lets announcements through. What is still wanted is queued again, to go out under new play numbers.
        """
        heard = self.reconcile(Ledger(settled=max(message.settled, message.heard - 1)))
        recalled = self.backlog.recall()
        if message.action == "yield":
            self.backlog.urgent_first()
        line = list(self.backlog)
        gone = line[: {"stop": len(line), "skip": message.count, "yield": 0}[message.action]]
        wanted = [entry for entry in recalled if entry not in gone]
        self.epoch = max(self.epoch, message.epoch)

        def change(db: sqlite3.Connection) -> None:
            set_number(db, "epoch", self.epoch)
            for entry in gone:
                update(db, entry, state="cancelled")
            for entry in wanted:
                update(db, entry, play=None, state="queued")

        self._journal.write(change)
        _renew(recalled)
        for entry in gone:
            self.backlog.drop(entry)
        if message.action == "stop":
            self.backlog.free_floor()
        return heard, gone

    def replay_last(self, count: int) -> int:
        """Queue the last ``count`` spoken sentences once more; return how many there were."""
        return self._speak_again(self._journal.last_spoken(count), add)

    def replay_skipped(self, count: int) -> int:
        """Queue again what was left out the last time to catch up (``count`` 0), or the last of it; return how many."""

        def take_back(db: sqlite3.Connection, entry: Entry) -> None:
            update(db, entry, state="queued", play=None, error="", created_at=entry.created_at)

        return self._speak_again(self._journal.last_skipped(count), take_back)

    def _speak_again(self, entries: list[Entry], write: Callable[[sqlite3.Connection, Entry], None]) -> int:
        """Put sentences that the listener has asked for before everything else; ``write`` journals one."""
        _renew(entries)
        for entry in entries:
            entry.wanted, entry.created_at = True, time.time()
            entry.arrived = entry.written = 0

        def change(db: sqlite3.Connection) -> None:
            for entry in entries:
                write(db, entry)

        self._journal.write(change)
        self.backlog.put_first(entries)
        return len(entries)

    def skip_ahead(self, announcement: Entry, behind_s: float) -> list[Entry]:
        """Leave out what lies before the newest paragraph, say so, and return it; nothing may be released.

        Both are one transaction: whoever dies between them has skipped nothing.
        """
        gone = self.backlog.stale()
        error = f"{SKIPPED}the voice was {behind_s:.0f} s behind"

        def change(db: sqlite3.Connection) -> None:
            for entry in gone:
                entry.state = "cancelled"
                update(db, entry, state=entry.state, error=error, epoch=self.epoch)
            add(db, announcement)

        self._journal.write(change)
        for entry in gone:
            self.backlog.drop(entry)
        self.backlog.put_urgent([announcement])
        return gone

    def suspect(self, message: Suspect) -> Entry | None:
        """Count a stage's death against the sentence it worked on; return it when it is to be set aside.

        Of a batch nobody knows which one it was: each is tried alone from now on. A sentence is set aside when the
        stage has tried it twice with its first backend and once with each step of ``LIVES``.
        """
        plays = range(message.play, message.play + message.count)
        entries = [self.backlog.released[play] for play in plays if play in self.backlog.released]
        for entry in entries:
            entry.alone = True
        if len(plays) > 1 or not entries or message.stage not in LIVES:
            return None
        entry, stage = entries[0], message.stage
        count = getattr(entry.deaths, stage) + 1
        entry.deaths = msgspec.structs.replace(entry.deaths, **{stage: count})
        self._journal.write(lambda db: update(db, entry, deaths=msgspec.msgpack.encode(entry.deaths)))
        if count < LIVES[stage]:
            return None
        entry.state = "quarantined"
        return entry

    def announce(self, entry: Entry) -> None:
        """Journal a sentence of our own and queue it before everything else."""
        self._journal.write(lambda db: add(db, entry))
        self.backlog.put_urgent([entry])

    def _set_state(self, entries: list[Entry], state: str, error: str) -> None:
        def change(db: sqlite3.Connection) -> None:
            for entry in entries:
                entry.state = state
                update(db, entry, state=state, error=error)

        self._journal.write(change)


def _failure(entry: Entry) -> tuple[str, str]:
    """Return the state and the error of a sentence of which the sink only knows that it came to nothing."""
    for stage, lives in LIVES.items():
        if getattr(entry.deaths, stage) >= lives:
            return "quarantined", f"the {stage} died on it repeatedly"
    return "failed", "the reason went with a parser that died; see voicectl logs translator and synthesizer"


def _renew(entries: list[Entry]) -> None:
    """Make entries what they were before they were released."""
    for entry in entries:
        entry.play, entry.state, entry.buffered, entry.audio_ms = 0, "queued", False, 0.0
