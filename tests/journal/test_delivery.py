"""Delivery over a real journal: each sentence to its end, exactly once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sentences import parser_settings, row, sentence, sentences

from voicectl.actors.parser.delivery import LIVES, Delivery
from voicectl.actors.parser.journal import Entry, Journal
from voicectl.protocol.message import Utterance
from voicectl.protocol.speaking import Cancelled, Ledger, Receipt
from voicectl.protocol.supervising import Suspect


class Parser:
    """The parser's journal and delivery; ``restart`` is its death."""

    def __init__(self, path: Path, window: int = 16) -> None:
        self._path = path
        self._window = window
        self.journal = Journal(path)
        self.delivery = Delivery(self.journal, parser_settings(window))

    def restart(self, is_new_pipeline: bool = False) -> None:
        """Die and come back over the same file."""
        self.journal.close()
        self.journal = Journal(self._path)
        self.delivery = Delivery(self.journal, parser_settings(self._window))
        self.delivery.take_up(is_new_pipeline)

    def record(self, *entries: Entry) -> None:
        """Journal sentences of feed a."""
        self.delivery.record(row(), list(entries))

    def release(self, now: float = 0.0) -> list[tuple[int, str]]:
        """Release all that may be; return play numbers and texts."""
        released = []
        while entry := self.delivery.release(now):
            released.append((entry.play, entry.source))
        return released

    def entry(self, play: int) -> Entry:
        """Return a released sentence."""
        return self.delivery.backlog.released[play]

    def settle(self, play: int, state: str = "spoken") -> None:
        """Take the receipt of a sentence's end."""
        self.delivery.settle([self.entry(play)], state)

    def speak(self, play: int, first_sample: int = 0) -> bool:
        """Take the receipt of a sentence's first sample."""
        entry = self.entry(play)
        utterance = Utterance(session=entry.session, seq=entry.seq, play=play, epoch=entry.epoch)
        receipt = Receipt(utterance=utterance, state="speaking", translation="こんにちは。", first_sample=first_sample)
        return self.delivery.speaking(entry, receipt)

    @property
    def states(self) -> dict[str, str]:
        """The journaled state of every sentence by its text; a replayed one counts by its last row."""
        return {each["source"]: each["state"] for each in self.journal.read("SELECT * FROM utterances ORDER BY id")}


@pytest.fixture
def parser(tmp_path: Path) -> Iterator[Parser]:
    """A parser with a new journal."""
    parser = Parser(tmp_path / "journal.sqlite3")
    yield parser
    parser.journal.close()


def skip(heard: int, count: int = 1, epoch: int = 1) -> Cancelled:
    """Return the sink's word that it skipped."""
    return Cancelled(epoch=epoch, heard=heard, action="skip", count=count)


def test_what_is_sent_at_once_is_journaled_under_its_number(parser: Parser) -> None:
    """As much as the window takes; after a death it goes out again under the same numbers, and the rest follows."""
    sent = parser.delivery.record(row(), sentences("a", 20), now=0.0)
    assert [entry.play for entry in sent] == list(range(1, 17))
    parser.restart()
    assert [(entry.play, entry.source) for entry in parser.delivery.unheard()] == [(n, f"a {n}") for n in range(1, 17)]
    parser.settle(1)
    assert parser.release() == [(17, "a 17")]


def test_play_numbers_count_from_one(parser: Parser) -> None:
    """They are journaled with the sentence."""
    parser.record(*sentences("a", 3))
    assert parser.release() == [(1, "a 1"), (2, "a 2"), (3, "a 3")]
    assert [entry.play for entry in parser.journal.unsettled()] == [1, 2, 3]


def test_sentences_and_the_state_of_their_feed_are_journaled_at_once(parser: Parser) -> None:
    """A restarted parser reads on behind the sentences that it has."""
    parser.delivery.record(row("a", received=77), sentences("a", 2))
    feed = parser.journal.feed("a")
    assert feed
    assert feed.received == 77
    assert len(parser.journal.unsettled()) == 2


def test_a_muted_sentence_is_journaled_and_never_released(parser: Parser) -> None:
    """It shows in the history as cancelled."""
    muted = sentence("a", 1)
    muted.state = "cancelled"
    parser.record(muted, sentence("a", 2))
    assert parser.release() == [(1, "a 2")]
    assert parser.states == {"a 1": "cancelled", "a 2": "queued"}


def test_a_restarted_parser_has_the_same_sentences_under_the_same_numbers(parser: Parser) -> None:
    """What waits is numbered behind them."""
    parser.record(*sentences("a", 20))
    parser.release()
    parser.settle(1)
    parser.settle(3, "failed")
    before = [(entry.play, entry.source) for entry in parser.delivery.unheard()]
    parser.restart()
    assert [(entry.play, entry.source) for entry in parser.delivery.unheard()] == before
    assert parser.release() == [(17, "a 17"), (18, "a 18")]


def test_numbers_are_not_given_twice_when_all_is_settled(parser: Parser) -> None:
    """The sink would take the second for a repeat and drop it."""
    parser.record(*sentences("a", 2))
    parser.release()
    parser.settle(1)
    parser.settle(2)
    parser.restart(is_new_pipeline=True)
    parser.record(sentence("a", 3))
    assert parser.release() == [(3, "a 3")]


def test_what_was_heard_while_the_parser_was_dead_is_settled(parser: Parser) -> None:
    """The sink's ledger is the truth; the rest is sent again unless the sink has its sound."""
    parser.record(*sentences("a", 5))
    parser.release()
    parser.restart()
    heard = parser.delivery.reconcile(Ledger(settled=2, current=3, samples=100, sample_rate=16000, buffered=(3, 4)))
    assert [entry.play for entry in heard] == [1, 2]
    assert [entry.play for entry in parser.delivery.unheard()] == [5]
    assert parser.delivery.first_play() == 3
    assert parser.states["a 2"] == "spoken"


def test_what_a_new_sink_lost_is_sent_again(parser: Parser) -> None:
    """Sound that was buffered in the old one is not in the new one."""
    parser.record(*sentences("a", 3))
    parser.release()
    parser.delivery.reconcile(Ledger(settled=0, buffered=(1, 2)))
    parser.delivery.reconcile(Ledger(settled=1))
    assert [entry.play for entry in parser.delivery.unheard()] == [2, 3]


def test_a_ledger_ahead_of_the_journal_moves_the_numbers_on(parser: Parser) -> None:
    """The journal was lost or set aside: its first sentence must not be taken for a repeat."""
    parser.record(sentence("a", 1))
    assert parser.delivery.reconcile(Ledger(settled=41)) == []
    assert parser.delivery.first_play() == 42
    assert parser.release() == [(42, "a 1")]
    assert parser.delivery.holes() == []


def test_holes_are_the_numbers_that_nobody_will_send(parser: Parser) -> None:
    """The sink waits at them for a tombstone."""
    parser.record(*sentences("a", 5))
    parser.release()
    parser.settle(2, "failed")
    parser.settle(4, "failed")
    assert parser.delivery.first_play() == 1
    assert parser.delivery.holes() == [2, 4]
    parser.settle(1)
    assert parser.delivery.holes() == [4]


def test_a_first_sample_is_journaled_once(parser: Parser) -> None:
    """A sink that is restarted in mid-sentence says it again; the first time counts."""
    entry = sentence("a", 1)
    entry.arrived = 1_000_000
    parser.record(entry)
    parser.release()
    assert parser.speak(1, first_sample=51_000_000)
    assert not parser.speak(1, first_sample=99_000_000)
    (line,) = parser.journal.read("SELECT * FROM utterances")
    assert (line["state"], line["translation"], line["ttfa_ms"]) == ("speaking", "こんにちは。", 50.0)


def test_the_latency_of_a_sentence_of_an_earlier_pipeline_is_unknown(parser: Parser) -> None:
    """Its stamps are of another time, maybe of another boot."""
    entry = sentence("a", 1)
    entry.arrived = 1_000_000
    parser.record(entry)
    parser.restart(is_new_pipeline=True)
    parser.release()
    parser.speak(1, first_sample=51_000_000)
    assert parser.journal.read("SELECT ttfa_ms FROM utterances")[0]["ttfa_ms"] is None


def test_a_stop_cancels_everything(parser: Parser) -> None:
    """What was heard before it stays spoken; what comes after it goes out in the new epoch."""
    parser.record(*sentences("a", 20))
    parser.release()
    parser.settle(1)
    _, gone = parser.delivery.cancel(Cancelled(epoch=3, heard=2, action="stop"))
    assert [entry.seq for entry in gone] == list(range(2, 21))
    assert len(parser.delivery.backlog) == 0
    assert parser.states == {"a 1": "spoken"} | {f"a {seq}": "cancelled" for seq in range(2, 21)}
    parser.record(sentence("a", 21))
    assert parser.release() == [(17, "a 21")]
    assert (parser.entry(17).epoch, parser.delivery.epoch, parser.journal.number("epoch")) == (3, 3, 3)


def test_after_a_stop_the_floor_is_free(parser: Parser) -> None:
    """Another feed need not wait for the answer that was stopped."""
    parser.record(*sentences("a", 3))
    parser.release()
    parser.delivery.cancel(Cancelled(epoch=1, heard=1, action="stop"))
    parser.record(sentence("b", 1))
    assert [text for _, text in parser.release(now=0.0)] == ["b 1"]


def test_a_skip_cancels_the_sentence_that_was_heard(parser: Parser) -> None:
    """What is still wanted goes out again under new numbers, in order, before what waited."""
    parser.record(*sentences("a", 18))
    parser.release()
    parser.settle(1)
    assert [entry.seq for entry in parser.delivery.cancel(skip(heard=2))[1]] == [2]
    assert parser.delivery.first_play() == 17
    released = parser.release()
    assert released[0] == (17, "a 3")
    assert [text for _, text in released] == [f"a {seq}" for seq in range(3, 19)]
    assert parser.states["a 2"] == "cancelled"
    assert parser.delivery.holes() == []


def test_a_skip_in_the_silence_between_sentences_cancels_the_next_one(parser: Parser) -> None:
    """The sink heard nothing (0); the sentence that would have come is meant."""
    parser.record(*sentences("a", 3))
    parser.release()
    parser.settle(1)
    assert [entry.seq for entry in parser.delivery.cancel(skip(heard=0))[1]] == [2]


def test_a_skip_of_many_reaches_into_what_waits(parser: Parser) -> None:
    """``skip 17`` with a window of 16."""
    parser.record(*sentences("a", 19))
    parser.release()
    _, gone = parser.delivery.cancel(skip(heard=1, count=17))
    assert [entry.seq for entry in gone] == list(range(1, 18))
    assert [text for _, text in parser.release()] == ["a 18", "a 19"]


def test_a_skip_of_more_than_there_is_cancels_all_of_it(parser: Parser) -> None:
    """And the answer goes on with what it says next."""
    parser.record(*sentences("a", 2))
    parser.release()
    assert len(parser.delivery.cancel(skip(heard=1, count=9))[1]) == 2
    parser.record(sentence("a", 3))
    assert parser.release() == [(3, "a 3")]


def test_a_skip_keeps_the_order_of_the_feeds(parser: Parser) -> None:
    """The rest of a's answer before b's, b's before c's and d's."""
    for feed in "abcd":
        parser.delivery.record(row(feed, ended=True), sentences(feed, 3))
        parser.delivery.backlog.end_answer(feed)
    parser.release()
    parser.delivery.cancel(skip(heard=1))
    order = [text for _, text in parser.release()]
    assert order == [f"{feed} {seq}" for feed in "abcd" for seq in (1, 2, 3)][1:]


def test_what_the_sink_settled_before_a_cancel_stays_spoken(parser: Parser) -> None:
    """Its receipts were lost with an earlier parser."""
    parser.record(*sentences("a", 4))
    parser.release()
    parser.restart()
    _, gone = parser.delivery.cancel(skip(heard=3))
    assert [entry.seq for entry in gone] == [3]
    assert parser.states == {"a 1": "spoken", "a 2": "spoken", "a 3": "cancelled", "a 4": "queued"}


def test_a_parser_that_dies_behind_a_skip_goes_on_in_the_new_epoch(parser: Parser) -> None:
    """The recalled sentences are journaled as waiting."""
    parser.record(*sentences("a", 4))
    parser.release()
    parser.delivery.cancel(skip(heard=1, epoch=5))
    parser.restart()
    assert parser.release() == [(5, "a 2"), (6, "a 3"), (7, "a 4")]
    assert {entry.epoch for entry in parser.delivery.unheard()} == {5}


def test_an_older_epoch_never_comes_back(parser: Parser) -> None:
    """Two cancels whose answers overtake each other."""
    parser.delivery.cancel(Cancelled(epoch=5, heard=0, action="stop"))
    parser.delivery.cancel(Cancelled(epoch=4, heard=0, action="stop"))
    assert parser.delivery.epoch == 5


def test_what_was_heard_before_a_cancel_in_the_silence_is_not_queued_again(parser: Parser) -> None:
    """A parser that died behind sentence 1 learns from the skip itself that it was heard."""
    parser.record(*(sentence("a", seq) for seq in (1, 2, 3)))
    parser.release()
    heard, gone = parser.delivery.cancel(Cancelled(epoch=1, settled=1, heard=0, action="skip"))
    assert [entry.seq for entry in heard] == [1]
    assert [entry.seq for entry in gone] == [2]
    assert parser.release() == [(4, "a 3")]


def test_a_yield_lets_announcements_through_and_cancels_nothing(parser: Parser) -> None:
    """Behind the sentence that was spoken come the announcements, in their order, then all the rest."""
    parser.record(*(sentence("a", seq) for seq in (1, 2, 3)))
    parser.release()
    parser.delivery.announce(sentence("bell", 1))
    parser.delivery.announce(sentence("bell", 2))
    assert parser.delivery.backlog.is_urgent
    heard, gone = parser.delivery.cancel(Cancelled(epoch=1, settled=1, heard=0, action="yield"))
    assert [entry.seq for entry in heard] == [1]
    assert gone == []
    order = [(4, "bell 1"), (5, "bell 2"), (6, "a 2"), (7, "a 3")]
    assert [(play, text) for play, text in parser.release()][: len(order)] == order


def test_replay_speaks_the_last_sentences_again(parser: Parser) -> None:
    """Before what waits, behind what is released, under new numbers; the history has them twice."""
    parser.record(*sentences("a", 20))
    parser.release()
    for play in (1, 2, 3):
        parser.speak(play)
        parser.settle(play)
    assert parser.delivery.replay_last(2) == 2
    assert [text for _, text in parser.release()] == ["a 2", "a 3", "a 17"]
    assert len(parser.journal.read("SELECT * FROM utterances WHERE source = 'a 3'")) == 2


def test_replay_survives_a_death(parser: Parser) -> None:
    """It was asked for; it is journaled like any sentence."""
    parser.record(sentence("a", 1))
    parser.release()
    parser.settle(1)
    parser.delivery.replay_last(1)
    parser.restart()
    assert parser.release() == [(2, "a 1")]


def test_the_latency_of_a_replay_is_not_that_of_the_sentence(parser: Parser) -> None:
    """Its text arrived long ago; nothing waited for it since."""
    entry = sentence("a", 1)
    entry.arrived = 1_000_000
    parser.record(entry)
    parser.release()
    parser.settle(1)
    parser.delivery.replay_last(1)
    parser.release()
    parser.speak(2, first_sample=10**12)
    assert parser.journal.read("SELECT ttfa_ms FROM utterances ORDER BY id DESC")[0]["ttfa_ms"] is None


def test_replay_of_an_empty_history_does_nothing(parser: Parser) -> None:
    """There was nothing."""
    assert parser.delivery.replay_last(3) == 0
    assert parser.release() == []


@pytest.mark.parametrize(("stage", "lives"), LIVES.items())
def test_a_sentence_is_set_aside_when_all_its_lives_are_spent(parser: Parser, stage: str, lives: int) -> None:
    """Its deaths are journaled, and those of another sentence or another stage are not its own."""
    parser.record(*sentences("a", 2))
    parser.release()
    for other in LIVES:
        assert parser.delivery.suspect(Suspect(play=2, stage=other)) is None
    for _ in range(lives - 1):
        assert parser.delivery.suspect(Suspect(play=1, stage=stage)) is None
        parser.restart()
    suspect = parser.delivery.suspect(Suspect(play=1, stage=stage))
    assert suspect
    assert (suspect.source, suspect.state) == ("a 1", "quarantined")


@pytest.mark.parametrize("stage", ["parser", "sink"])
def test_a_stage_that_does_not_work_on_sentences_blames_none(parser: Parser, stage: str) -> None:
    """However often it dies."""
    parser.record(sentence("a", 1))
    parser.release()
    assert [parser.delivery.suspect(Suspect(play=1, stage=stage)) for _ in range(10)] == [None] * 10


def test_a_suspect_that_is_settled_is_nobodys_fault(parser: Parser) -> None:
    """It was heard before the word of the death came."""
    parser.record(sentence("a", 1))
    parser.release()
    parser.settle(1)
    assert [parser.delivery.suspect(Suspect(play=1, stage="translator")) for _ in range(10)] == [None] * 10


def test_an_announcement_goes_in_at_the_next_sentence_end(parser: Parser) -> None:
    """Before everything that is not released yet."""
    parser.record(*sentences("a", 17))
    parser.release()
    parser.delivery.announce(sentence("voicectl", 1))
    parser.settle(1)
    parser.settle(2)
    assert [text for _, text in parser.release()] == ["voicectl 1", "a 17"]


def test_what_is_too_old_is_left(parser: Parser) -> None:
    """Released or waiting; the history says why."""
    old = sentences("a", 18)
    for entry in old[:17]:
        entry.created_at = time.time() - 700
    parser.record(*old)
    parser.release()
    parser.restart(is_new_pipeline=True)
    assert parser.delivery.expire(600) == 17
    assert [entry.source for entry in parser.delivery.backlog] == ["a 18"]
    line = parser.journal.read("SELECT * FROM utterances ORDER BY id")[0]
    assert (line["state"], line["error"]) == ("cancelled", "older than 600 s when the pipeline came up")


def test_only_the_feed_that_was_adopted_is_asked_for_its_age(parser: Parser) -> None:
    """What a living feed has waiting behind a long answer is not too old."""
    for feed in "ab":
        entry = sentence(feed, 1)
        entry.created_at = time.time() - 700
        parser.delivery.record(row(feed), [entry])
    assert parser.delivery.expire(600, "b") == 1
    assert [entry.source for entry in parser.delivery.backlog] == ["a 1"]


def test_delivery_goes_on_when_the_disk_is_full(parser: Parser) -> None:
    """Order, numbers and states as ever."""
    parser.record(*sentences("a", 3))
    parser.release()
    parser.settle(1)
    pages = parser.journal.read("PRAGMA page_count")[0][0]
    parser.journal.read(f"PRAGMA max_page_count = {pages}")
    parser.record(*(sentence("a", seq, f"{seq} " + "x" * 3000) for seq in range(4, 30)))
    assert parser.journal.in_memory
    parser.settle(2)
    parser.settle(3)
    texts = [text.split()[0] for _, text in parser.release()]
    assert texts == [str(seq) for seq in range(4, 20)]
    assert sorted(parser.delivery.backlog.released) == list(range(4, 20))
    assert len(parser.journal.unsettled()) == 26
