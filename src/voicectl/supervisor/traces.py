"""The last minutes: the way of every utterance that was begun, and what happened to the stages meanwhile."""

from collections import deque

import msgspec

from voicectl.protocol.speaking import Receipt

UTTERANCES_KEPT = 500
"""Some hours of steady speech, about 2 MB."""
INSTANTS_KEPT = 500


class Traced(msgspec.Struct, kw_only=True):
    """An utterance whose first sample was handed to the device.

    ``ended`` is when its sound ended or was cut (monotonic ns; 0: not yet).
    """

    receipt: Receipt
    ended: int = 0


class Instant(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a stage at one moment (monotonic ns)."""

    at: int
    stage: str
    text: str


class TraceRecord(msgspec.Struct, kw_only=True):
    """What the request ``trace`` is answered with.

    ``now`` (monotonic ns) and ``clock`` (seconds since the epoch) are the same moment.
    """

    now: int
    clock: float
    utterances: list[Traced] = []
    instants: list[Instant] = []


class Traces:
    """Keeps the latest utterances and instants, in bounded memory."""

    def __init__(self, utterances: int = UTTERANCES_KEPT, instants: int = INSTANTS_KEPT) -> None:
        self._utterances: deque[Traced] = deque(maxlen=utterances)
        self._instants: deque[Instant] = deque(maxlen=instants)
        self._sounding: dict[int, Traced] = {}

    def add(self, receipt: Receipt, now: int) -> None:
        """Take a receipt of the sink; a restarted sink may say once more that an utterance is speaking."""
        play = receipt.utterance.play
        if receipt.state != "speaking":
            if traced := self._sounding.pop(play, None):
                traced.ended = now
        elif play not in self._sounding:
            self._sounding[play] = traced = Traced(receipt=receipt)
            self._utterances.append(traced)

    def cut(self, now: int) -> None:
        """The sink went silent: what was sounding has no receipt of its end."""
        for traced in self._sounding.values():
            traced.ended = now
        self._sounding.clear()

    def happened(self, stage: str, text: str, now: int) -> None:
        """Note a moment in a stage's life."""
        self._instants.append(Instant(at=now, stage=stage, text=text))

    def record(self, now: int, clock: float) -> TraceRecord:
        """Return everything that is kept, oldest first."""
        return TraceRecord(now=now, clock=clock, utterances=list(self._utterances), instants=list(self._instants))
