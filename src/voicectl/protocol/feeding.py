"""Messages between ``feed`` and the parser: the agent's output, acknowledged."""

from typing import Literal

from voicectl.protocol.message import Message


class Chunk(Message, frozen=True, kw_only=True):
    """Bytes that ``feed`` read (feed → parser); the payload is the bytes themselves.

    ``offset`` is the place of the first byte in the feed's whole input, ``final`` marks its end,
    ``arrived`` is when they were read, ``live`` says that somebody is still writing.
    """

    feed: str
    session: str = ""
    format: str = "auto"
    offset: int
    arrived: int
    final: bool = False
    live: bool = True
    reply_to: str = ""


class Ack(Message, frozen=True, kw_only=True):
    """Everything of a feed before ``offset`` is in the journal (parser → feed).

    The parser has read up to ``taken`` (an unfinished line is read, not journaled). ``final``: the end of the
    input is journaled too. ``resend``: bytes after ``taken`` are missing; send again from there.
    """

    feed: str
    offset: int
    taken: int = 0
    final: bool = False
    resend: bool = False


class Progress(Message, frozen=True, kw_only=True):
    """One sentence of a feed changed its state (parser → feed), for captions."""

    feed: str
    session: str
    seq: int
    state: Literal["speaking", "spoken", "cancelled", "failed", "quarantined"]
    source: str
    translation: str = ""
    error: str = ""


class FeedDone(Message, frozen=True, kw_only=True):
    """All sentences of a feed that has ended are settled (parser → feed)."""

    feed: str
    spoken: int
    failed: int
    cancelled: int
