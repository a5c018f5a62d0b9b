"""Every message that travels between voicectl's processes.

One message type is one frozen struct of the tagged union ``Body``; ``type`` is the tag. An
``Envelope`` carries it with the protocol version and the incarnation that sent it. Raw bytes (PCM,
the agent's output) travel beside the header as the frame's payload, never inside it.
"""

from typing import Any, Literal

import msgspec

from voicectl.protocol.trace import Trace

PROTOCOL_VERSION = 1

STAGES = ("parser", "translator", "synthesizer", "sink")
"""The stages in the order in which data flows; they start in reverse."""

Pause = Literal["clause", "sentence", "paragraph"]
"""What follows an utterance; the sink turns it into a length of silence."""

Settled = Literal["spoken", "cancelled", "failed", "quarantined"]
"""How an utterance ends."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """Base of every message."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of one utterance on its way.

    ``seq`` counts 1, 2, 3 … within ``session``; ``play`` is its place in the one order of
    everything that is to be heard; ``epoch`` is raised by every cancel.
    """

    session: str
    seq: int
    play: int
    epoch: int


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of ``text`` that translation must carry over verbatim.

    ``kind`` is one of code, path, url, version, flag, identifier, number. A ``phrase`` is the whole text, in voicectl's
    own words: the catalogue of the target language, where there is one, has its translation.
    """

    kind: str
    text: str


# -- feed <-> parser ---------------------------------------------------------------------------


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


# -- the pipeline: parser -> translator -> synthesizer -> sink -> parser -----------------------


class Deaths(msgspec.Struct, frozen=True, kw_only=True):
    """How often a stage died while it worked on an utterance.

    After two deaths a stage does not try it with its first backend again.
    """

    translator: int = 0
    synthesizer: int = 0


class Sentence(Message, frozen=True, kw_only=True):
    """A sentence to be translated (parser → translator); ``alone``: in no batch, for it may kill."""

    utterance: Utterance
    text: str
    alone: bool = False
    deaths: Deaths = Deaths()
    spans: tuple[Span, ...] = ()
    pause: Pause = "sentence"
    first: bool = False
    trace: Trace


class Translation(Message, frozen=True, kw_only=True):
    """A sentence in the target language (translator → synthesizer).

    ``backend`` made it; ``notes`` say what was unusual (``original``: it is the source text). ``language`` is that
    of ``text`` (BCP 47): of the agent's words where they were kept.
    """

    utterance: Utterance
    source: str
    text: str
    language: str
    backend: str
    notes: tuple[str, ...] = ()
    deaths: Deaths = Deaths()
    pause: Pause = "sentence"
    first: bool = False
    trace: Trace


class Audio(Message, frozen=True, kw_only=True):
    """A chunk of speech (synthesizer → sink); the payload is PCM, signed 16 bit little endian, mono.

    ``index`` counts the chunks of one utterance from 0; ``last`` marks its end (the payload
    may then be empty). The trace's last stamp is that of chunk 0.
    """

    utterance: Utterance
    index: int
    sample_rate: int
    last: bool = False
    source: str = ""
    text: str = ""
    translator: str = ""
    synthesizer: str = ""
    pause: Pause = "sentence"
    first: bool = False
    trace: Trace


class Tombstone(Message, frozen=True, kw_only=True):
    """An utterance that will never be heard (any stage → downstream → sink)."""

    utterance: Utterance
    state: Settled
    source: str = ""
    stage: str = ""
    error: str = ""


class Receipt(Message, frozen=True, kw_only=True):
    """What became of an utterance (sink → parser, and → supervisor for the latency record).

    ``buffered``: all its PCM has reached the sink. ``speaking``: its first sample was handed
    to the device at ``first_sample``; ``device_latency`` nanoseconds later it can be heard.
    """

    utterance: Utterance
    state: Literal["buffered", "speaking", "spoken", "cancelled", "failed", "quarantined"]
    source: str = ""
    translation: str = ""
    translator: str = ""
    synthesizer: str = ""
    first: bool = False
    first_sample: int = 0
    device_latency: int = 0
    audio_ms: float = 0.0
    error: str = ""
    trace: Trace | None = None


class Ledger(Message, frozen=True, kw_only=True):
    """What the sink knows to have been heard (sink → parser, at every new connection).

    Every play number up to ``settled`` has ended; of ``current`` (0: none) ``samples`` at
    ``sample_rate`` were heard; all PCM of the numbers in ``buffered`` is there; those in ``failed`` (the latest)
    were settled by a tombstone. ``cancelling``: the sink has gone silent, and a ``Cancelled`` that says so follows.
    """

    settled: int
    current: int = 0
    samples: int = 0
    sample_rate: int = 0
    buffered: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    epoch: int = 0
    cancelling: bool = False


class Expect(Message, frozen=True, kw_only=True):
    """The next play number to be played, in this epoch (parser → sink, after a Ledger)."""

    play: int
    epoch: int


class Haste(Message, frozen=True, kw_only=True):
    """Play at no less than this speed, a factor (parser → sink): the agent is ahead of the voice. 0: no haste."""

    speed: float = 0.0


class Cancelled(Message, frozen=True, kw_only=True):
    """The sink went silent (sink → parser).

    Every number up to ``settled`` had ended before; ``heard`` was being spoken, or 0.
    """

    epoch: int
    settled: int = 0
    heard: int
    action: Literal["stop", "skip", "yield"]
    count: int = 1


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
    counters: dict[str, int] = {}
    gauges: dict[str, float] = {}


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
    args: dict[str, Any] = {}


class Reply(Message, frozen=True, kw_only=True):
    """The answer to a ``Request``; ``error`` is one line, empty on success."""

    data: dict[str, Any] = {}
    error: str = ""


Body = (
    Chunk
    | Ack
    | Progress
    | FeedDone
    | Sentence
    | Translation
    | Audio
    | Tombstone
    | Receipt
    | Ledger
    | Expect
    | Haste
    | Cancelled
    | Connect
    | Replay
    | Suspect
    | Cancel
    | ReplayLast
    | Epoch
    | Hold
    | Tune
    | Activate
    | Announce
    | Drain
    | Ready
    | Heartbeat
    | Connected
    | Failed
    | Notice
    | Request
    | Reply
)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The header of every frame: version, sending incarnation, stamp of sending, message."""

    v: int
    sender: str
    sent: int
    body: Body
