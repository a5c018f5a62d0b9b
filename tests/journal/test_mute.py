"""A stop silences the rest of the present answer, and nothing of the next one."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq
from sentences import only_journaled, parser_settings

from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.intake import Intake
from voicectl.actors.parser.journal import Journal
from voicectl.protocol.feeding import Chunk


class Talk:
    """One agent's stream-json on its way into the journal."""

    def __init__(self, journal: Journal, intake: Intake) -> None:
        self.intake = intake
        self._journal = journal
        self._offset = 0

    def answer(self, text: str) -> None:
        """The agent says this, and goes on."""
        content = [{"type": "text", "text": text}]
        message = {"id": f"msg_{self._offset}", "role": "assistant", "content": content}
        self._line({"type": "assistant", "session_id": "s", "parent_tool_use_id": None, "message": message})

    def end_answer(self) -> None:
        """The agent's answer is over."""
        self._line({"type": "result", "subtype": "success", "is_error": False, "session_id": "s"})

    def states(self) -> dict[str, str]:
        """Return what became of every sentence."""
        return {row["source"]: row["state"] for row in self._journal.read("SELECT source, state FROM utterances")}

    def _line(self, line: object) -> None:
        data = msgspec.json.encode(line) + b"\n"
        self.intake.take(Chunk(feed="f", offset=self._offset, arrived=1), data, 1)
        self._offset += len(data)


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """A stream over a real journal."""
    journal = Journal(tmp_path / "journal.db")
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    settings = parser_settings()
    delivery = Delivery(journal, settings)
    intake = Intake(settings, journal, delivery, only_journaled(delivery), context, "parser.1")
    yield Talk(journal, intake)
    intake.close()
    journal.close()
    context.term()


def test_a_stop_in_an_answer_silences_its_rest_only(talk: Talk) -> None:
    """What the agent still says is cancelled; its next answer is spoken."""
    talk.answer("One is here.\n\nTwo is here.\n\n")
    talk.intake.mute()
    talk.answer("Three is here.\n\n")
    talk.end_answer()
    talk.answer("Four is here.\n\n")
    talk.end_answer()
    states = talk.states()
    assert states["Three is here."] == "cancelled"
    assert states["Four is here."] == "queued"


def test_a_stop_behind_an_answer_does_not_silence_the_next(talk: Talk) -> None:
    """The agent writes faster than one speaks: when the user stops, the answer has long been written to its end."""
    talk.answer("One is here.\n\nTwo is here.\n\n")
    talk.end_answer()
    talk.intake.mute()
    talk.answer("Three is here.\n\n")
    talk.end_answer()
    assert talk.states()["Three is here."] == "queued"
