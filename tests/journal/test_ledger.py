"""What the parser takes over from the sink's ledger."""

from pathlib import Path

from sentences import parser_settings, row, sentences

from voicectl.actors.parser.delivery import LIVES, Delivery
from voicectl.actors.parser.journal import Journal
from voicectl.protocol.speaking import Ledger
from voicectl.protocol.supervising import Suspect


def released(path: Path, count: int) -> tuple[Journal, Delivery]:
    """Return a delivery that has released so many sentences."""
    journal = Journal(path)
    delivery = Delivery(journal, parser_settings(16))
    delivery.record(row(), list(sentences("a", count)))
    while delivery.release(0.0):
        pass
    return journal, delivery


def test_what_a_tombstone_settled_is_not_journaled_as_spoken(tmp_path: Path) -> None:
    """The receipts were lost; the ledger still tells the two apart."""
    journal, delivery = released(tmp_path / "journal.db", 3)
    heard = delivery.reconcile(Ledger(settled=3, failed=(1, 2)))
    assert [entry.state for entry in heard] == ["failed", "failed", "spoken"]
    states = [each["state"] for each in journal.read("SELECT state FROM utterances ORDER BY id")]
    assert states == ["failed", "failed", "spoken"]


def test_what_killed_every_voice_is_quarantined_also_where_only_the_ledger_knows(tmp_path: Path) -> None:
    """The deaths are in the journal, so the state is right, and the reason is there."""
    path = tmp_path / "journal.db"
    journal, delivery = released(path, 2)
    for _ in range(LIVES["synthesizer"]):
        delivery.suspect(Suspect(stage="synthesizer", play=1, count=1))
    journal.close()
    journal = Journal(path)
    delivery = Delivery(journal, parser_settings(16))
    delivery.take_up(is_new_pipeline=False)
    delivery.reconcile(Ledger(settled=2, failed=(1, 2)))
    rows = journal.read("SELECT state, error FROM utterances ORDER BY id")
    assert [each["state"] for each in rows] == ["quarantined", "failed"]
    assert rows[0]["error"] == "the synthesizer died on it repeatedly"


def test_no_number_is_given_out_under_which_the_sink_has_sound(tmp_path: Path) -> None:
    """The journal was lost: its first sentence must not be taken for the one that was cut."""
    _, delivery = released(tmp_path / "journal.db", 0)
    delivery.reconcile(Ledger(settled=3, current=4, buffered=(4, 5)))
    assert delivery.first_play() == 6
