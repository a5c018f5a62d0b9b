"""What the parser gives out: sentences, the ends of answers, the names of sessions."""

import msgspec

from voicectl.protocol.message import Pause, Span


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence a person would say.

    ``spans`` are pieces of ``text`` (in order of appearance) that translation carries over
    verbatim. ``written`` is the monotonic stamp (ns) at which the bytes that hold the sentence's
    last character arrived.
    """

    text: str
    spans: tuple[Span, ...] = ()
    pause: Pause = "sentence"
    written: int = 0


class AnswerEnd(msgspec.Struct, frozen=True):
    """The agent's answer (its turn) is over."""


class SessionStart(msgspec.Struct, frozen=True):
    """The stream named its session; given out once."""

    session: str


Item = Spoken | AnswerEnd | SessionStart
