"""Trace stamps: when each hop received, began and sent an utterance.

All stamps are ``time.monotonic_ns()``, which on one machine is the same clock in every process.
"""

import msgspec


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One stage's part in an utterance's way; stamps in nanoseconds of the monotonic clock.

    ``held`` is time between ``begun`` and ``sent`` that the utterance only waited (for the
    window, for the floor); it counts as waiting, not as working.
    """

    stage: str
    received: int
    begun: int
    sent: int
    held: int = 0

    @property
    def waiting(self) -> int:
        """Nanoseconds spent in this stage's queue."""
        return self.begun - self.received + self.held

    @property
    def working(self) -> int:
        """Nanoseconds spent in this stage's own work, up to the first byte of its result."""
        return self.sent - self.begun - self.held


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The way of one utterance.

    ``arrived`` is the stamp at which ``feed`` read the bytes that made the sentence's end
    certain; ``written`` the stamp at which its first byte was read (so ``arrived - written`` is
    the wait for certainty).
    """

    arrived: int
    written: int = 0
    hops: tuple[Hop, ...] = ()

    def plus(self, hop: Hop) -> "Trace":
        """Return this trace with one more hop."""
        return Trace(arrived=self.arrived, written=self.written, hops=(*self.hops, hop))


def wires(trace: Trace) -> dict[str, int]:
    """Return, per stage, the nanoseconds between the previous hop's sending and its receiving."""
    previous = trace.arrived
    result: dict[str, int] = {}
    for hop in trace.hops:
        result[hop.stage] = hop.received - previous
        previous = hop.sent
    return result
