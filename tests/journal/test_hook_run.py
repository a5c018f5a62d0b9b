"""``voicectl hooks run``: what the client's hooks leave is spoken once, in order; the agent never notices."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from sentences import only_journaled, parser_settings

from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.intake import Intake
from voicectl.actors.parser.journal import Journal
from voicectl.actors.parser.spool import Spool, SpoolHeader
from voicectl.actors.phrases.mark import is_marked

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
        deliver = only_journaled(self.delivery)
        self.intake = Intake(settings, self.journal, self.delivery, deliver, self.context, "parser")

    def hook(self, name: str, data: bytes | None = None, **fields: Any) -> None:
        """Let the client run a hook."""
        event = {"session_id": "abc", "cwd": "/", "transcript_path": "", "hook_event_name": name, **fields}
        given = json.dumps(event, indent=1).encode() if data is None else data
        done = subprocess.run(RUN, input=given, env=self.environment, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    def hooks_twice(self, name: str, **fields: Any) -> None:
        """Let the client run a hook that is installed twice: it does so at once, and each finds the other."""
        given = json.dumps({"session_id": "abc", "hook_event_name": name, **fields}).encode()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        both = [subprocess.Popen(RUN, env=self.environment, **pipes) for _ in range(2)]
        assert [hook.communicate(given) for hook in both] == [(b"", b"")] * 2
        assert [hook.returncode for hook in both] == [0, 0]

    def display(self, message: str, index: int, delta: str, final: bool = False, turn: str = "t1") -> None:
        """Let lines appear on the screen."""
        self.hook("MessageDisplay", turn_id=turn, message_id=message, index=index, final=final, delta=delta)

    def adopt(self) -> list[str]:
        """Return what is to be spoken after all spools were adopted."""
        self.intake.adopt(self.folder / "spool")
        assert not list((self.folder / "spool").glob("*"))
        return [entry.source for entry in self.delivery.backlog]

    def later(self, seconds: float) -> None:
        """Let the intake look at its feeds as it would so long after now, nothing having come."""
        self.intake.settle_pauses(time.monotonic() + seconds)


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
    session.hooks_twice("MessageDisplay", turn_id="t1", message_id="m1", index=0, final=True, delta="Once.\n")
    session.hooks_twice("TaskCompleted", task_id="1", task_subject="Write the tests", prompt_id="p")
    session.hooks_twice("Stop", last_assistant_message="Once.")
    session.hooks_twice("Notification", message="Claude needs your permission", notification_type="permission_prompt")
    heard = session.adopt()
    assert sorted(heard) == ["Claude needs your permission", "Once.", "Task completed:", "Write the tests."]


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


@pytest.mark.parametrize("message", ["Claude needs your permission to use Bash", "Claude needs your permission"])
def test_a_request_for_permission_names_the_tool_and_is_looked_up(session: Session, message: str) -> None:
    """Where the message does not name it, the field does; the mark is journaled, the text of a turn has none."""
    session.hook("Stop", last_assistant_message="Claude needs your permission to use Bash.")
    session.hook("Notification", message=message, notification_type="permission_prompt", tool_name="Bash")
    session.adopt()
    entries = session.journal.unsettled()
    assert {entry.source.rstrip(".") for entry in entries} == {"Claude needs your permission to use Bash"}
    assert {entry.feed.partition("-")[0]: is_marked(entry.spans) for entry in entries} == {
        "announce": True,
        "hook": False,
    }


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


def test_tasks_that_are_done_together_are_told_together(session: Session) -> None:
    """A note waits two seconds for others; the agent's next words do not wait for it."""
    for number in ("1", "2", "3"):
        session.hook("TaskCompleted", turn_id="t1", task_id=number, task_subject=f"Write part {number}")
    assert session.adopt() == []
    session.later(1.0)
    assert session.adopt() == []
    session.later(2.5)
    assert session.adopt() == ["3 tasks are done."]
    session.hook("TaskCompleted", turn_id="t1", task_id="4", task_subject="Test it.")
    session.display("m1", 0, "All is well.\n", final=True)
    assert session.adopt() == ["3 tasks are done.", "Task completed:", "Test it.", "All is well."]


def test_a_session_that_ends_in_mid_turn_ends_its_feed(session: Session) -> None:
    """What was read is spoken, however incomplete."""
    session.display("m1", 0, "One. Two is\n")
    session.hook("SessionEnd", reason="prompt_input_exit")
    assert session.adopt() == ["One.", "Two is"]
    assert session.journal.feeds() == []


def test_a_session_that_was_killed_in_mid_turn_is_spoken_and_ends(session: Session) -> None:
    """Nothing says so: the text read so far is all after a while, and the feed is over after an hour."""
    session.display("m1", 0, "One. Two is\n")
    session.adopt()
    session.later(5.0)
    assert session.adopt() == ["One."]
    session.later(30.0)
    assert session.adopt() == ["One.", "Two is"]
    assert len(session.journal.feeds()) == 1
    session.later(4000.0)
    assert session.journal.feeds() == []


def test_a_turn_that_goes_on_after_hours_is_spoken_all_the_same(session: Session) -> None:
    """It begins a new feed: the old one may be over."""
    session.display("m1", 0, "One.\n")
    session.adopt()
    session.later(4000.0)
    (path,) = (session.folder / "hooks").glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "left": 1.0}))
    session.display("m1", 1, "Two.\n", final=True)
    assert session.adopt() == ["One.", "Two."]


def test_half_a_sentence_is_settled_once_and_not_again_and_again(session: Session) -> None:
    """A parser whose agent pauses in the middle of a sentence sleeps."""
    session.display("m1", 0, "Two is\n")
    session.adopt()
    assert session.intake.due(time.monotonic()) < 1
    session.later(1.0)
    session.intake.commit(float("inf"))
    assert session.intake.due(time.monotonic() + 1.0) > 1
