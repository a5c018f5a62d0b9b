"""``voicectl hooks run``: what the client's hooks leave is spoken once, in order; the agent never notices."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from sentences import parser_settings

from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.intake import Intake
from voicectl.actors.parser.journal import Journal
from voicectl.actors.parser.spool import Spool, SpoolHeader

RUN = [sys.executable, "-m", "voicectl", "hooks", "run"]


class Session:
    """Runs real hook processes, and the parser's intake that adopts what they leave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "VOICECTL_STATE_DIR": str(folder)}
        self.environment.pop("CLAUDE_CODE_ENTRYPOINT", None)
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.journal = Journal(folder / "journal.sqlite3", lambda text: None)
        settings = parser_settings()
        self.delivery = Delivery(self.journal, settings)
        self.intake = Intake(settings, self.journal, self.delivery, self.context, "parser")

    def hook(self, name: str, data: bytes | None = None, **fields: Any) -> None:
        """Let the client run a hook."""
        event = {"session_id": "abc", "cwd": "/", "transcript_path": "", "hook_event_name": name, **fields}
        given = json.dumps(event, indent=1).encode() if data is None else data
        done = subprocess.run(RUN, input=given, env=self.environment, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    def display(self, message: str, index: int, delta: str, final: bool = False, turn: str = "t1") -> None:
        """Let lines appear on the screen."""
        self.hook("MessageDisplay", turn_id=turn, message_id=message, index=index, final=final, delta=delta)

    def adopt(self) -> list[str]:
        """Return what is to be spoken after all spools were adopted."""
        self.intake.adopt(self.folder / "spool")
        assert not list((self.folder / "spool").glob("*"))
        return [entry.source for entry in self.delivery.backlog]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Give a session and put it away."""
    session = Session(tmp_path)
    yield session
    session.intake.close()
    session.journal.close()
    session.context.term()


def test_text_is_spoken_as_it_appears_and_not_again_at_the_end(session: Session) -> None:
    """Adopted batch by batch, a code block over two of them stays a code block."""
    session.display("m1", 0, "I changed this. It is\n```python\n")
    assert session.adopt() == ["I changed this.", "It is"]
    session.display("m1", 1, "x = 1\n```\n")
    session.display("m1", 2, "All is well.", final=True)
    heard = session.adopt()
    session.hook("Stop", last_assistant_message="I changed this. It is\n\n```python\nx = 1\n```\n\nAll is well.")
    assert session.adopt() == heard == ["I changed this.", "It is", "All is well."]
    assert {entry.session for entry in session.delivery.backlog} == {"abc"}


def test_turns_that_wait_for_a_pipeline_are_spoken_in_their_order(session: Session) -> None:
    """An interrupted one is ended by the next."""
    session.display("m1", 0, "First. Cut in the\n")
    session.display("m2", 0, "Second.\n", turn="t2")
    session.hook("Stop", last_assistant_message="Second.")
    session.display("m3", 0, "Third.\n", final=True, turn="t3")
    session.hook("Stop", last_assistant_message="Third.")
    assert session.adopt() == ["First.", "Cut in the", "Second.", "Third."]


def test_without_a_display_hook_the_finished_message_is_spoken(session: Session) -> None:
    """The same words in the next turn are spoken again; a second hook for the same stop is not."""
    session.hook("Stop", last_assistant_message="Done.", prompt_id="p1", stop_hook_active=False)
    session.hook("Stop", last_assistant_message="Done.", prompt_id="p1", stop_hook_active=True)
    session.hook("Stop", last_assistant_message="Done.", prompt_id="p2", stop_hook_active=False)
    assert session.adopt() == ["Done.", "Done."]


def test_an_old_client_has_its_last_message_in_the_transcript(session: Session, tmp_path: Path) -> None:
    """All its text blocks, nothing of helpers or of earlier messages."""
    lines = [
        {"type": "assistant", "message": {"id": "m0", "content": [{"type": "text", "text": "Earlier."}]}},
        {"type": "user", "message": {"content": "Go on."}},
        {"type": "assistant", "message": {"id": "m1", "content": [{"type": "thinking", "thinking": "Hm."}]}},
        {"type": "assistant", "message": {"id": "m1", "content": [{"type": "text", "text": "One. "}]}},
        {
            "type": "assistant",
            "isSidechain": True,
            "message": {"id": "s", "content": [{"type": "text", "text": "No."}]},
        },
        {"type": "assistant", "message": {"id": "m1", "content": [{"type": "text", "text": "Two."}]}},
        {"type": "system", "subtype": "turn_duration"},
    ]
    transcript = tmp_path / "t.jsonl"
    transcript.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    session.hook("Stop", transcript_path=str(transcript))
    assert session.adopt() == ["One.", "Two."]


def test_a_hook_that_is_installed_twice_says_nothing_twice(session: Session) -> None:
    """In the user's settings and in the project's."""
    for _ in range(2):
        session.display("m1", 0, "Once.\n", final=True)
    for _ in range(2):
        session.hook("TaskCompleted", task_id="1", task_subject="Write the tests", prompt_id="p")
    for _ in range(2):
        session.hook("Stop", last_assistant_message="Once.")
    for _ in range(2):
        session.hook("Notification", message="Claude needs your permission", notification_type="permission_prompt")
    heard = session.adopt()
    assert sorted(heard) == ["Claude needs your permission", "Once.", "Task completed: Write the tests."]


def test_a_request_for_permission_goes_before_what_is_queued(session: Session) -> None:
    """In its own order, at the next sentence end; a note that nobody waits for is not said."""
    session.hook("Stop", last_assistant_message="One. Two.")
    session.adopt()
    session.hook("Notification", message="Claude is waiting for your input", notification_type="idle_prompt")
    session.hook("Notification", message="Claude is waiting for your input")
    session.hook(
        "Notification", message="Claude needs your permission. Use Bash.", notification_type="permission_prompt"
    )
    assert session.adopt() == ["Claude needs your permission.", "Use Bash.", "One.", "Two."]


def test_subagents_and_sessions_without_a_terminal_are_silent(session: Session) -> None:
    """What ``claude -p`` writes goes through voicectl feed, if anybody wants to hear it."""
    session.hook("Stop", last_assistant_message="A helper.", agent_id="a1", agent_type="Explore")
    session.environment["CLAUDE_CODE_ENTRYPOINT"] = "sdk-cli"
    session.hook("Stop", last_assistant_message="Headless.")
    assert session.adopt() == []


def test_an_error_that_ends_a_turn_is_spoken(session: Session) -> None:
    """Otherwise the listener would wait for nothing."""
    session.hook("StopFailure", error="rate_limit", last_assistant_message="API Error: Rate limit reached")
    assert session.adopt() == ["API Error: Rate limit reached"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff\x00", b"null", b'{"hook_event_name": "Stop", "session_id": 7}']
)
def test_whatever_the_client_gives_the_agent_is_not_disturbed(session: Session, data: bytes) -> None:
    """Exit status 0 and not a byte of output, each time."""
    session.hook("", data)


def test_a_folder_that_cannot_be_written_does_not_disturb_the_agent(session: Session, tmp_path: Path) -> None:
    """Nothing is spoken then, that is all."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    session.environment["VOICECTL_STATE_DIR"] = str(blocked)
    session.hook("Stop", last_assistant_message="Lost.")


def test_a_hook_does_not_wait_for_a_parser_that_hangs(session: Session) -> None:
    """A parser that was stopped in the middle of an adoption holds its spool's lock."""
    session.display("m1", 0, "One.\n")
    (spool,) = (session.folder / "spool").glob("*.spool")
    hold = f"import fcntl,os,time;f=open({str(spool)!r});fcntl.flock(f,2);print(flush=True);time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as parser:
        assert parser.stdout
        parser.stdout.readline()
        parser.send_signal(signal.SIGSTOP)
        session.display("m1", 1, "Two.\n", final=True)
        parser.kill()
    assert session.adopt() == ["One.", "Two."]


def test_a_spool_that_goes_on_leaves_its_feed_open(session: Session) -> None:
    """The feed ends with the spool that says so."""
    for base, data, ends in ((0, b"It is", False), (5, b" done. And", False), (15, b" over", True)):
        header = SpoolHeader(feed="f", format="text", base=base, ends=ends)
        spool = Spool(session.folder / "spool", header, name=f"f-{base:03d}")
        spool.append(data)
        spool.close(keep=True)
        heard = session.adopt()
    assert heard == ["It is done.", "And over"]
