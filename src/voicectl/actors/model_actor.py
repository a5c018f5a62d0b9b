"""The base of the stages that work with models: backends, what to fall back on, and work that was cancelled."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from voicectl.actors.base import Actor, Wiring
from voicectl.protocol.errors import VoicectlError
from voicectl.protocol.message import Message, Utterance
from voicectl.protocol.supervising import Epoch, Notice

DEATHS_OF_FIRST = 2
"""A sentence on which the stage died this often is not tried with its first backend again."""


class Closable(Protocol):
    """What the base asks of a backend."""

    @property
    def name(self) -> str:
        """What the settings call it."""

    def close(self) -> None:
        """Free what it holds."""


Backend = TypeVar("Backend", bound=Closable)


class ModelActor(Actor, Generic[Backend]):
    """A stage whose work is done by a backend, or by another one where that fails on a sentence."""

    _backend: Backend
    """Set by ``setup``."""

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        self._fallbacks: dict[str, Backend | None] = {}
        self._epoch = 0

    def control(self, message: Message) -> None:
        """Drop the work of earlier epochs."""
        if isinstance(message, Epoch):
            self._epoch = max(self._epoch, message.epoch)
        else:
            super().control(message)

    def teardown(self) -> None:
        """Free the backends."""
        for backend in (getattr(self, "_backend", None), *self._fallbacks.values()):
            if backend is not None:
                backend.close()

    def _is_cancelled(self, utterance: Utterance) -> bool:
        return utterance.epoch < self._epoch

    def _fallback(self, name: str, load: Callable[[], Backend], notice: Callable[[Backend], str]) -> Backend | None:
        """Return a backend that takes over, loaded and announced at its first use; None if it cannot be loaded."""
        if name not in self._fallbacks:
            try:
                backend = self._fallbacks[name] = load()
                self.report(Notice(stage=self.stage, text=notice(backend)))
            except VoicectlError as exc:
                self._fallbacks[name] = None
                self.log.warning("fallback not loaded", backend=name, error=str(exc))
        return self._fallbacks[name]
