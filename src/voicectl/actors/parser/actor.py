"""The parser stage: takes what feeds send, owns the journal, sends sentences, settles receipts."""

import time
from pathlib import Path
from typing import Literal

from voicectl.actors.base import Actor, Wiring
from voicectl.actors.parser.catch_up import CatchUp
from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.feeds import Feed
from voicectl.actors.parser.intake import COMMIT_AFTER_S, Intake
from voicectl.actors.parser.journal import Entry, FeedRow, Journal
from voicectl.actors.phrases.english import say
from voicectl.config.settings import JournalSettings, ParserSettings
from voicectl.protocol.feeding import Chunk
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message, Settled, Utterance
from voicectl.protocol.speaking import Cancelled, Expect, Haste, Ledger, Receipt, Sentence, Tombstone
from voicectl.protocol.supervising import Announce, Cancel, Epoch, Notice, Replay, ReplayLast, Suspect
from voicectl.protocol.trace import Hop, Trace

ADOPT_EVERY_S = 1.0
PRUNE_EVERY_S = 600.0
CHECKPOINT_EVERY_S, QUIET_S = 10.0, 1.0
"""The journal's checkpoint waits until no message has come for a while."""

LOST_AFTER_S = 30.0
"""Without a receipt for so long, what is not buffered is sent again: a frame may be lost without a death."""


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
        self._reconciled = False
        self._next_adoption = 0.0
        self._next_prune = 0.0
        self._next_checkpoint = 0.0
        self._handled = 0.0
        self._last_receipt = 0.0
        self._yield_epoch = -1
        self._catch_up = CatchUp(settings)
        self._behind_s = 0.0

    def activate(self) -> None:
        """Open the journal and take up what was not heard."""
        self._journal_path.parent.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(self._journal_path, self._notice)
        self._delivery = Delivery(self._journal, self._settings)
        self._delivery.take_up(self._is_new_pipeline)
        self._intake = Intake(self._settings, self._journal, self._delivery, self._deliver, self.context, self.name)
        self.log.info("journal open", unheard=len(self._delivery.backlog))

    def handle(self, frame: Frame) -> None:
        """Act on one message of a feed or of the sink."""
        self._handled = time.monotonic()
        message = frame.envelope.body
        if isinstance(message, Chunk):
            self._intake.take(message, frame.payload, frame.received)
            if self._intake.counters.get("not_text") and not self.counters.get("not_text"):
                self._notice("a feed holds binary data, which is skipped; only text can be spoken")
            self.counters.update(self._intake.counters)
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
            self._delivery.announce(self._intake.own(message.text))
            self._release()
        elif isinstance(message, ReplayLast):
            replay = self._delivery.replay_skipped if message.skipped else self._delivery.replay_last
            replay(message.count)
            self._release()
        else:
            super().control(message)

    def poll(self) -> float | None:
        """Settle pauses, journal progress, adopt spools, hand on the floor; return when to come again."""
        now = time.monotonic()
        self._intake.settle_pauses(now)
        self._intake.commit(now - COMMIT_AFTER_S)
        if now >= self._next_adoption:
            for feed in self._intake.adopt(self._spools):
                self._expire(feed)
            self._next_adoption = now + ADOPT_EVERY_S
        if now >= self._next_prune:
            self._journal.prune(self._keep_days)
            self._next_prune = now + PRUNE_EVERY_S
        if now >= self._next_checkpoint and now - self._handled >= QUIET_S:
            self._journal.checkpoint()
            self._next_checkpoint = now + CHECKPOINT_EVERY_S
        if now - self._last_receipt > LOST_AFTER_S:
            self._last_receipt = now
            self._send_again()
        self._release()
        backlog = self._delivery.backlog
        self.queued = len(backlog)
        if self._catch_up.is_due(now):
            self._look_at_queue()
        floor = backlog.due(now)
        waits = [self._next_adoption - now, self._intake.due(now), ADOPT_EVERY_S if floor is None else floor]
        if backlog or self._catch_up.speed:
            waits.append(self._catch_up.due(now))
        return max(0.001, min(waits))

    def teardown(self) -> None:
        """Journal what is not yet, close."""
        if hasattr(self, "_intake"):
            self._intake.close()
            self._journal.close()

    @property
    def _is_new_pipeline(self) -> bool:
        """A parser that is restarted under a living pipeline goes on, however old its sentences are."""
        return self.wiring.incarnation <= 1

    # -- when the agent is ahead of the voice ------------------------------------------------

    def _look_at_queue(self) -> None:
        backlog = self._delivery.backlog
        queued_s = backlog.seconds()
        self.gauges["queued_s"] = round(queued_s, 1)
        if self._catch_up.follow(queued_s) and self._reconciled:
            self.send(Haste(speed=self._catch_up.speed), to="sink")
        self._behind_s = 0.0
        if self._catch_up.is_behind(queued_s) and self._reconciled and not self.draining and backlog.stale():
            self._behind_s = queued_s
            if backlog.released:
                self._yield()  # what is under way comes back first, when the sentence that is being spoken has ended
            else:
                self._skip_ahead()

    def _yield(self) -> None:
        if self._yield_epoch != self._delivery.epoch:
            self._yield_epoch = self._delivery.epoch
            self.send(Cancel(action="yield"), to="sink")

    def _skip_ahead(self) -> None:
        """Go on with the newest paragraph; nothing is under way."""
        if not self._behind_s:
            return
        gone = self._delivery.skip_ahead(self._intake.own(say("skipped")), self._behind_s)
        self._notice(
            f"{len(gone)} sentences were skipped, the voice was {self._behind_s:.0f} s behind;"
            " voicectl replay --skipped speaks them"
        )
        self._behind_s = 0.0
        self._intake.tell_settled(gone, "cancelled", "skipped to catch up")

    # -- to the translator -------------------------------------------------------------------

    def _release(self) -> None:
        if self._reconciled and not self.draining:
            if self._delivery.backlog.is_urgent:
                self._yield()
            while entry := self._delivery.release(time.monotonic()):
                self._last_receipt = time.monotonic()
                self._send(entry)

    def _deliver(self, feed: Feed, row: FeedRow, entries: list[Entry]) -> None:
        """Journal what came out of a feed and send what may be sent, in one transaction.

        The rest is left to ``_release``: what lay in a spool, which may be too old to be spoken; announcements, which
        need room made for them, and what comes while one waits.
        """
        is_usual = entries and not (feed.written_at or feed.announces or self._delivery.backlog.is_urgent)
        now = time.monotonic() if is_usual and self._reconciled and not self.draining else None
        for entry in self._delivery.record(row, entries, feed.announces, now):
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
                alone=entry.alone,
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
        if entry := self._delivery.suspect(message):
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
            entry.buffered = True
            self._delivery.backlog.measured(entry, receipt.audio_ms)
        elif receipt.state == "speaking":
            if self._delivery.speaking(entry, receipt):
                self._intake.tell(entry, "speaking", receipt.translation)
        else:
            self._delivery.settle([entry], receipt.state, receipt.error)
            self._intake.tell_settled([entry], receipt.state, receipt.error)

    def _reconcile(self, ledger: Ledger) -> None:
        if ledger.cancelling:
            return  # nothing may be sent before the cancel that follows is settled
        settled = self._delivery.reconcile(ledger)
        states: tuple[Settled, ...] = ("spoken", "failed", "quarantined")
        for state in states:
            self._intake.tell_settled([entry for entry in settled if entry.state == state], state)
        if self._is_new_pipeline and not self._reconciled:
            self._expire()
        self._expect()
        self._reconciled = True
        self._send_again()

    def _expect(self) -> None:
        self.send(Haste(speed=self._catch_up.speed), to="sink")
        self.send(Expect(play=self._delivery.first_play(), epoch=self._delivery.epoch), to="sink")
        for play in self._delivery.holes():
            self._bury(play, "cancelled", None, "it was cancelled")

    def _cancelled(self, message: Cancelled) -> None:
        # The sink says it again until it is answered; once is enough.
        is_new = message.epoch > self._delivery.epoch
        heard, gone = self._delivery.cancel(message) if is_new else ([], [])
        self.report(Epoch(epoch=self._delivery.epoch))
        if gone and message.action == "stop":
            self._intake.mute()
        if is_new and message.action == "yield":
            self._skip_ahead()
        self._expect()
        self._reconciled = True
        self._intake.tell_settled(heard, "spoken")
        self._intake.tell_settled(gone, "cancelled")

    def _expire(self, feed: str = "") -> None:
        if count := self._delivery.expire(self._max_age_s, feed):
            text = f"{count} sentences were too old to be spoken now; voicectl history shows them"
            self._notice(text)

    def _notice(self, text: str) -> None:
        self.log.warning(text)
        self.report(Notice(stage=self.stage, text=text))


def _utterance(entry: Entry) -> Utterance:
    return Utterance(session=entry.session, seq=entry.seq, play=entry.play, epoch=entry.epoch)
