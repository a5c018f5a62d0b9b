"""The lines of ``stream-json`` as far as they matter here, and what they can mean for the listener."""

import json
from typing import Any, Literal

import msgspec


class Say(msgspec.Struct, frozen=True):
    """Text to be spoken, to be joined directly to the text before it."""

    text: str


class Close(msgspec.Struct, frozen=True):
    """The text ends here; ``cut``: in the middle, an unfinished sentence is to be dropped."""

    cut: bool = False


class Aside(msgspec.Struct, frozen=True):
    """A whole text by somebody else (a subagent), apart from the text that is being said."""

    text: str


class Done(msgspec.Struct, frozen=True):
    """A task in the background is done; several of them within a short time are told together."""

    task: str


class Rewind(msgspec.Struct, frozen=True):
    """The answer starts again from its beginning."""


class Forget(msgspec.Struct, frozen=True):
    """The message is complete; nothing of it will be repeated."""


class End(msgspec.Struct, frozen=True):
    """The turn is over."""


class Named(msgspec.Struct, frozen=True):
    """The stream named its session."""

    session: str


KNOWN_TYPES = frozenset(
    [
        "assistant",
        "stream_event",
        "system",
        "user",
        "result",
        "tool_progress",
        "tool_use_summary",
        "prompt_suggestion",
        "rate_limit_event",
        "auth_status",
        "active_goal",
        "conversation_reset",
        "keep_alive",
        "control_request",
        "control_response",
        "control_cancel_request",
    ]
)
"""The types of lines that the client is known to write; whatever else there is is counted."""

Event = Say | Close | Aside | Done | Rewind | Forget | End | Named


class Line(msgspec.Struct):
    """The fields of a line that matter here; everything else is skipped without being decoded."""

    type: Any = None
    subtype: Any = None
    session_id: Any = None
    uuid: Any = None
    parent_tool_use_id: Any = None
    event: Any = None
    message: msgspec.Raw = msgspec.Raw(b"null")
    abandoned_blocks: Any = None
    aborted: Any = None
    supersedes: Any = None
    error: Any = None
    api_error: Any = None
    is_api_error_message: Any = None
    local_command_source: Any = None
    local_command_run: Any = None
    is_synthetic: Any = msgspec.field(name="isSynthetic", default=None)
    is_replay: Any = msgspec.field(name="isReplay", default=None)
    # Transcripts only.
    session: Any = msgspec.field(name="sessionId", default=None)
    is_sidechain: Any = msgspec.field(name="isSidechain", default=None)
    is_meta: Any = msgspec.field(name="isMeta", default=None)
    is_error: Any = msgspec.field(name="isApiErrorMessage", default=None)


class _TextDelta(msgspec.Struct):
    type: Literal["text_delta"]
    text: str


class _DeltaEvent(msgspec.Struct):
    type: Literal["content_block_delta"]
    delta: _TextDelta


class _DeltaLine(msgspec.Struct):
    type: Literal["stream_event"]
    event: _DeltaEvent
    parent_tool_use_id: None = None


_DECODER = msgspec.json.Decoder(Line)
_DELTA_DECODER = msgspec.json.Decoder(_DeltaLine)
_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)


def delta_text(data: bytes) -> str | None:
    """Return the text of a line that is a text delta of the top level as it should be; such lines are most of a stream.

    None: the line is another one, or needs a closer look.
    """
    if b'"text_delta"' not in data:
        return None
    try:
        line = _DELTA_DECODER.decode(data)
        if not data.isascii():
            data.decode()  # what was skipped must be UTF-8 too, as in decode
    except _ERRORS:
        return None
    return line.event.delta.text


def decode(data: bytes) -> tuple[Line | None, bool]:
    """Decode a line (None: it is no JSON object); say too whether it held bytes that are no UTF-8.

    What msgspec refuses (bytes that are no UTF-8, half a character) gets a second chance.
    """
    try:
        line = _DECODER.decode(data)
        if not data.isascii():
            data.decode()  # the message was not looked at yet
    except _ERRORS:
        pass
    else:
        return line, False
    try:
        text = data.decode("utf-8", "replace")
        fields = json.loads(text)
        message = fields.pop("message", None)
        line = msgspec.convert(fields, Line)
        line.message = msgspec.Raw(json.dumps(message).encode())
    except (*_ERRORS, AttributeError, TypeError):
        return None, False
    return line, "\ufffd" in text


def message_of(line: Line) -> dict[str, Any]:
    """Decode the message of a line; anything but an object counts as an empty one."""
    try:
        value = msgspec.json.decode(line.message)
    except _ERRORS:
        try:
            value = json.loads(bytes(line.message))  # half a character
        except _ERRORS:
            return {}
    return value if isinstance(value, dict) else {}


def first_text(content: Any) -> str:
    """Return the text of a user message, or of its first text block."""
    if isinstance(content, str):
        return content
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and isinstance(block.get("text"), str):
            return str(block["text"])
    return ""
