"""Messages of the supervisor: to the stages, from the stages, and with the command line."""

from typing import Any, Literal

import msgspec

from voicectl.protocol.message import Message

STAGES = ("parser", "translator", "synthesizer", "sink")
"""The stages in the order in which data flows; they start in reverse."""

# -- supervisor -> stage -----------------------------------------------------------------------


class Connect(Message, frozen=True, kw_only=True):
    """Send to this incarnation of a neighbour from now on."""

    peer: str
    incarnation: str
    data: str
    control: str


class Replay(Message, frozen=True, kw_only=True):
    """Send again what is neither settled nor buffered in the sink (→ parser)."""


class Suspect(Message, frozen=True, kw_only=True):
    """A stage died while it worked on ``count`` sentences from ``play`` on (→ parser)."""

    play: int
    count: int = 1
    stage: str


class Cancel(Message, frozen=True, kw_only=True):
    """Go silent at once, or (``yield``, from the parser) at the end of the sentence that is being spoken (→ sink)."""

    action: Literal["stop", "skip", "yield"]
    count: int = 1


class ReplayLast(Message, frozen=True, kw_only=True):
    """Speak the last ``count`` spoken sentences again (→ parser).

    ``skipped``: those that were left out to catch up instead; with a ``count`` of 0 all that the last time left out.
    """

    count: int = 1
    skipped: bool = False


class Epoch(Message, frozen=True, kw_only=True):
    """Drop all work of an earlier epoch."""

    epoch: int


class Hold(Message, frozen=True, kw_only=True):
    """Pause (``on``) or resume the sound (→ sink)."""

    on: bool


class Tune(Message, frozen=True, kw_only=True):
    """Play at this speed and volume (factors) from now on; None leaves one as it is (→ sink)."""

    speed: float | None = None
    volume: float | None = None


class Activate(Message, frozen=True, kw_only=True):
    """A warm spare is to take over now."""


class Announce(Message, frozen=True, kw_only=True):
    """Speak this to the listener, before what is queued (→ parser)."""

    text: str


class Drain(Message, frozen=True, kw_only=True):
    """Finish what is in work and exit (sink: finish the sentence that is being spoken)."""


# -- stage -> supervisor -----------------------------------------------------------------------


class Ready(Message, frozen=True, kw_only=True):
    """A stage can work; its backend is loaded and its inboxes are bound. ``spare``: once it is activated."""

    stage: str
    pid: int
    data: str
    control: str
    backend: str = ""
    device: str = ""
    detail: str = ""
    spare: bool = False


class Heartbeat(Message, frozen=True, kw_only=True):
    """A stage's pulse.

    ``busy_since`` (monotonic ns, 0: idle) is when the work in hand began, ``play`` what it is,
    ``queued`` how many utterances wait, ``counters`` what was counted since the start, ``gauges`` what is so now.
    """

    stage: str
    busy_since: int = 0
    play: int = 0
    queued: int = 0
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    gauges: dict[str, float] = msgspec.field(default_factory=dict)


class Connected(Message, frozen=True, kw_only=True):
    """A stage sends to ``incarnation`` from now on."""

    stage: str
    peer: str
    incarnation: str


class Failed(Message, frozen=True, kw_only=True):
    """A stage cannot start; ``error`` is one line for the user."""

    stage: str
    error: str


class Notice(Message, frozen=True, kw_only=True):
    """Something the user should be told once."""

    stage: str
    text: str


# -- command line <-> supervisor ---------------------------------------------------------------


class Request(Message, frozen=True, kw_only=True):
    """A command of the user (command line → supervisor)."""

    verb: str
    args: dict[str, Any] = msgspec.field(default_factory=dict)


class Reply(Message, frozen=True, kw_only=True):
    """The answer to a ``Request``; ``error`` is one line, empty on success."""

    data: dict[str, Any] = msgspec.field(default_factory=dict)
    error: str = ""
