"""One stage: its present process, its warm spare, and which backend it runs on."""

import time
from collections.abc import Iterator
from typing import Any

from voicectl.protocol.message import Message
from voicectl.protocol.supervising import Activate
from voicectl.supervisor.incarnation import Incarnation, Nest
from voicectl.supervisor.policy import ChildState


class Child:
    """A stage through all its incarnations; ``state`` is what the policy decides on.

    ``backend`` is the fallback it runs on (empty: as configured), ``failed`` are the backends that were given up.
    """

    def __init__(self, stage: str, nest: Nest, context: Any, spares: int = 0) -> None:
        self.stage = stage
        self.state = ChildState()
        self.spares = spares
        self.current: Incarnation | None = None
        self.spare: Incarnation | None = None
        self.backend = ""
        self.failed: tuple[str, ...] = ()
        self.retry_at = 0.0
        self.error = ""
        self.queued = 0
        self.counters: dict[str, int] = {}
        self.gauges: dict[str, float] = {}
        self._nest = nest
        self._context = context
        self._number = 0

    def __iter__(self) -> Iterator[Incarnation]:
        """The processes there are."""
        return (each for each in (self.current, self.spare) if each)

    @property
    def name(self) -> str:
        """The name of the present incarnation, ``translator.7``, or of none."""
        return self.current.name if self.current else f"{self.stage}.0"

    @property
    def is_ready(self) -> bool:
        """Whether the stage can work."""
        return self.current is not None and self.state.phase == "ready"

    def spawn(self) -> Incarnation:
        """Start the next incarnation."""
        self.error = ""
        self.current = self._start(self.backend, spare=False)
        return self.current

    def spawn_spare(self, backend: str) -> Incarnation:
        """Start a process that loads its model and waits."""
        self.spare = self._start(backend, spare=True)
        return self.spare

    def promote(self) -> Incarnation | None:
        """Let a warm spare take the place of a process that is gone; return it, or None when there is none."""
        if self.spare is None or self.spare.about is None:
            return None
        self.current, self.spare = self.spare, None
        self.backend = self.current.backend
        self.current.beat = time.monotonic()
        self.tell(Activate())
        return self.current

    def tell(self, message: Message) -> None:
        """Send to the present incarnation's control inbox."""
        if self.current:
            self.current.tell(message)

    def _start(self, backend: str, spare: bool) -> Incarnation:
        self._number += 1
        return Incarnation(self.stage, self._number, self._nest, self._context, backend, spare)
