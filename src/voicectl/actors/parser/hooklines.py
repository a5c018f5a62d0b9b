"""What the hooks of an interactive session leave in spools: which text of it is spoken, each text once.

One line is the JSON that the client gave to one hook. ``MessageDisplay`` carries the lines of a message as
they appear on the screen (``message_id``, ``index``, ``delta``, ``final``); ``Stop`` the whole last message,
which is spoken as far as it was not displayed: older clients have no ``MessageDisplay``. ``StopFailure`` holds an
error of the API, ``TaskCompleted`` the name of a finished task. A feed is one turn.

Source: the hooks reference of Claude Code, 2.1.152 and later.
"""

from typing import Any

import msgspec

from voicectl.actors.parser.jsonlines import JsonLines, Said, Wanted, spoken_error, string
from voicectl.actors.parser.streamlines import Close, Done, End, Event, Forget, Named, Say


class HookState(msgspec.Struct):
    """The message on the screen and its next ``index``; ``said`` is its text, ``ink`` that without white space.

    ``displayed`` are the texts of this turn's messages without white space; ``tasks`` those that were named.
    """

    named: bool = False
    message: str = ""
    index: int = 0
    ink: Said = msgspec.field(default_factory=Said)
    displayed: list[Said] = []
    tasks: list[str] = []


class HookLines(JsonLines):
    """Reads the hooks' input, line after line."""

    def __init__(self, wanted: Wanted, counters: dict[str, int], state: HookState) -> None:
        super().__init__(wanted, counters)
        self.state = state

    def line(self, line: dict[str, Any]) -> list[Event]:
        """Return what one hook means."""
        session = string(line.get("session_id"))
        events: list[Event] = []
        if session and not self.state.named:
            self.state.named = True
            events.append(Named(session))
        read = {
            "MessageDisplay": self._display,
            "Stop": self._stop,
            "StopFailure": self._failure,
            "TaskCompleted": self._task,
        }.get(string(line.get("hook_event_name")))
        if read is None:
            self.count("unknown_type")
            return events
        return events + read(line)

    def _display(self, line: dict[str, Any]) -> list[Event]:
        message, text = string(line.get("message_id")), string(line.get("delta"))
        index = line.get("index")
        index = index if isinstance(index, int) else self.state.index
        events: list[Event] = []
        if message != self.state.message:
            events = self._message_end()
            self.state.message = message
        elif index < self.state.index:
            return []  # the hook is installed twice
        self.state.index = index + 1
        self.state.ink.grow(_ink(text))
        if text:
            events.append(Say(text))
        return [*events, Close()] if line.get("final") else events

    def _stop(self, line: dict[str, Any]) -> list[Event]:
        text = string(line.get("last_assistant_message"))
        events = self._message_end()
        rest = self._not_displayed(text)
        if rest:
            events += [Say(rest), Close()]
        return [*events, Forget(), End()]

    def _failure(self, line: dict[str, Any]) -> list[Event]:
        text = string(line.get("last_assistant_message")) or string(line.get("error"))
        return [*self._message_end(), *(spoken_error(text) if self._wanted.errors else []), Forget(), End()]

    def _task(self, line: dict[str, Any]) -> list[Event]:
        task, name = string(line.get("task_id")), string(line.get("task_subject")).strip()
        if not name or task in self.state.tasks:
            return []
        self.state.tasks.append(task)
        return [Done(name.rstrip("."))]

    def _message_end(self) -> list[Event]:
        """The message on the screen is over; what its last hook did not bring is missing."""
        state = self.state
        if state.ink.length:
            state.displayed.append(state.ink)
        state.message, state.index, state.ink = "", 0, Said()
        return [Close()]

    def _not_displayed(self, text: str) -> str:
        """Return what of the turn's last message was not displayed."""
        ink = _ink(text)
        for said in reversed(self.state.displayed):
            rest = said.rest(ink)
            if rest is not None:
                return _last(text, len(rest))
        return text


def _ink(text: str) -> str:
    """Return a text without white space, which the screen and the message have differently."""
    return "".join(text.split())


def _last(text: str, count: int) -> str:
    """Return the end of a text that has ``count`` visible characters."""
    start = len(text)
    while count:
        start -= 1
        count -= not text[start].isspace()
    return text[start:]
