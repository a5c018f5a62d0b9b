"""One stage that lives by a clock of the test's own. Times are seconds."""

import tomllib
from importlib.resources import files

import msgspec

from voicectl.config.settings import SupervisorSettings
from voicectl.supervisor.policy import ChildState, ailment, became_ready, exited, started

LIMITS = msgspec.convert(
    tomllib.loads((files("voicectl.config") / "default.toml").read_text())["supervisor"]
    | {
        "heartbeat_timeout_s": 10.0,
        "start_timeout_s": 120.0,
        "deadline_s": 60.0,
        "max_restarts": 5,
        "restart_window_s": 60.0,
        "backoff_initial_s": 0.1,
        "backoff_max_s": 10.0,
        "stable_s": 10.0,
        "memory_limit_mb": 0,
    },
    SupervisorSettings,
)


class Stage:
    """One stage through its deaths; ``now`` moves only where the test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.state = ChildState()
        self.start()

    def start(self) -> None:
        """Start and be ready at once."""
        self.state = became_ready(started(self.state, self.now), self.now)

    def crash(self, after: float, chance: float = 0.0) -> None:
        """Live on for a while, then die."""
        self.now += after
        self.state = exited(self.state, LIMITS, self.now, chance)

    def restart(self) -> None:
        """Wait for the end of the backoff and start again."""
        assert self.state.phase == "backoff"
        self.now = max(self.now, self.state.due)
        self.start()

    def ailment(self, after: float, memory_mb: float = 0.0) -> str:
        """Return what is wrong after a while."""
        return ailment(self.state, LIMITS, self.now + after, memory_mb)
