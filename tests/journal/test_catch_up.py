"""What happens when the agent is far ahead of the voice: nothing, haste, or a leap to the newest paragraph."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sentences import parser_settings, row, sentence

from voicectl.actors.parser.backlog import Backlog
from voicectl.actors.parser.catch_up import LOOK_EVERY_S, STEP, CatchUp
from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.journal import Entry, Journal
from voicectl.protocol.message import Pause
from voicectl.protocol.speaking import Cancelled

LIMIT_S = 10.0
MAX_SPEED = 1.5


def policy(name: str) -> CatchUp:
    """Return a policy that acts from 10 seconds on."""
    wanted = {"backlog": name, "backlog_seconds": LIMIT_S, "backlog_max_speed": MAX_SPEED}
    return CatchUp(msgspec.structs.replace(parser_settings(), **wanted))


def said(text: str, pause: Pause = "sentence", feed: str = "a") -> Entry:
    """Return a new sentence with what follows it."""
    entry = sentence(feed, text=text)
    entry.pause = pause
    return entry


def answer() -> list[Entry]:
    """Return three paragraphs of two sentences; behind the last one the agent has not ended its paragraph."""
    return [
        said("one"),
        said("two", "paragraph"),
        said("three"),
        said("four", "paragraph"),
        said("five"),
        said("six"),
    ]


# -- speed -------------------------------------------------------------------------------------


def test_haste_grows_in_small_steps_up_to_its_limit_and_ends_when_the_voice_has_caught_up() -> None:
    """Below the limit there is none; at twice the limit all of it."""
    catch_up = policy("speed")
    assert not catch_up.follow(LIMIT_S)
    speeds = [1.0]
    while catch_up.follow(5 * LIMIT_S):
        speeds.append(catch_up.speed)
    assert speeds[-1] == MAX_SPEED
    assert max(after - before for before, after in itertools.pairwise(speeds)) <= STEP + 1e-9
    while catch_up.follow(1.5 * LIMIT_S):
        pass
    assert catch_up.speed == pytest.approx(1.25)
    while catch_up.follow(0.0):
        pass
    assert catch_up.speed == 0


@pytest.mark.parametrize("name", ["all", "skip"])
def test_another_policy_never_hastens(name: str) -> None:
    """Speed is a matter of its own."""
    catch_up = policy(name)
    assert not catch_up.follow(100 * LIMIT_S)
    assert catch_up.speed == 0
    assert catch_up.is_behind(LIMIT_S + 1) == (name == "skip")
    assert not catch_up.is_behind(LIMIT_S)


def test_the_queue_is_looked_at_now_and_then() -> None:
    """Each look takes as long as the queue is long."""
    catch_up = policy("speed")
    assert catch_up.is_due(5.0)
    assert not catch_up.is_due(5.0 + LOOK_EVERY_S / 2)
    assert catch_up.due(5.0) == LOOK_EVERY_S
    assert catch_up.is_due(5.0 + LOOK_EVERY_S)


def test_the_queue_in_seconds_is_measured_where_it_can_be_and_learned_from() -> None:
    """A sentence's own length counts, and those that are only text are taken to be like the last ones."""
    backlog = Backlog(100, 1e9, 2.0)
    spoken, waiting = sentence("a", text="x" * 100), sentence("a", text="y" * 100)
    backlog.add(spoken)
    backlog.add(waiting)
    guessed = backlog.seconds()
    for _ in range(100):
        backlog.measured(spoken, 20_000)
    assert backlog.seconds([spoken]) == 20
    assert backlog.seconds([waiting]) == pytest.approx(20, rel=0.01)
    assert guessed == pytest.approx(13)


# -- skip --------------------------------------------------------------------------------------


class Parser:
    """The parser's journal and delivery; ``restart`` is its death."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.restart()

    def restart(self) -> None:
        """Die, if it lives, and come back over the same file."""
        self.journal = Journal(self._path)
        self.delivery = Delivery(self.journal, parser_settings(window=3))
        self.delivery.take_up(is_new_pipeline=False)

    def release(self) -> list[str]:
        """Release all that may be; return the texts."""
        texts = []
        while entry := self.delivery.release(0.0):
            texts.append(entry.source)
        return texts

    def skip_ahead(self) -> list[str]:
        """Leap to the newest paragraph; return what was left out."""
        announcement = sentence("voicectl", text="omitted")
        return [entry.source for entry in self.delivery.skip_ahead(announcement, 42.0)]

    @property
    def states(self) -> dict[str, str]:
        """The journaled state of every sentence by its text."""
        return {each["source"]: each["state"] for each in self.journal.read("SELECT * FROM utterances ORDER BY id")}


@pytest.fixture
def parser(tmp_path: Path) -> Iterator[Parser]:
    """A parser with an answer of three paragraphs."""
    parser = Parser(tmp_path / "journal.sqlite3")
    parser.delivery.record(row(), answer())
    yield parser
    parser.journal.close()


def test_what_lies_before_the_newest_paragraph_is_left_out_with_the_reason(parser: Parser) -> None:
    """It is said first, then the paragraph is spoken whole."""
    assert parser.skip_ahead() == ["one", "two", "three", "four"]
    rows = parser.journal.read("SELECT * FROM utterances WHERE state = 'cancelled'")
    assert {each["error"] for each in rows} == {"skipped: the voice was 42 s behind"}
    assert parser.release() == ["omitted", "five", "six"]


def test_what_is_under_way_comes_back_first_and_what_is_spoken_is_finished(parser: Parser) -> None:
    """The first sentence was heard to its end when the sink yields; those behind it were only on their way."""
    parser.release()
    parser.delivery.cancel(Cancelled(epoch=1, settled=1, heard=0, action="yield"))
    assert parser.skip_ahead() == ["two", "three", "four"]
    assert parser.release() == ["omitted", "five", "six"]
    assert parser.states["one"] == "spoken"


def test_a_death_behind_a_leap_neither_speaks_what_was_left_out_nor_loses_the_announcement(parser: Parser) -> None:
    """Both are one transaction."""
    parser.skip_ahead()
    parser.journal.close()
    parser.restart()
    assert sorted(parser.release()) == ["five", "omitted", "six"]


def test_one_paragraph_alone_is_never_cut(parser: Parser) -> None:
    """There is nothing newer to leap to."""
    parser.skip_ahead()
    assert parser.delivery.backlog.stale() == []


def test_each_feed_keeps_its_newest_paragraph(parser: Parser) -> None:
    """An answer is not left out because another one is newer."""
    parser.delivery.record(row("b"), [said("b one", "paragraph", "b"), said("b two", "sentence", "b")])
    assert parser.skip_ahead() == ["one", "two", "three", "four", "b one"]


def test_what_was_left_out_can_be_heard_later_and_is_not_left_out_again(parser: Parser) -> None:
    """All of the last leap or the last sentences of it, in order, each once."""
    parser.skip_ahead()
    parser.delivery.replay_skipped(1)
    parser.delivery.replay_skipped(0)
    assert parser.delivery.backlog.stale() == []
    assert parser.skip_ahead() == []
    heard: list[str] = []
    while texts := parser.release():
        heard += texts
        parser.delivery.settle(list(parser.delivery.backlog.released.values()), "spoken")
    assert [text for text in heard if text != "omitted"] == ["one", "two", "three", "four", "five", "six"]
    assert parser.delivery.replay_skipped(0) == 0
