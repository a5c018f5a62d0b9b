"""Messages of the pipeline: parser → translator → synthesizer → sink → parser."""

from typing import Literal

import msgspec

from voicectl.protocol.message import Message, Pause, Settled, Span, Utterance
from voicectl.protocol.trace import Trace


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
