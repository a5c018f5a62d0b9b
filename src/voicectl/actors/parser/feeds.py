"""A feed as the parser sees it: its text reader, how far its input came, and how to answer it."""

import time

from voicectl.actors.parser.formats import HOOKS
from voicectl.actors.parser.journal import FeedRow
from voicectl.actors.parser.reader import FeedParser, Item
from voicectl.config.settings import ParserSettings
from voicectl.protocol.feeding import Chunk
from voicectl.protocol.message import Message
from voicectl.protocol.sockets import Outlet

NEWS_AFTER_S = 2.0
"""Tasks that are done within this time of each other are told together."""
BROKEN_AFTER_S = 20.0
"""Input of a session that may have died: when nothing has come for so long, what was read is all."""
DEAD_AFTER_S = 3900.0
"""A turn whose hooks were silent for so long is over; the hooks begin a new feed before that."""


class Feed:
    """One input; the parser takes its bytes exactly once, in order, whatever is sent twice."""

    def __init__(self, row: FeedRow, settings: ParserSettings) -> None:
        self.name = row.feed
        self.session = row.session
        self.ended = row.ended
        self.muted = row.muted
        self.answering = False  # something was said since the last answer ended
        self.live = True
        self.announces = False  # what it says comes before everything that is queued
        self.written_at = 0.0  # wall clock of input that lay in a spool; 0: it comes as it is written
        self.outlet: Outlet | None = None
        self._last_input = time.monotonic()
        self._is_settled = False
        self._format = row.format
        # A reader that is restored counts from the beginning of the input.
        self._base = 0 if row.state else row.received
        self._reader = FeedParser(settings, row.format, row.state)
        self.end = row.received

    @property
    def received(self) -> int:
        """How many bytes of the input are accounted for by the reader's state."""
        return self._base + self._reader.consumed

    def pause_left(self, now: float, pause_s: float) -> float | None:
        """Return the seconds until ``settle`` is due, if nothing comes; ``pause_s`` is the pause of a live stream."""
        if not self.live or self.ended or self._is_settled or not self._reader.pending:
            return None
        return self._last_input + (NEWS_AFTER_S if self._reader.has_news else pause_s) - now

    def is_broken(self, now: float) -> bool:
        """Say whether the rest of a text is to be spoken as it is: nobody says that a killed session has ended."""
        open_ended = self._format in {HOOKS, "transcript"}
        return open_ended and self._reader.pending and not self.ended and now - self._last_input > BROKEN_AFTER_S

    def is_dead(self, now: float) -> bool:
        """Say whether a turn's feed will never be ended by its hooks."""
        return self._format == HOOKS and not self.ended and now - self._last_input > DEAD_AFTER_S

    @property
    def counters(self) -> dict[str, int]:
        """What the reader counted (broken lines and the like)."""
        return self._reader.counters

    def take(self, chunk: Chunk, data: bytes) -> list[Item] | None:
        """Read a piece of input; parts that were read before are passed over.

        None: bytes before this piece are missing; the feed must send again from ``end``.
        """
        self.live = chunk.live
        self._last_input = time.monotonic()
        self._is_settled = False
        if chunk.offset > self.end:
            return None
        fresh = data[self.end - chunk.offset :]
        self.end += len(fresh)
        items = self._reader.feed(fresh, chunk.arrived) if fresh and not self.ended else []
        if chunk.final and not self.ended:
            items += self._reader.finish()
            self.ended = True
        return items

    def settle(self) -> list[Item]:
        """The live input paused: doubtful sentence ends become certain."""
        self._is_settled = True
        return self._reader.settle()

    def break_off(self) -> list[Item]:
        """The input stands still: what was read is all."""
        return self._reader.break_off()

    def finish(self) -> list[Item]:
        """The input is over, though nobody said so."""
        self.ended = True
        return self._reader.finish()

    def row(self) -> FeedRow:
        """Return what the journal keeps."""
        return FeedRow(
            feed=self.name,
            session=self.session,
            format=self._format,
            received=self.end if self.ended else self.received,
            state=b"" if self.ended else self._reader.state(),
            ended=self.ended,
            muted=self.muted,
        )

    def answer(self, message: Message) -> None:
        """Send to the feed, if it listens."""
        if self.outlet:
            self.outlet.send(message)

    def close(self) -> None:
        """Stop answering."""
        if self.outlet:
            self.outlet.close(200)
            self.outlet = None
