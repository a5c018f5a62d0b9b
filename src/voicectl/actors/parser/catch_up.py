"""What is done when the agent is far ahead of the voice (``parser.backlog``). Pure: ``now`` (s) is an argument."""

from voicectl.config.settings import ParserSettings

LOOK_EVERY_S = 0.25
"""How often the queue is looked at, and the speed changed by a step."""

STEP = 0.05
"""A change of speed that small is not heard as one."""


class CatchUp:
    """The policy for a queue of speech; ``speed`` is the factor at which to play at least, 0: no haste."""

    def __init__(self, settings: ParserSettings) -> None:
        self.speed = 0.0
        self._policy = settings.backlog
        self._limit_s = settings.backlog_seconds
        self._max_speed = settings.backlog_max_speed
        self._next_look = 0.0

    def is_due(self, now: float) -> bool:
        """Whether it is time to look at the queue; the next time is then noted."""
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_EVERY_S
        return True

    def due(self, now: float) -> float:
        """Return the seconds until the next look."""
        return max(0.0, self._next_look - now)

    @property
    def skips(self) -> bool:
        """Whether the policy is to skip what is old."""
        return self._policy == "skip"

    def is_behind(self, queued_s: float) -> bool:
        """Whether the voice is so far behind that it skips."""
        return self.skips and queued_s > self._limit_s

    def follow(self, queued_s: float) -> bool:
        """Bring the speed a step nearer to what the queue asks for; return whether it changed.

        Nothing below the limit, all of the highest speed at twice the limit.
        """
        if self._policy != "speed":
            return False
        share = min(1.0, max(0.0, queued_s / self._limit_s - 1))
        wanted = 1 + share * max(0.0, self._max_speed - 1)
        before = self.speed
        now = max(before, 1.0)
        now += max(-STEP, min(STEP, wanted - now))
        self.speed = round(now, 2) if now > 1 else 0.0
        return self.speed != before
