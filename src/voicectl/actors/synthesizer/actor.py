"""The synthesizer stage: sentences in the target language in, PCM out, chunk by chunk."""

import time
from collections.abc import Iterator

from voicectl.actors.base import About, Actor, Wiring
from voicectl.actors.synthesizer.backend import Pcm, SynthesizerBackend
from voicectl.actors.synthesizer.factory import choose, load_backend
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, VoicectlError
from voicectl.protocol.frames import Frame
from voicectl.protocol.messages import Audio, Epoch, Message, Notice, Tombstone, Translation
from voicectl.protocol.trace import Hop, Trace


class SynthesizerActor(Actor):
    """Speaks one sentence after the other; each chunk leaves as soon as it is made."""

    stage = "synthesizer"
    downstream = "sink"

    def __init__(self, wiring: Wiring, settings: SynthesizerSettings, language: str) -> None:
        super().__init__(wiring)
        self._settings = settings
        self._language = language
        self._fallbacks: dict[str, SynthesizerBackend | None] = {}
        self._epoch = 0

    def setup(self) -> About:
        """Load the voice."""
        reason = choose(self._settings, self._language)[1]
        self._backend = load_backend(self._settings, self._language)
        return About(self._backend.name, self._backend.device, f"{self._backend.voice}; {reason}")

    def handle(self, frame: Frame) -> None:
        """Speak the sentence in ``frame``."""
        message = frame.envelope.body
        if isinstance(message, Tombstone):
            self.send(message)
        elif isinstance(message, Translation) and not self._stale(message):
            self.working_on(message.utterance.play)
            self._speak(message, frame.received)

    def control(self, message: Message) -> None:
        """Drop the work of earlier epochs."""
        if isinstance(message, Epoch):
            self._epoch = max(self._epoch, message.epoch)
        else:
            super().control(message)

    def teardown(self) -> None:
        """Free the voices."""
        for backend in (getattr(self, "_backend", None), *self._fallbacks.values()):
            if backend is not None:
                backend.close()

    def _stale(self, message: Translation) -> bool:
        return message.utterance.epoch < self._epoch

    def _speak(self, message: Translation, received: int) -> None:
        begun = time.monotonic_ns()
        index = 0
        for name in (self._backend.name, *self._settings.fallback):
            if (backend := self._voice(name)) is None:
                continue
            try:
                for pcm in self._chunks(backend, message.text):
                    self._send_chunk(message, index, pcm, backend, (received, begun))
                    index += 1
                    self.attend()
                    if self._stale(message):
                        return
                self._send_end(message, index, backend, (received, begun))
                return
            except BackendError as exc:
                self.counters["errors"] += 1
                self.log.warning("sentence not spoken", backend=name, error=str(exc), play=message.utterance.play)
                if index:  # half of it is on its way: another voice must not begin it again
                    break
        self._give_up(message)

    def _chunks(self, backend: SynthesizerBackend, text: str) -> Iterator[Pcm]:
        return (pcm for pcm in backend.synthesize(text) if len(pcm.samples))

    def _send_chunk(
        self, message: Translation, index: int, pcm: Pcm, backend: SynthesizerBackend, stamps: tuple[int, int]
    ) -> None:
        audio = self._audio(message, index, backend, stamps, pcm.sample_rate)
        self.send(audio, pcm.samples.data.cast("B"))

    def _send_end(self, message: Translation, index: int, backend: SynthesizerBackend, stamps: tuple[int, int]) -> None:
        self.send(self._audio(message, index, backend, stamps, backend.sample_rate, last=True))

    def _audio(
        self,
        message: Translation,
        index: int,
        backend: SynthesizerBackend,
        stamps: tuple[int, int],
        sample_rate: int,
        last: bool = False,
    ) -> Audio:
        if index:
            return Audio(
                utterance=message.utterance,
                index=index,
                sample_rate=sample_rate,
                last=last,
                pause=message.pause,
                trace=Trace(arrived=message.trace.arrived),
            )
        hop = Hop(stage=self.stage, received=stamps[0], begun=stamps[1], sent=time.monotonic_ns())
        return Audio(
            utterance=message.utterance,
            index=index,
            sample_rate=sample_rate,
            last=last,
            source=message.source,
            text=message.text,
            translator=message.backend,
            synthesizer=backend.name,
            pause=message.pause,
            first=message.first,
            trace=message.trace.plus(hop),
        )

    def _give_up(self, message: Translation) -> None:
        self.send(
            Tombstone(
                utterance=message.utterance,
                state="failed",
                source=message.source,
                stage=self.stage,
                error="no voice could speak this sentence; see voicectl logs synthesizer",
            )
        )

    def _voice(self, name: str) -> SynthesizerBackend | None:
        if name == self._backend.name:
            return self._backend
        if name not in self._fallbacks:
            try:
                self._fallbacks[name] = load_backend(self._settings, self._language, name)
                self.report(Notice(stage=self.stage, text=f"{self._backend.name} failed; {name} takes over"))
            except VoicectlError as exc:
                self._fallbacks[name] = None
                self.log.warning("fallback not loaded", backend=name, error=str(exc))
        return self._fallbacks[name]
