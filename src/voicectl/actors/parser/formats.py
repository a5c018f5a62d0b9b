"""Which format an input has, decided from its first bytes."""

import msgspec

from voicectl.protocol.errors import UsageError

FORMATS = ("auto", "stream-json", "text", "markdown")
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\v\f"


def checked(name: str) -> str:
    """Return the name of a format; raise UsageError for an unknown one."""
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}; use one of {', '.join(FORMATS)}")
    return name


def detect(data: bytes, final: bool) -> str | None:
    """Return the format of an input that begins with ``data``, or None if more bytes are needed.

    A line that is a JSON object with a ``type`` is an agent's stream, as is a broken line that sets
    out to be one; everything else is Markdown (which plain text is, too).
    """
    start = data.removeprefix(_BOM).lstrip(_BLANK)
    if not start:
        return "markdown" if final and data else None
    if not start.startswith(b"{"):
        # Half a byte order mark may still become a whole one.
        return None if not final and _BOM.startswith(data) else "markdown"
    line, newline, _rest = start.partition(b"\n")
    if not newline and not final:
        return None
    try:
        return "stream-json" if "type" in msgspec.json.decode(line, type=dict[str, msgspec.Raw]) else "markdown"
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "stream-json" if b'"type"' in line else "markdown"
