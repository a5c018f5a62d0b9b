"""Codex CLI, ``codex exec --json``: which text of it is spoken.

The stream names the thread, then each turn writes items (``item.started``, ``item.updated``,
``item.completed``) and ends as ``turn.completed`` or ``turn.failed``. Spoken are items of type
``agent_message``. An ``error`` line is kept until the turn has ended: attempts to reconnect are
announced as errors as well, and the turn may yet succeed.

Source: the event definitions of openai/codex, ``codex-rs/exec/src/exec_events.rs``.
"""

from typing import Any

import msgspec

from voicectl.actors.parser.jsonlines import JsonLines, Said, Wanted, mapping, spoken_error, string
from voicectl.actors.parser.streamlines import Close, End, Event, Forget, Named, Say

_KNOWN = frozenset({"turn.started", "item.started", "item.updated", "item.completed"})


class CodexState(msgspec.Struct):
    """``item`` is the message that is being said; ``error`` what went wrong in this turn."""

    item: str = ""
    said: Said = msgspec.field(default_factory=Said)
    error: str = ""


class Codex(JsonLines):
    """Reads the events of ``codex exec --json``."""

    def __init__(self, wanted: Wanted, counters: dict[str, int], state: CodexState) -> None:
        super().__init__(wanted, counters)
        self.state = state

    def line(self, line: dict[str, Any]) -> list[Event]:
        """Return what one event means."""
        kind = string(line.get("type"))
        if kind.startswith("item."):
            return self._item(mapping(line.get("item")), kind == "item.completed")
        if kind == "thread.started":
            thread = string(line.get("thread_id"))
            return [Named(thread)] if thread else []
        if kind == "error":
            self.state.error = string(line.get("message"))
        elif kind == "turn.completed":
            self.state.error = ""
            return [Close(), Forget(), End()]
        elif kind == "turn.failed":
            error = string(mapping(line.get("error")).get("message"))
            self.state.error = error or self.state.error
            return [*self.finish(), Forget(), End()]
        elif kind not in _KNOWN:
            self.count("unknown_type")
        return []

    def finish(self) -> list[Event]:
        """Return what the end of the input means: an error that ended the turn is said."""
        error, self.state.error = self.state.error, ""
        return [Close(), *(spoken_error(error) if self._wanted.errors else [])]

    def _item(self, item: dict[str, Any], completed: bool) -> list[Event]:
        kind = item.get("type")
        if kind != "agent_message" and not (kind == "reasoning" and self._wanted.thinking):
            return []
        name = string(item.get("id"))
        text = string(item.get("text"))
        events: list[Event] = []
        if name != self.state.item:
            self.state.item, self.state.said = name, Said()
            events = [Close()]
        rest = self.state.said.rest(text)
        if rest is None:  # an item that was rewritten: its end is what counts
            if not completed:
                return events
            self.state.said = Said()
            rest = text
            events = [Close(cut=True)]
        if rest:
            events.append(Say(rest))
        if completed:
            events.append(Close())
        return events
