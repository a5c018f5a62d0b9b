"""Interactive sessions: the client's hooks, and a transcript that is followed."""

import json
import signal
from pathlib import Path
from typing import Any

from instance import Instance, eventually

TRANSCRIPT = Path(__file__).parents[1] / "data" / "sources" / "transcript.jsonl"


def hook(instance: Instance, name: str, **fields: Any) -> None:
    """Let the client run a hook."""
    assert not instance.run(
        "hooks", "run", stdin=json.dumps({"hook_event_name": name, "session_id": "abc", **fields}).encode()
    )


def test_a_session_with_hooks_speaks_while_it_is_written(instance: Instance) -> None:
    """Text on the screen is spoken before the message is complete, and the complete one adds what is missing."""
    instance.env.pop("CLAUDE_CODE_ENTRYPOINT", None)
    instance.up("null:fast")
    hook(instance, "MessageDisplay", turn_id="t", message_id="m", index=0, final=False, delta="The tests passed.\n")
    eventually(lambda: instance.states() == ["spoken"], "the first line")
    hook(instance, "Notification", message="Claude needs your permission", notification_type="permission_prompt")
    hook(instance, "Stop", last_assistant_message="The tests passed.\nThe build is finished.")
    eventually(lambda: instance.states() == ["spoken"] * 3, "the rest")
    history = instance.history()
    assert {row["session"] for row in history} == {"abc"}
    assert sorted(row["source"] for row in history) == [
        "Claude needs your permission",
        "The build is finished.",
        "The tests passed.",
    ]


def test_a_transcript_is_spoken_as_it_is_written(instance: Instance) -> None:
    """A sentence leaves with its line; Ctrl-C ends the feed, not the speech."""
    lines = TRANSCRIPT.read_bytes().splitlines(keepends=True)
    instance.up("null:fast")
    feed = instance.start("feed", "--follow", "session.jsonl", "--from-start", "--wait")
    with (instance.folder / "session.jsonl").open("ab", buffering=0) as transcript:
        transcript.write(b"".join(lines[:5]))
        eventually(lambda: instance.states() == ["spoken"], "the first answer")
        transcript.write(b"".join(lines[5:]))
        eventually(lambda: len(instance.states()) == 6, "the last one")
    feed.send_signal(signal.SIGINT)
    assert feed.wait(60) == 0
    assert instance.history()[0]["source"] == "I'll look at the test."
    assert set(instance.states()) == {"spoken"}
