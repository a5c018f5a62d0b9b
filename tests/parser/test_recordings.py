"""Recorded sessions against what a listener should hear."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from parser_kit import OWN, SHARED, comparable, gold, parse, texts

from voicectl.actors.parser.reader import AnswerEnd, SessionStart

SCENARIOS = [
    "agentic",
    "compact",
    "control-interrupt",
    "empty",
    "error-400",
    "error-401",
    "error-429",
    "error-529",
    "interrupted-after-tool",
    "interrupted-always",
    "interrupted-once",
    "interrupted-reset",
    "local-command",
    "long",
    "markdown",
    "max-tokens-always",
    "max-tokens",
    "max-turns",
    "multiturn",
    "plain",
    "refusal-always",
    "replay",
    "split",
    "stall",
    "subagent-forwarded",
    "subagent",
    "thinking",
    "tool-denied",
    "tool",
    "user-interrupt",
]
EXACT = [f"{scenario}{suffix}" for scenario in SCENARIOS for suffix in ("", ".partial")]
ALL = sorted({*OWN.glob("*.jsonl"), *SHARED.rglob("*.jsonl")})


@pytest.mark.parametrize("recording", sorted(OWN.glob("*.jsonl")), ids=lambda path: path.stem)
def test_own_recordings_are_spoken_exactly(recording: Path) -> None:
    """The recordings kept with the tests give their gold text, line by line."""
    assert [comparable(text) for text in texts(parse(recording.read_bytes(), "auto"))] == gold(recording)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared recordings are not here")
@pytest.mark.parametrize("name", EXACT)
def test_shared_recordings_are_spoken_exactly(name: str) -> None:
    """Every recording named here gives its gold text, line by line."""
    recording = SHARED / f"{name}.jsonl"
    assert [comparable(text) for text in texts(parse(recording.read_bytes(), "auto"))] == gold(recording)


@pytest.mark.parametrize("recording", ALL, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_but_the_agents_own_text_is_spoken(recording: Path) -> None:
    """No word of thinking, tools, subagents, users or the system is spoken in any recording."""
    data = recording.read_bytes()
    allowed = _words("".join(_own_text(msgspec.json.decode(line)) for line in data.splitlines()))
    for text in texts(parse(data, "auto")):
        assert _words(text) <= allowed


@pytest.mark.parametrize("recording", ALL, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_turn_ends_once_and_the_session_is_named_once(recording: Path) -> None:
    """A recording names its session first and gives one end for each result line."""
    data = recording.read_bytes()
    items = parse(data, "auto")
    results = sum(msgspec.json.decode(line).get("type") == "result" for line in data.splitlines())
    assert [type(item) for item in items].count(SessionStart) == 1
    assert sum(isinstance(item, AnswerEnd) for item in items) >= results


def _own_text(line: dict[str, Any]) -> str:
    """Return the text of a line that the agent (or its client, in its name) says to the listener."""
    if line.get("parent_tool_use_id") is not None:
        return ""
    if line["type"] == "assistant":
        return "\n".join(["", *(block.get("text", "") for block in line["message"]["content"]), ""])
    if line["type"] == "stream_event":
        delta = line["event"].get("delta", {})
        return delta["text"] if delta.get("type") == "text_delta" else ""
    return ""


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]{3,}", text))
