"""Which format an input has, decided from its first bytes."""

from typing import Any

import msgspec

from voicectl.protocol.errors import UsageError

FORMATS = ("auto", "stream-json", "transcript", "codex", "gemini", "openai", "text", "markdown")
"""What a user may name."""
HOOKS = "hooks"
"""What ``voicectl hooks run`` leaves in spools."""

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\v\f"
_SSE = (b"data:", b"event:", b"id:", b"retry:", b":")
_CODEX = frozenset(
    {"thread.started", "turn.started", "turn.completed", "turn.failed", "item.started", "item.completed"}
)
_GEMINI = frozenset({"init", "message", "tool_use", "tool_result"})
_TRANSCRIPT = ("sessionId", "parentUuid", "leafUuid", "isSidechain", "isSnapshotUpdate")


def checked(name: str) -> str:
    """Return the name of a format; raise UsageError for an unknown one."""
    if name not in FORMATS and name != HOOKS:
        raise UsageError(f"unknown format {name!r}; use one of {', '.join(FORMATS)}")
    return name


def detect(data: bytes, final: bool) -> str | None:
    """Return the format of an input that begins with ``data``, or None if more bytes are needed.

    A line that is a JSON object with a ``type`` is an agent's stream, as is a broken line that sets
    out to be one; so are server-sent events whose first data are such an object. Everything else is
    Markdown (which plain text is, too).
    """
    start = data.removeprefix(_BOM).lstrip(_BLANK)
    if not start:
        return "markdown" if final and data else None
    if start.startswith(b"{"):
        line, newline, _rest = start.partition(b"\n")
        return _of_line(line) if newline or final else None
    # Half a byte order mark may still become a whole one, and "d" become "data:".
    if not final and (_BOM.startswith(data) or any(field.startswith(start) for field in _SSE)):
        return None
    return _of_events(start, final) if start.startswith(_SSE) else "markdown"


def _of_events(start: bytes, final: bool) -> str | None:
    """Return the format of what looks like server-sent events: their first data decide."""
    lines = start.split(b"\n")
    for line in map(bytes.strip, lines if final else lines[:-1]):
        if line.startswith(b"data:"):
            return "openai" if _is_openai(_object(line[5:])) else "markdown"
        if line and not line.startswith(_SSE):
            return "markdown"
    return "markdown" if final else None


def _of_line(line: bytes) -> str:
    """Return the format of an input whose first line begins an object."""
    fields = _object(line)
    if fields is None:
        return "stream-json" if b'"type"' in line else "markdown"
    kind = fields.get("type")
    if _is_openai(fields):
        return "openai"
    if kind in _CODEX:
        return "codex"
    if any(key in fields for key in _TRANSCRIPT):
        return "transcript"
    if (kind in _GEMINI and "timestamp" in fields) or (kind == "init" and "session_id" in fields):
        return "gemini"
    return "stream-json" if "type" in fields else "markdown"


def _is_openai(fields: dict[str, Any] | None) -> bool:
    if fields is None:
        return False
    return str(fields.get("type", "")).startswith("response.") or isinstance(fields.get("choices"), list)


def _object(data: bytes) -> dict[str, Any] | None:
    """Decode an object; None: it is none."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
