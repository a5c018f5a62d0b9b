"""Gemini CLI, ``gemini --output-format stream-json``: which text of it is spoken.

``init`` names the session, ``message`` carries the words of the user and, in pieces (``delta``), of the
assistant; ``tool_use`` and ``tool_result`` stand between them, ``error`` holds warnings and errors,
``result`` ends the turn.

Source: google-gemini/gemini-cli, ``packages/core/src/output/types.ts``.
"""

from typing import Any

import msgspec

from voicectl.actors.parser.jsonlines import JsonLines, Wanted, mapping, spoken_error, string
from voicectl.actors.parser.streamlines import Close, End, Event, Forget, Named, Say


class GeminiState(msgspec.Struct):
    """``error`` is the last error that was met in this turn."""

    error: str = ""


class Gemini(JsonLines):
    """Reads the events of Gemini CLI's ``stream-json``."""

    def __init__(self, wanted: Wanted, counters: dict[str, int], state: GeminiState) -> None:
        super().__init__(wanted, counters)
        self.state = state

    def line(self, line: dict[str, Any]) -> list[Event]:
        """Return what one event means."""
        kind = string(line.get("type"))
        if kind == "message":
            return self._message(line)
        if kind == "init":
            session = string(line.get("session_id"))
            return [Named(session)] if session else []
        if kind in {"tool_use", "tool_result"}:
            return [Close()]
        if kind == "error":
            return self._error(string(line.get("message"))) if line.get("severity") != "warning" else []
        if kind == "result":
            return self._result(line)
        self.count("unknown_type")
        return []

    def _message(self, line: dict[str, Any]) -> list[Event]:
        if line.get("role") != "assistant":
            return [Close()]
        text = string(line.get("content"))
        if line.get("delta"):
            return [Say(text)] if text else []
        return [Close(), Say(text), Close()] if text else []

    def _error(self, text: str) -> list[Event]:
        """Say an error once: the result of the turn repeats it."""
        if not self._wanted.errors or text == self.state.error:
            return [Close()]
        self.state.error = text
        return [Close(), *spoken_error(text)]

    def _result(self, line: dict[str, Any]) -> list[Event]:
        failed = line.get("status") == "error"
        events = self._error(string(mapping(line.get("error")).get("message"))) if failed else [Close()]
        self.state.error = ""
        return [*events, Forget(), End()]
