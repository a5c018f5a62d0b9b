"""A feed as the parser sees it: its text reader, how far its input came, and how to answer it."""

import time

from voicectl.actors.parser.journal import FeedRow
from voicectl.actors.parser.reader import FeedParser, Item
from voicectl.config.settings import ParserSettings
from voicectl.protocol.messages import Chunk, Message
from voicectl.protocol.sockets import Outlet


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
        self.last_input = time.monotonic()
        self._format = row.format
        # A reader that is restored counts from the beginning of the input.
        self._base = 0 if row.state else row.received
        self._reader = FeedParser(settings, row.format, row.state)
        self.end = row.received

    @property
    def received(self) -> int:
        """How many bytes of the input are accounted for by the reader's state."""
        return self._base + self._reader.consumed

    @property
    def pending(self) -> bool:
        """Whether there is text whose sentence end is doubtful."""
        return self._reader.pending and not self.ended

    @property
    def counters(self) -> dict[str, int]:
        """What the reader counted (broken lines and the like)."""
        return self._reader.counters

    def take(self, chunk: Chunk, data: bytes) -> list[Item] | None:
        """Read a piece of input; parts that were read before are passed over.

        None: bytes before this piece are missing; the feed must send again from ``end``.
        """
        self.live = chunk.live
        self.last_input = time.monotonic()
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
        return self._reader.settle()

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
