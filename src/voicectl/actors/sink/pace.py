"""The clock of an output that no device drives."""

TICK_SECONDS = 0.005
"""How often such an output wants its turn while it has something to play."""


class Pace:
    """Counts the samples that a device would have asked for, at ``sample_rate`` Hz."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._since: int | None = None
        self._given = 0

    def due(self, now: int) -> int:
        """Return how many samples became due since the last call; the first call starts the clock (``now``: ns)."""
        if self._since is None:
            self._since = now
        total = (now - self._since) * self._rate // 1_000_000_000
        count = total - self._given
        self._given = total
        return count
