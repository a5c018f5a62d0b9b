"""Which sentence may be released next: the window and the floor. Times are seconds of a clock of our own."""

import itertools

import pytest
from sentences import sentence, sentences

from voicectl.actors.parser.backlog import SECONDS_PER_CHARACTER, Backlog
from voicectl.actors.parser.journal import Entry


class Line:
    """A backlog whose sentences get play numbers as they are released."""

    def __init__(self, window: int = 100, seconds: float = 1e9, pause_s: float = 2.0) -> None:
        self.backlog = Backlog(window, seconds, pause_s)
        self._plays = itertools.count(1)

    def add(self, *entries: Entry) -> None:
        """Queue sentences."""
        for entry in entries:
            self.backlog.add(entry)

    def release(self, now: float = 0.0) -> list[str]:
        """Release all that may be, return their texts."""
        texts = []
        while entry := self.backlog.next(now):
            entry.play = next(self._plays)
            self.backlog.release(entry)
            texts.append(entry.source)
        return texts

    def hear(self, count: int = 1) -> None:
        """Settle the oldest released sentences."""
        for play in sorted(self.backlog.released)[:count]:
            self.backlog.drop(self.backlog.released[play])


def test_the_window_bounds_how_many_are_released() -> None:
    """One more goes out for each that was heard."""
    line = Line(window=3)
    line.add(*sentences("a", 6))
    assert line.release() == ["a 1", "a 2", "a 3"]
    line.hear()
    assert line.release() == ["a 4"]
    assert len(line.backlog) == 5


def test_the_window_bounds_the_seconds_of_speech() -> None:
    """Estimated from the characters until the synthesizer has said how long they are."""
    line = Line(seconds=100 * SECONDS_PER_CHARACTER)
    line.add(*(sentence("a", seq, "x" * 60) for seq in range(1, 5)))
    assert len(line.release()) == 2
    for entry in line.backlog.released.values():
        entry.audio_ms = 10.0
    assert len(line.release()) == 2


def test_a_sentence_longer_than_the_window_goes_out_alone() -> None:
    """It would never be heard otherwise."""
    line = Line(seconds=1.0)
    line.add(sentence("a", 1, "x" * 1000), sentence("a", 2))
    assert len(line.release()) == 1
    line.hear()
    assert line.release() == ["a 2"]


def test_the_first_sentence_into_silence_is_marked() -> None:
    """Its latency is what the listener feels."""
    line = Line()
    line.add(*sentences("a", 2))
    line.release()
    assert [entry.first for entry in line.backlog.released.values()] == [True, False]


def test_an_answer_keeps_the_floor_while_it_has_sentences() -> None:
    """Another feed's sentences do not come in between, though they came first into the queue."""
    line = Line(window=1)
    line.add(sentence("a", 1), sentence("b", 1), sentence("a", 2))
    heard = line.release()
    while line.backlog.released:
        line.hear()
        heard += line.release(now=0.1)
    assert heard == ["a 1", "a 2"]
    assert line.release(now=2.2) == ["b 1"]


def test_an_answer_that_ended_gives_the_floor_away_at_once() -> None:
    """Its sentences are still being heard meanwhile."""
    line = Line()
    line.add(*sentences("a", 2), sentence("b", 1))
    line.backlog.end_answer("a")
    assert line.release() == ["a 1", "a 2", "b 1"]


def test_an_answer_that_pauses_gives_the_floor_away_after_a_while() -> None:
    """The pause begins when its last sentence was heard."""
    line = Line()
    line.add(sentence("a", 1))
    line.release(now=0.0)
    line.add(sentence("b", 1))
    assert line.release(now=50.0) == []
    line.hear()
    assert line.release(now=60.0) == []
    assert line.backlog.due(60.5) == pytest.approx(1.5)
    assert line.release(now=61.9) == []
    assert line.release(now=62.0) == ["b 1"]


def test_an_answer_that_goes_on_in_time_keeps_the_floor() -> None:
    """The next pause is counted from its beginning again."""
    line = Line()
    line.add(sentence("a", 1), sentence("b", 1))
    line.release(now=0.0)
    line.hear()
    assert line.release(now=1.0) == []
    line.add(sentence("a", 2))
    assert line.release(now=2.5) == ["a 2"]
    line.hear()
    assert line.release(now=4.0) == []
    assert line.release(now=5.9) == []
    assert line.release(now=6.0) == ["b 1"]


def test_nothing_is_due_while_nobody_waits_for_the_floor() -> None:
    """The stage then sleeps until a message comes."""
    line = Line()
    line.add(sentence("a", 1))
    line.release()
    line.hear()
    line.release(now=1.0)
    assert line.backlog.due(1.0) is None


def test_other_feeds_queue_by_arrival() -> None:
    """Whoever came first speaks first, each to the end of its answer."""
    line = Line()
    line.add(sentence("a", 1), sentence("b", 1), sentence("c", 1), sentence("b", 2))
    for feed in "abc":
        line.backlog.end_answer(feed)
    assert line.release() == ["a 1", "b 1", "b 2", "c 1"]


def test_who_paused_too_long_queues_behind_who_waited() -> None:
    """A's second part comes after b and c."""
    line = Line()
    line.add(sentence("a", 1), sentence("b", 1), sentence("c", 1))
    line.backlog.end_answer("b")
    line.backlog.end_answer("c")
    line.release(now=0.0)
    line.hear()
    line.release(now=1.0)
    assert line.release(now=3.1) == ["b 1", "c 1"]
    line.add(sentence("d", 1), sentence("a", 2))
    line.backlog.end_answer("d")
    assert line.release(now=3.2) == ["d 1", "a 2"]


def test_a_new_answer_of_a_feed_opens_it_again() -> None:
    """A session has many answers."""
    line = Line()
    line.add(sentence("a", 1))
    line.backlog.end_answer("a")
    line.release()
    line.hear()
    line.add(sentence("a", 2), sentence("b", 1))
    assert line.release(now=0.0) == ["a 2"]


def test_what_is_dropped_is_not_released() -> None:
    """Whether it was released or waits."""
    line = Line(window=1)
    first, second, third = entries = sentences("a", 3)
    line.add(*entries)
    line.release()
    line.backlog.drop(second)
    line.backlog.drop(first)
    assert line.release() == ["a 3"]
    line.backlog.drop(third)
    line.backlog.drop(third)
    assert len(line.backlog) == 0
    assert not line.backlog.has("a")


def test_what_is_recalled_goes_out_first_and_in_its_order() -> None:
    """Also the rest of an answer that had the floor before the one that has it now."""
    line = Line(window=4)
    line.add(*sentences("a", 2), *sentences("b", 4), sentence("c", 1), sentence("d", 1))
    for feed in "abcd":
        line.backlog.end_answer(feed)
    assert line.release() == ["a 1", "a 2", "b 1", "b 2"]
    line.hear()
    line.backlog.recall()
    heard = line.release()
    while line.backlog.released:
        line.hear()
        heard += line.release()
    assert heard == ["a 2", "b 1", "b 2", "b 3", "b 4", "c 1", "d 1"]


def test_a_sentence_put_first_interrupts_at_the_next_release() -> None:
    """The answer that has the floor goes on behind it."""
    line = Line(window=1)
    line.add(*sentences("a", 2))
    line.release()
    line.backlog.put_first(sentences("old", 2))
    heard = []
    while line.backlog.released:
        line.hear()
        heard += line.release()
    assert heard == ["old 1", "old 2", "a 2"]


def test_the_iteration_is_the_order_of_hearing() -> None:
    """Released, put first, the answer that has the floor, the others."""
    line = Line(window=2)
    line.add(sentence("b", 1))
    line.release()
    line.add(sentence("c", 1), sentence("b", 2), sentence("b", 3))
    line.release()
    line.backlog.put_first([sentence("old", 1)])
    assert [entry.source for entry in line.backlog] == ["b 1", "b 2", "old 1", "b 3", "c 1"]
    assert len(line.backlog) == 5
    assert line.backlog.has("old")


def test_a_freed_floor_waits_for_nobody() -> None:
    """After a stop the next sentence of any feed is spoken at once."""
    line = Line()
    line.add(sentence("a", 1))
    line.release()
    line.hear()
    line.backlog.free_floor()
    line.add(sentence("b", 1))
    assert line.release(now=0.0) == ["b 1"]
