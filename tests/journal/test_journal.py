"""The journal over real SQLite files."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sentences import row, sentence, sentences

from voicectl.actors.parser.journal import Entry, Journal, add, save_feed, set_number, update
from voicectl.protocol.message import Span


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The journal's file."""
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def told() -> list[str]:
    """The lines for the user."""
    return []


@pytest.fixture
def journal(path: Path, told: list[str]) -> Iterator[Journal]:
    """A new journal."""
    journal = Journal(path, told.append)
    yield journal
    journal.close()


def put(journal: Journal, *entries: Entry) -> None:
    """Journal sentences."""
    for entry in entries:
        journal.write(lambda db, entry=entry: add(db, entry))


def fill_the_disk(journal: Journal) -> None:
    """Let the file not grow any further, as a full disk does (SQLITE_FULL)."""
    pages = journal.read("PRAGMA page_count")[0][0]
    journal.read(f"PRAGMA max_page_count = {pages}")


def test_the_disk_is_waited_for_in_a_checkpoint_only(path: Path, journal: Journal) -> None:
    """However much is written, it stays in the log until then; after it the log is used anew and does not grow."""
    log = path.with_name(f"{path.name}-wal")
    before = path.stat().st_size
    for number in range(300):
        put(journal, sentence("a", number, "x" * 8000))
    assert path.stat().st_size == before
    written = log.stat().st_size
    assert written > 300 * 8000
    journal.checkpoint()
    assert path.stat().st_size > before + 300 * 8000
    put(journal, sentence("a", 300, "x" * 8000))
    assert log.stat().st_size == written
    assert len(journal.unsettled()) == 301


def test_a_sentence_is_read_as_it_was_written(path: Path, journal: Journal) -> None:
    """With its spans and its pause, by the next process too."""
    entry = sentence("a", 1, "Run `pytest` now.")
    entry.spans, entry.pause = (Span(kind="code", text="pytest"),), "paragraph"
    entry.arrived, entry.written = 50, 40
    put(journal, entry)
    journal.close()
    again = Journal(path)
    assert again.unsettled() == [entry]
    again.close()


def test_sentences_and_the_state_that_made_them_are_stored_together(path: Path, journal: Journal) -> None:
    """A death in the middle of the transaction leaves neither."""

    def change(db: sqlite3.Connection) -> None:
        add(db, sentence())
        save_feed(db, row("a", received=100))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.write(change)
    assert journal.unsettled() == []
    assert journal.feed("a") is None
    put(journal, sentence())
    assert len(journal.unsettled()) == 1


def test_another_process_sees_only_whole_transactions(path: Path, journal: Journal) -> None:
    """``voicectl history`` reads while the parser writes."""
    with sqlite3.connect(path) as reader:

        def change(db: sqlite3.Connection) -> None:
            add(db, sentence())
            assert reader.execute("SELECT COUNT(*) FROM utterances").fetchone() == (0,)

        journal.write(change)
        assert reader.execute("SELECT COUNT(*) FROM utterances").fetchone() == (1,)
    reader.close()


def test_a_feed_is_read_as_it_was_written(journal: Journal) -> None:
    """Those that have ended are not taken up again."""
    for each in (row("a", 5), row("b", 7, ended=True), row("c", 9)):
        journal.write(lambda db, each=each: save_feed(db, each))
    assert journal.feeds() == [row("a", 5), row("c", 9)]
    assert journal.feed("b") == row("b", 7, ended=True)
    assert journal.feed("d") is None


def test_the_last_state_of_a_feed_counts(journal: Journal) -> None:
    """It replaces the one before."""
    for received in (5, 6):
        journal.write(lambda db, received=received: save_feed(db, row("a", received)))
    assert [feed.received for feed in journal.feeds()] == [6]


def test_numbers_are_kept(path: Path, journal: Journal) -> None:
    """A number that was never set is 0."""
    assert journal.number("epoch") == 0
    journal.write(lambda db: set_number(db, "epoch", 3))
    journal.write(lambda db: set_number(db, "epoch", 4))
    assert journal.number("epoch") == 4


def test_sequence_numbers_belong_to_a_session(journal: Journal) -> None:
    """The next sentence of a session goes on where it was."""
    put(journal, *sentences("a", 3), *sentences("b", 2))
    assert (journal.last_seq("a"), journal.last_seq("b"), journal.last_seq("c")) == (3, 2, 0)


def test_the_last_spoken_sentences_come_in_the_order_of_hearing(journal: Journal) -> None:
    """Also one whose ``speaking`` receipt was lost, and which has no time of speaking."""
    entries = sentences("a", 4)
    put(journal, *entries)
    for play, (entry, spoken_at) in enumerate(zip(entries, (1.0, 2.0, None, 4.0), strict=True), 1):
        journal.write(
            lambda db, entry=entry, play=play, at=spoken_at: update(db, entry, state="spoken", play=play, spoken_at=at)
        )
    assert [entry.seq for entry in journal.last_spoken(3)] == [2, 3, 4]


def test_states_are_counted_by_feed(journal: Journal) -> None:
    """``feed --wait`` says what became of its sentences."""
    entries = [*sentences("a", 3), *sentences("b", 1)]
    put(journal, *entries)
    journal.write(lambda db: update(db, entries[0], state="spoken"))
    assert journal.count("a") == {"spoken": 1, "queued": 2}


def test_old_sentences_are_forgotten_and_unheard_ones_kept(journal: Journal) -> None:
    """``keep_days`` is about the history, not about what is still to be spoken."""
    old_spoken, old_queued, new_spoken = entries = sentences("a", 3)
    old_spoken.created_at = old_queued.created_at = time.time() - 40 * 86400
    put(journal, *entries)
    for entry in (old_spoken, new_spoken):
        journal.write(lambda db, entry=entry: update(db, entry, state="spoken"))
    for feed in (row("old", ended=True), row("open"), row("new", ended=True)):
        journal.write(lambda db, feed=feed: save_feed(db, feed))
    journal.write(lambda db: db.execute("UPDATE feeds SET touched = 0 WHERE feed != 'new'"))
    journal.prune(30)
    assert [r["seq"] for r in journal.read("SELECT seq FROM utterances ORDER BY id")] == [2, 3]
    assert {r["feed"] for r in journal.read("SELECT feed FROM feeds")} == {"open", "new"}


def test_speech_goes_on_in_memory_when_the_disk_is_full(journal: Journal, told: list[str]) -> None:
    """Nothing is lost, numbers go on, and it is said once."""
    kept = sentence("a", 1)
    put(journal, kept)
    journal.write(lambda db: set_number(db, "next_play", 7))
    fill_the_disk(journal)
    big = [sentence("a", seq, "x" * 20_000) for seq in range(2, 40)]
    put(journal, *big)
    assert journal.in_memory
    assert [entry.seq for entry in journal.unsettled()] == list(range(1, 40))
    assert [entry.id for entry in journal.unsettled()] == [kept.id, *(entry.id for entry in big)]
    assert journal.number("next_play") == 7
    assert [line.partition(" (")[0] for line in told] == [f"the journal {journal.path} cannot be written"]


def test_a_change_that_met_the_full_disk_is_made_once(journal: Journal) -> None:
    """What the failed transaction had done is rolled back before it is made again in memory."""
    fill_the_disk(journal)
    both = [sentence("a", 1, "short"), sentence("a", 2, "x" * 100_000)]

    def change(db: sqlite3.Connection) -> None:
        for entry in both:
            add(db, entry)

    journal.write(change)
    assert [entry.seq for entry in journal.unsettled()] == [1, 2]
    journal.write(lambda db: update(db, both[1], state="spoken"))
    assert [entry.seq for entry in journal.unsettled()] == [1]


def test_the_file_of_a_full_disk_keeps_what_was_written(path: Path, journal: Journal) -> None:
    """The next parser, with room again, goes on from there."""
    put(journal, sentence("a", 1))
    fill_the_disk(journal)
    put(journal, sentence("a", 2, "x" * 100_000))
    again = Journal(path)
    assert [entry.seq for entry in again.unsettled()] == [1]
    assert not again.in_memory
    again.close()


@pytest.mark.parametrize("content", [b"this is not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_broken_file_is_set_aside(path: Path, content: bytes, told: list[str]) -> None:
    """The text in it may be worth saving; speech is not held up."""
    path.write_bytes(content)
    journal = Journal(path, told.append)
    put(journal, sentence())
    journal.close()
    (aside,) = path.parent.glob("journal.sqlite3.broken-*")
    assert aside.read_bytes() == content
    assert [line.partition(" (")[0] for line in told] == ["the journal is broken"]
    assert len(Journal(path).unsettled()) == 1


def test_a_file_that_is_broken_inside_is_set_aside(path: Path, told: list[str]) -> None:
    """Its first page is sound, the sentences are not: a parser that read it later would die of it."""
    journal = Journal(path)
    put(journal, *(sentence("a", seq, "x" * 3000) for seq in range(1, 50)))
    journal.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\xff" * (len(content) - 4096 * 3)
    path.write_bytes(content)
    journal = Journal(path, told.append)
    assert journal.unsettled() == []
    put(journal, sentence())
    journal.close()
    assert [line.partition(" (")[0] for line in told] == ["the journal is broken"]


def test_the_log_of_a_broken_file_goes_with_it(path: Path) -> None:
    """SQLite keeps the newest sentences in a second file; without it the copy would lack them."""
    path.write_bytes(b"this is not a database" * 100)
    path.with_name("journal.sqlite3-wal").write_bytes(b"the newest")
    Journal(path).close()
    (aside,) = path.parent.glob("journal.sqlite3.broken-*-wal")
    assert aside.read_bytes() == b"the newest"


def test_a_folder_that_cannot_be_written_leaves_a_journal_in_memory(tmp_path: Path, told: list[str]) -> None:
    """Speech is not held up; that nothing is kept is said."""
    journal = Journal(tmp_path / "nowhere" / "journal.sqlite3", told.append)
    put(journal, sentence())
    assert journal.in_memory
    assert len(journal.unsettled()) == 1
    assert [line.partition(" (")[0] for line in told] == [f"the journal {journal.path} cannot be opened"]
