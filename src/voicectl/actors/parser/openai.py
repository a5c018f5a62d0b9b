"""OpenAI-style server-sent events: which text of them is spoken.

Two families share the wire (``data: {…}`` lines): chunks of chat completions (``choices[].delta``), which
many servers speak, and the typed events of the Responses API (``response.output_text.delta``). Objects that
come a line each, without ``data:``, are read as well. Of several choices the first one is spoken.

Source: the API reference of OpenAI, "Streaming events" of Chat Completions and of Responses.
"""

from typing import Any

import msgspec

from voicectl.actors.parser.jsonlines import JsonLines, Said, Wanted, mapping, spoken_error, string
from voicectl.actors.parser.streamlines import Close, End, Event, Forget, Say

_OTHER_FIELDS = (b":", b"event:", b"id:", b"retry:")
_TOOL_CALLS = frozenset({"tool_calls", "function_call"})
_TEXT = {"response.output_text": "text", "response.refusal": "refusal"}
_THOUGHTS = {"response.reasoning_text": "text", "response.reasoning_summary_text": "text"}


class OpenaiState(msgspec.Struct):
    """``part`` is the text that is being said, ``open`` says that the answer has not ended."""

    part: str = ""
    said: Said = msgspec.field(default_factory=Said)
    open: bool = False


class Openai(JsonLines):
    """Reads the events of a completion or a response."""

    def __init__(self, wanted: Wanted, counters: dict[str, int], state: OpenaiState) -> None:
        super().__init__(wanted, counters)
        self.state = state
        self._parts = {**_TEXT, **(_THOUGHTS if wanted.thinking else {})}

    def read(self, data: bytes) -> list[Event]:
        """Return what one line means."""
        data = data.strip()
        if data.startswith(b"data:"):
            data = data[5:].strip()
        elif data.startswith(_OTHER_FIELDS):
            return []
        return self._end() if data == b"[DONE]" else super().read(data)

    def line(self, line: dict[str, Any]) -> list[Event]:
        """Return what one event means."""
        kind = string(line.get("type"))
        if isinstance(line.get("choices"), list):
            return self._chunk(line["choices"])
        if kind == "error" or line.get("error"):
            error = mapping(line.get("error")) or line
            return self._failed(string(error.get("message")) or string(line.get("error")))
        if kind.startswith("response."):
            return self._response(kind, line)
        self.count("unknown_type")
        return []

    # -- chat completions ------------------------------------------------------------------------

    def _chunk(self, choices: list[Any]) -> list[Event]:
        events: list[Event] = []
        for choice in map(mapping, choices):
            if choice.get("index", 0) != 0:
                continue
            delta = mapping(choice.get("delta"))
            if self._wanted.thinking:
                events += self._grow("thinking", string(delta.get("reasoning_content") or delta.get("reasoning")))
            events += self._grow("text", string(delta.get("content")) or string(delta.get("refusal")))
            reason = choice.get("finish_reason")
            if reason in _TOOL_CALLS:  # the answer goes on when the tools have answered
                self.state = OpenaiState()
                events.append(Close())
            elif reason:
                events += self._end(cut=reason == "content_filter")
        return events

    # -- responses -------------------------------------------------------------------------------

    def _response(self, kind: str, line: dict[str, Any]) -> list[Event]:
        part, _, what = kind.rpartition(".")
        name = f"{part} {line.get('item_id')} {line.get('content_index', line.get('summary_index'))}"
        if part in self._parts and what == "delta":
            return self._grow(name, string(line.get("delta")))
        if part in self._parts and what == "done":
            return self._whole(name, string(line.get(self._parts[part])))
        response = mapping(line.get("response"))
        if kind == "response.completed":
            return self._end()
        if kind == "response.incomplete":
            return self._end(cut=mapping(response.get("incomplete_details")).get("reason") == "content_filter")
        if kind == "response.failed":
            return self._failed(string(mapping(response.get("error")).get("message")))
        return []

    def _whole(self, name: str, text: str) -> list[Event]:
        """A text is complete; what its deltas have not said is to be said."""
        if name != self.state.part:
            return [*self._grow(name, text), Close()]
        rest = self.state.said.rest(text)
        return [*([Say(rest)] if rest else []), Close()]

    # -- both ------------------------------------------------------------------------------------

    def _grow(self, part: str, text: str) -> list[Event]:
        if not text:
            return []
        events: list[Event] = []
        if part != self.state.part:
            self.state.part, self.state.said = part, Said()
            events.append(Close())
        self.state.open = True
        self.state.said.grow(text)
        return [*events, Say(text)]

    def _end(self, cut: bool = False) -> list[Event]:
        was_open = self.state.open
        self.state = OpenaiState()
        return [Close(cut), Forget(), End()] if was_open else []

    def _failed(self, error: str) -> list[Event]:
        self.state = OpenaiState()
        return [Close(cut=True), *(spoken_error(error) if self._wanted.errors else []), Forget(), End()]
