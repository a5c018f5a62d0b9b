"""Random lives of a parser and a sink: no sentence is lost, repeated or out of order."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sentences import parser_settings, row, sentence

from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.journal import Entry, Journal
from voicectl.protocol.speaking import Cancelled, Ledger

Name = tuple[str, int]
"""A sentence by its feed and its sequence number in it."""

feeds = st.sampled_from("abc")


class ParserAndSink(RuleBasedStateMachine):
    """The real delivery over a real file, against a sink in a few lines that plays strictly by number."""

    @initialize(window=st.integers(1, 5))
    def begin(self, window: int) -> None:
        """Start both."""
        self.folder = Path(tempfile.mkdtemp(prefix="v"))
        self.window = window
        self.now = 0.0
        self.added: dict[str, int] = defaultdict(int)
        self.sent: dict[int, Name] = {}
        self.inbox: dict[int, Name] = {}
        self.settled = 0
        self.epoch = 0
        self.heard: list[Name] = []
        self.cancelled: list[Name] = []
        self.open()

    def open(self) -> None:
        """Open the journal as a parser does that comes up."""
        self.journal = Journal(self.folder / "journal.sqlite3")
        self.delivery = Delivery(self.journal, parser_settings(self.window))

    # -- the parser ----------------------------------------------------------------------------

    @rule(feed=feeds, count=st.integers(1, 4), is_sent=st.booleans())
    def add(self, feed: str, count: int, is_sent: bool) -> None:
        """An agent says something, and the parser sends at once what it may, or later."""
        first = self.added[feed] + 1
        self.added[feed] += count
        said = [sentence(feed, seq) for seq in range(first, first + count)]
        self.send(self.delivery.record(row(feed), said, now=self.now if is_sent else None))

    @rule(feed=feeds)
    def end_answer(self, feed: str) -> None:
        """An answer is over."""
        self.delivery.backlog.end_answer(feed)

    @rule(seconds=st.sampled_from([0.0, 1.0, 3.0]))
    def release(self, seconds: float) -> None:
        """Time passes and the parser sends what it may."""
        self.now += seconds
        while entry := self.delivery.release(self.now):
            self.send([entry])

    def send(self, entries: list[Entry]) -> None:
        """Send sentences under new numbers."""
        for entry in entries:
            assert entry.play not in self.sent, "a play number was given twice"
            self.sent[entry.play] = (entry.feed, entry.seq)
            self.deliver(entry)

    def deliver(self, entry: Entry) -> None:
        """Bring a sentence to the sink, which drops repeats and what is of an older epoch."""
        name = (entry.feed, entry.seq)
        assert self.sent[entry.play] == name, "a play number stands for two sentences"
        if entry.play > self.settled and entry.epoch >= self.epoch:
            self.inbox[entry.play] = name

    # -- the sink ------------------------------------------------------------------------------

    def play(self) -> int:
        """Play the next number; return it, or 0 when it is not here."""
        holes = self.delivery.holes()
        while self.settled + 1 in holes:
            self.settled += 1
        name = self.inbox.pop(self.settled + 1, None)
        if name is None:
            return 0
        self.settled += 1
        self.heard.append(name)
        return self.settled

    @rule()
    def hear(self) -> None:
        """A sentence is heard and its receipt arrives."""
        if play := self.play():
            self.delivery.settle([self.delivery.backlog.released[play]], "spoken")

    @rule(unseen=st.integers(0, 3), buffered=st.booleans())
    def restart_parser(self, unseen: int, buffered: bool) -> None:
        """The parser dies; what is heard before it is back, only the sink knows."""
        for _ in range(unseen):
            self.play()
        self.journal.close()
        self.open()
        self.delivery.take_up(is_new_pipeline=False)
        self.reconcile(buffered)

    @rule()
    def restart_sink(self) -> None:
        """The sink dies, and with it what was not heard; its settled number is on record."""
        self.inbox.clear()
        self.reconcile(buffered=False)

    def reconcile(self, buffered: bool) -> None:
        """Sink and parser meet: a ledger, the next number, what has to be sent again."""
        known = tuple(self.inbox) if buffered else ()
        self.delivery.reconcile(Ledger(settled=self.settled, buffered=known, epoch=self.epoch))
        self.settled = max(self.settled, self.delivery.first_play() - 1)
        for entry in self.delivery.unheard():
            self.deliver(entry)

    @rule(action=st.sampled_from(["stop", "skip"]), count=st.integers(1, 3), speaking=st.booleans())
    def cancel(self, action: str, count: int, speaking: bool) -> None:
        """The user stops or skips, in the middle of a sentence or between two."""
        heard = self.settled + 1 if speaking and self.settled + 1 in self.inbox else 0
        self.epoch += 1
        self.inbox.clear()
        message = Cancelled(epoch=self.epoch, settled=self.settled, heard=heard, action=action, count=count)  # type: ignore[arg-type]
        self.cancelled += [(entry.feed, entry.seq) for entry in self.delivery.cancel(message)[1]]
        self.settled = self.delivery.first_play() - 1

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def every_sentence_is_somewhere_once(self) -> None:
        """Heard, cancelled or still to come."""
        known = set(self.heard)
        waiting = [(entry.feed, entry.seq) for entry in self.delivery.backlog]
        to_come = [name for name in waiting if name not in known]
        every = [(feed, seq) for feed, last in self.added.items() for seq in range(1, last + 1)]
        assert sorted(self.heard + self.cancelled + to_come) == sorted(every)

    @invariant()
    def each_feed_is_heard_in_order(self) -> None:
        """By its own sequence numbers."""
        for feed in self.added:
            heard = [seq for name, seq in self.heard if name == feed]
            assert heard == sorted(set(heard))

    def teardown(self) -> None:
        """Everything that is left is heard in the end; the journal says of each what became of it."""
        if not hasattr(self, "folder"):
            return
        for feed in self.added:
            self.end_answer(feed)
        self.reconcile(buffered=False)
        while len(self.delivery.backlog):
            before = len(self.heard)
            self.release(0.0)
            self.hear()
            assert len(self.heard) > before, "a sentence is never sent, or the sink waits for ever"
        self.every_sentence_is_somewhere_once()
        self.each_feed_is_heard_in_order()
        for state, names in (("spoken", self.heard), ("cancelled", self.cancelled)):
            rows = self.journal.read("SELECT feed, seq FROM utterances WHERE state = ?", (state,))
            assert sorted(map(tuple, rows)) == sorted(names)
        self.journal.close()
        shutil.rmtree(self.folder)


TestParserAndSink = ParserAndSink.TestCase
TestParserAndSink.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
