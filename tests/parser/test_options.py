"""What may be spoken besides the agent's answers, with partial messages, without them, and in transcripts."""

from typing import Any

import msgspec
import pytest
from parser_kit import parse, texts

THOUGHT, ANSWER, HELP, ERROR = "I wonder.", "I know.", "A helper found it.", "API Error: 529 Overloaded."
HEARD = {
    (): [ANSWER, ERROR],
    ("thinking",): [THOUGHT, ANSWER, ERROR],
    ("subagents",): [HELP, ANSWER, ERROR],
    ("subagents", "thinking"): [THOUGHT, HELP, ANSWER, ERROR],
}
"""The options that are on, besides errors, and what is heard."""


def event(**fields: Any) -> dict[str, Any]:
    """Return an event of the API."""
    return {"type": "stream_event", "parent_tool_use_id": None, "event": fields}


def block(index: int, kind: str, field: str, text: str) -> list[dict[str, Any]]:
    """Return a block in deltas of three characters."""
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    delta = {"type": f"{kind}_delta"}
    return [
        event(type="content_block_start", index=index, content_block={"type": kind, field: ""}),
        *(event(type="content_block_delta", index=index, delta={**delta, field: piece}) for piece in pieces),
    ]


def assistant(message: str, content: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Return an assistant line."""
    return {"type": "assistant", "parent_tool_use_id": None, **fields, "message": {"id": message, "content": content}}


THINKING = [{"type": "thinking", "thinking": THOUGHT}]
TEXT = [{"type": "text", "text": ANSWER}]
HELPER = [{"type": "text", "text": HELP}]
FAILED = {
    "type": "assistant",
    "error": "overloaded",
    "message": {"id": "e", "model": "<synthetic>", "content": [{"type": "text", "text": ERROR}]},
}
RESULT = {"type": "result", "subtype": "success", "result": ANSWER}


def whole() -> list[dict[str, Any]]:
    """Return a session without partial messages."""
    helper = assistant("h", HELPER, parent_tool_use_id="toolu_1")
    return [assistant("m", THINKING), helper, assistant("m", TEXT), FAILED, RESULT]


def partial() -> list[dict[str, Any]]:
    """Return the same with partial messages."""
    stop = event(type="content_block_stop", index=0)
    return [
        event(type="message_start", message={"id": "m", "content": []}),
        *block(0, "thinking", "thinking", THOUGHT),
        event(type="content_block_delta", index=0, delta={"type": "signature_delta", "signature": "never"}),
        assistant("m", THINKING),
        stop,
        assistant("h", HELPER, parent_tool_use_id="toolu_1"),
        *block(1, "text", "text", ANSWER),
        assistant("m", TEXT),
        stop,
        event(type="message_delta", delta={"stop_reason": "end_turn"}),
        event(type="message_stop"),
        FAILED,
        RESULT,
    ]


def transcript() -> list[dict[str, Any]]:
    """Return the same as an interactive session's transcript has it."""
    helper = assistant("h", HELPER, isSidechain=True)
    failed = {"type": "assistant", "isApiErrorMessage": True, "message": FAILED["message"]}
    return [assistant("m", THINKING), helper, assistant("m", TEXT), failed]


@pytest.mark.parametrize("options", HEARD)
@pytest.mark.parametrize("errors", [True, False])
@pytest.mark.parametrize("session", [whole, partial, transcript])
def test_an_option_adds_just_its_own_text(session: Any, options: tuple[str, ...], errors: bool) -> None:
    """Nothing is said twice, nothing else is said, in each form of the stream."""
    data = b"".join(msgspec.json.encode(line) + b"\n" for line in session())
    format_name = "transcript" if session is transcript else "stream-json"
    heard = texts(parse(data, format_name, errors=errors, **dict.fromkeys(options, True)))
    assert heard == (HEARD[options] if errors else HEARD[options][:-1])
