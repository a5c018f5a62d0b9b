"""The transcript of an interactive session: which text of it is spoken, each text once.

The client appends a line for every finished block (``user``, ``assistant`` with ``message``), and lines of its
own bookkeeping, which mean nothing here. There are no deltas and no ``result``: an answer ends with a
``stop_reason``, with the client's note on the turn, or with the user's next prompt. Subagents are marked by
``isSidechain``, or have transcripts of their own.
"""

from typing import Any

import msgspec

from voicectl.actors.parser.jsonlines import Wanted
from voicectl.actors.parser.streamjson import StreamJson, StreamState
from voicectl.actors.parser.streamlines import Close, End, Event, Forget, Line, Named, decode, first_text, message_of

_ENDS = frozenset({"end_turn", "stop_sequence", "refusal"})
_TURN_NOTES = frozenset({"turn_duration", "stop_hook_summary"})


class TranscriptState(msgspec.Struct):
    """``open``: something was said, and the answer has not ended."""

    lines: StreamState = msgspec.field(default_factory=StreamState)
    open: bool = False


class Transcript:
    """Reads line after line as ``StreamJson`` does, of which it is a variant."""

    def __init__(self, wanted: Wanted, counters: dict[str, int], state: TranscriptState) -> None:
        self.state = state
        self._counters = counters
        self._lines = StreamJson(wanted, counters, state.lines)

    def read(self, data: bytes) -> list[Event]:
        """Return what one line means; a line that is broken is counted and means nothing."""
        if not data.strip():
            return []
        line, repaired = decode(data)
        if line is None or repaired:
            name = "bad_json" if line is None else "bad_utf8"
            self._counters[name] = self._counters.get(name, 0) + 1
        return self._named(line) + self._line(line) if line else []

    def finish(self) -> list[Event]:
        """Return what the end of the input means."""
        return self._lines.finish()

    def _named(self, line: Line) -> list[Event]:
        if self.state.lines.named or not isinstance(line.session, str) or not line.session:
            return []
        self.state.lines.named = True
        return [Named(line.session)]

    def _line(self, line: Line) -> list[Event]:
        if line.is_sidechain:
            line.parent_tool_use_id = "sidechain"
        line.is_api_error_message = line.is_error
        if line.type == "assistant":
            return self._assistant(line)
        if line.type == "user" and not line.is_meta:
            return self._user(line)
        if line.type == "system" and line.subtype in _TURN_NOTES:
            return self._end()
        return []

    def _assistant(self, line: Line) -> list[Event]:
        events = self._lines.assistant(line)
        if line.is_sidechain:
            return events
        self.state.open = self.state.open or bool(events)
        reason: Any = message_of(line).get("stop_reason")
        return events + self._end(cut=reason == "refusal") if reason in _ENDS else events

    def _user(self, line: Line) -> list[Event]:
        events = self._lines.user(line)
        content = message_of(line).get("content")
        is_prompt = isinstance(content, str) or bool(first_text(content))
        return events + self._end() if is_prompt and not line.is_sidechain else events

    def _end(self, cut: bool = False) -> list[Event]:
        """End the answer, once."""
        if not self.state.open:
            return []
        self.state.open = False
        self.state.lines.whole = ""
        self.state.lines.joining = False
        return [Close(cut), Forget(), End()]
