"""What sources that write one JSON object a line have in common."""

import json
import zlib
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import msgspec

from voicectl.actors.parser.error_text import error_text
from voicectl.actors.parser.streamlines import Close, Event, Say

ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)


class Wanted(NamedTuple):
    """What is to be spoken besides the answers of the agent itself."""

    subagents: bool
    errors: bool
    thinking: bool


class Said(msgspec.Struct):
    """How much of a text was said: its length in characters and its CRC-32."""

    length: int = 0
    crc: int = 0

    def rest(self, text: str) -> str | None:
        """Return what ``text`` has beyond that, or None when it begins otherwise; it counts as said then."""
        if len(text) < self.length or crc(text[: self.length]) != self.crc:
            return None
        rest = text[self.length :]
        self.grow(rest)
        return rest

    def grow(self, text: str) -> None:
        """More was said."""
        self.crc = crc(text, self.crc)
        self.length += len(text)


def crc(text: str, start: int = 0) -> int:
    """Return the CRC-32 of a text, halves of characters included."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"), start)


def string(value: Any) -> str:
    """Return a value that is a string, and of anything else the empty one."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """Return a value that is an object, and of anything else the empty one."""
    return value if isinstance(value, dict) else {}


def spoken_error(text: str) -> list[Event]:
    """Return an error as a text of its own."""
    return [Say(error_text(text)), Close()] if text.strip() else []


class JsonLines(ABC):
    """Reads line after line and says what they mean for the listener; a broken line is counted and means nothing."""

    def __init__(self, wanted: Wanted, counters: dict[str, int]) -> None:
        self._wanted = wanted
        self._counters = counters

    def read(self, data: bytes) -> list[Event]:
        """Return what one line means."""
        if not data.strip():
            return []
        line, repaired = _decode(data)
        if line is None:
            self.count("bad_json")
            return []
        if repaired:
            self.count("bad_utf8")
        return self.line(line)

    @abstractmethod
    def line(self, line: dict[str, Any]) -> list[Event]:
        """Return what one object means."""

    def finish(self) -> list[Event]:
        """Return what the end of the input means."""
        return [Close()]

    def count(self, name: str) -> None:
        """Count something that was skipped."""
        self._counters[name] = self._counters.get(name, 0) + 1


def _decode(data: bytes) -> tuple[dict[str, Any] | None, bool]:
    """Decode a line (None: it is no JSON object); say too whether it held bytes that are no UTF-8."""
    try:
        value = msgspec.json.decode(data)
    except ERRORS:
        text = data.decode("utf-8", "replace")
        try:
            value = json.loads(text)  # half a character, or bytes that are no UTF-8
        except ERRORS:
            return None, False
        return (value, "\ufffd" in text) if isinstance(value, dict) else (None, False)
    return (value, False) if isinstance(value, dict) else (None, False)
