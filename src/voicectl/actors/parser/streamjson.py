"""Claude Code's ``stream-json``: which text of it is spoken, each text once.

The stream carries a text up to three times: as deltas, as the ``assistant`` line of the finished
block, and in the ``result`` line. Here the deltas are spoken, an ``assistant`` line only as far as
it goes beyond them, the result never. The reader of these events owns the text itself.
"""

import re
import zlib
from typing import Any

import msgspec

from voicectl.actors.parser.error_text import error_text
from voicectl.actors.parser.jsonlines import Said, Wanted
from voicectl.actors.parser.streamlines import (
    KNOWN_TYPES,
    Aside,
    Close,
    End,
    Event,
    Forget,
    Line,
    Named,
    Rewind,
    Say,
    decode,
    delta_text,
    first_text,
    message_of,
)
from voicectl.actors.parser.synthetic import SILENT_TEXTS, is_synthetic, kind_of

CONTINUED = frozenset({"max_tokens", "model_context_window_exceeded", "pause_turn"})
_STOPPED = re.compile(r"\[Request interrupted|Your response (?:above )?was stopped")
_ANY = "?"
"""The message that is streaming, where its name was lost."""
_LINES_KEPT = 32


class StreamState(msgspec.Struct):
    """All that must be remembered between two lines.

    ``streaming`` is the id of the message whose deltas arrive (empty: none), ``stopped`` says that it has a
    reason to stop; ``blocks`` holds how
    much was said of each of its text blocks that no ``assistant`` line has confirmed yet; ``speaking``
    says that the open block is text. ``whole`` is the id of the last message that came without
    deltas and was not ended; ``joining``: the next message goes on in the middle of a sentence;
    ``refused``: the last message was stopped in the middle. ``pending`` is an error that is spoken unless
    the answer goes on. ``lines`` holds the CRC-32 of the last
    ``assistant`` lines' ids.
    """

    named: bool = False
    streaming: str = ""
    stopped: bool = False
    speaking: bool = False
    blocks: list[Said] = []
    whole: str = ""
    joining: bool = False
    refused: bool = False
    pending: str = ""
    lines: list[int] = []


class StreamJson:
    """Reads line after line and says what they mean for the listener."""

    def __init__(self, wanted: Wanted, counters: dict[str, int], state: StreamState) -> None:
        self.state = state
        self._wanted = wanted
        self._spoken_blocks = {"text": "text", "thinking": "thinking"} if wanted.thinking else {"text": "text"}
        self._counters = counters
        self._last = b""

    def read(self, data: bytes) -> list[Event]:
        """Return what one line means; a line that is broken or unknown is counted and means nothing."""
        if data == self._last and b'"uuid"' in data:
            return []  # every line has an id of its own
        self._last = data
        if self.state.speaking and self.state.named and (text := delta_text(data)) is not None:
            return self._grow(text)
        if not data.strip():
            return []
        line, repaired = decode(data)
        if line is None:
            self._count("bad_json")
            return []
        if repaired:
            self._count("bad_utf8")
        events: list[Event] = []
        if not self.state.named and isinstance(line.session_id, str) and line.session_id:
            self.state.named = True
            events.append(Named(line.session_id))
        reader = {
            "stream_event": self._stream_event,
            "assistant": self.assistant,
            "user": self.user,
            "system": self._system,
            "result": self._result,
        }.get(line.type if isinstance(line.type, str) else "")
        if reader is not None:
            events += reader(line)
        elif not isinstance(line.type, str) or line.type not in KNOWN_TYPES:
            self._count("unknown_type")
        return events

    def finish(self) -> list[Event]:
        """Return what the end of the input means: a text still streaming was cut."""
        return self._message_end()

    def _is_cut(self) -> bool:
        """Say whether the text so far would end in the middle: not all that streams was confirmed."""
        return self.state.refused or bool(self.state.streaming and self.state.blocks)

    def _count(self, name: str) -> None:
        self._counters[name] = self._counters.get(name, 0) + 1

    # -- the kinds of lines --------------------------------------------------------------------

    def _stream_event(self, line: Line) -> list[Event]:
        """Read one event of the API; those of subagents come as whole lines as well."""
        event = line.event
        if line.parent_tool_use_id is not None or not isinstance(event, dict):
            return []
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._delta(event.get("delta"))
        if kind == "content_block_start":
            return self._block_start(event.get("content_block"))
        if kind == "content_block_stop":
            self.state.speaking = False
            return []
        if kind == "message_start":
            message = event.get("message")
            return self._message_start(str(message.get("id", "")) if isinstance(message, dict) else "")
        if kind == "message_delta":
            delta = event.get("delta")
            return self._stop_reason(delta.get("stop_reason") if isinstance(delta, dict) else None)
        return self._message_stop(line) if kind == "message_stop" else []

    def _message_start(self, message: str) -> list[Event]:
        events: list[Event] = []
        if self.state.streaming:  # older clients do not say that they gave up the first attempt
            events = [Close(cut=True), Rewind()]
        events += self._goes_on(message)
        self.state.streaming = message or _ANY
        self.state.blocks = []
        self.state.speaking = self.state.refused = self.state.stopped = False
        self.state.whole = ""
        return events

    def _goes_on(self, message: str) -> list[Event]:
        """A message that follows another one without anything between them goes on in mid-sentence."""
        self.state.pending = ""
        if self.state.whole in {"", message}:
            return []
        if self.state.refused:
            self.state.refused = False
            return [Close(cut=True)]
        self.state.joining = True
        return []

    def _block_start(self, block: Any) -> list[Event]:
        kind = block.get("type") if isinstance(block, dict) else None
        self.state.streaming = self.state.streaming or _ANY
        self.state.speaking = kind in self._spoken_blocks
        if self.state.speaking:
            self.state.blocks.append(Said())
            # A thought and an answer are two texts; two blocks of text are one.
            apart: list[Event] = [Close()] if "thinking" in self._spoken_blocks else []
            return apart + self._grow(block.get(self._spoken_blocks[str(kind)]))
        return [] if kind in {"thinking", "redacted_thinking"} else [Close()]

    def _delta(self, delta: Any) -> list[Event]:
        if not self.state.speaking or not isinstance(delta, dict):
            return []
        kind = str(delta.get("type")).removesuffix("_delta")
        return self._grow(delta.get(self._spoken_blocks.get(kind, "")))

    def _grow(self, text: Any) -> list[Event]:
        """The open block grows by ``text``."""
        if not isinstance(text, str) or not text:
            return []
        if not self.state.blocks:
            self.state.blocks.append(Said())
        self.state.blocks[-1].grow(text)
        return self._say(text)

    def _say(self, text: str) -> list[Event]:
        if self.state.joining:
            self.state.joining = False
            text = " " + text
        return [Say(text)]

    def _stop_reason(self, reason: Any) -> list[Event]:
        self.state.stopped = reason is not None
        if reason in CONTINUED:
            self.state.joining = True
            return []
        return [] if reason is None else [Close(cut=reason == "refusal")]

    def _message_stop(self, line: Line) -> list[Event]:
        state = self.state
        # Some versions give an attempt up without saying so: it has no stop reason, its text no whole line.
        given_up = bool(state.blocks) and not state.stopped
        state.streaming = ""
        state.speaking = False
        if line.abandoned_blocks or given_up:
            state.blocks = []
            return [Close(cut=True), Rewind()]
        return [] if self.state.joining else [Close(), Forget()]

    def assistant(self, line: Line) -> list[Event]:
        """Read the finished blocks of a message."""
        message = message_of(line)
        if self._was_read(line):
            return []
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        blocks = [block for block in blocks if isinstance(block, dict)]
        if line.parent_tool_use_id is not None:
            texts = [block.get("text") for block in blocks if block.get("type") == "text"]
            return [Aside(text) for text in texts if isinstance(text, str) and self._wanted.subagents]
        if is_synthetic(line, message):
            return self._synthetic(line, message, blocks)
        events: list[Event] = [Close(cut=True), Rewind()] if line.supersedes else []
        for block in blocks:
            kind = block.get("type")
            if kind in self._spoken_blocks:
                events += self._whole(str(message.get("id", "")), block.get(self._spoken_blocks[str(kind)]))
                events += [Close()] if kind == "thinking" else []
            elif kind not in {"text", "thinking", "redacted_thinking"}:
                self.state.whole = ""
                events.append(Close())
        self.state.refused = message.get("stop_reason") == "refusal"
        return [*events, Close(cut=True)] if line.aborted else events

    def _was_read(self, line: Line) -> bool:
        """Say whether a line came before; a log may hold it twice."""
        if not isinstance(line.uuid, str) or not line.uuid:
            return False
        key = zlib.crc32(bytes(line.message), zlib.crc32(line.uuid.encode("utf-8", "surrogatepass")))
        if key in self.state.lines:
            return True
        self.state.lines = [*self.state.lines[1 - _LINES_KEPT :], key]
        return False

    def _whole(self, message: str, text: Any) -> list[Event]:
        """Read a finished text block: what its deltas have not said yet is to be said."""
        if not isinstance(text, str) or text in SILENT_TEXTS:
            return []
        state = self.state
        events: list[Event] = []
        if state.streaming in {message, _ANY} and state.blocks:
            rest = state.blocks.pop(0).rest(text)
            if rest is not None:
                return self._say(rest) if rest else []
            events = [Close(cut=True), Rewind()]
        elif state.streaming and state.streaming not in {message, _ANY}:
            state.streaming = ""
            state.blocks = []
            events = [Close(cut=True), Rewind()]
        events += self._goes_on(message)
        state.whole = message if state.streaming != message else ""
        return [*events, *self._say(text)]

    def _synthetic(self, line: Line, message: dict[str, Any], blocks: list[dict[str, Any]]) -> list[Event]:
        """Read a message that the client itself made: an error is spoken, a command's report is not."""
        texts = [block.get("text") for block in blocks if block.get("type") == "text"]
        text = "\n".join(text for text in texts if isinstance(text, str) and text.strip() not in SILENT_TEXTS)
        kind = kind_of(line, message, text)
        error = error_text(text) if self._wanted.errors and kind != "report" else ""
        if kind == "limit" and not self._is_cut():
            self.state.pending = error
            return []
        self.state.refused = self.state.refused or kind == "refusal"
        events = self._message_end()
        return [*events, Say(error), Close()] if error else events

    def user(self, line: Line) -> list[Event]:
        """Read the end of what was said before: a tool's result, an interrupt, a nudge by the client."""
        if line.parent_tool_use_id is not None:
            return []
        text = first_text(message_of(line).get("content"))
        if _STOPPED.match(text):
            self.state.whole = ""
            return [Close(cut=True), Forget()]
        if self.state.streaming or line.is_replay:
            return []
        if line.is_synthetic and text.startswith("Output token limit hit"):
            self.state.joining = True
            return []
        return [*self._message_end(), Forget()]

    def _system(self, line: Line) -> list[Event]:
        """Read what ends a text: a refusal, the beginning of another turn, a summary of what was said."""
        if isinstance(line.subtype, str) and line.subtype.startswith("model_refusal"):
            self.state.whole = ""
            return [Close(cut=True)]
        return [*self._message_end(), Forget()] if line.subtype in {"init", "compact_boundary"} else []

    def _message_end(self) -> list[Event]:
        """Whatever comes next is another text."""
        cut, error = self._is_cut(), self.state.pending
        state = self.state
        state.streaming = state.whole = state.pending = ""
        state.speaking = state.joining = state.refused = False
        return [Close(cut), Say(error), Close()] if error else [Close(cut)]

    def _result(self, line: Line) -> list[Event]:
        events = self.finish()
        self.state = StreamState(named=self.state.named)
        return [*events, Forget(), End()]
