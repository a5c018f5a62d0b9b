"""The synthesizer stage: sentences in the target language in, PCM out, chunk by chunk."""

import time
from collections.abc import Iterator

import msgspec

from voicectl.actors.base import About, Wiring
from voicectl.actors.languages import bcp47
from voicectl.actors.model_actor import DEATHS_OF_FIRST, ModelActor
from voicectl.actors.synthesizer.backend import SynthesizerBackend
from voicectl.actors.synthesizer.factory import choose, load_backend, load_guest
from voicectl.actors.synthesizer.pcm import pieces
from voicectl.actors.synthesizer.voice import speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError
from voicectl.protocol.frames import Frame
from voicectl.protocol.speaking import Audio, Tombstone, Translation
from voicectl.protocol.trace import Hop

GIVE_WAY_S = 0.0005


class SynthesizerActor(ModelActor[SynthesizerBackend]):
    """Speaks one sentence after the other; each chunk leaves as soon as it is made."""

    stage = "synthesizer"
    downstream = "sink"

    def __init__(self, wiring: Wiring, settings: SynthesizerSettings, language: str) -> None:
        super().__init__(wiring)
        self._settings = settings
        self._language = language
        self._own = bcp47(language)
        self._sent = 0

    def setup(self) -> About:
        """Load the voice."""
        reason = choose(self._settings, self._language)[1]
        self._backend = load_backend(self._settings, self._language)
        detail = f"{self._backend.voice}; {reason}{_leaves(self._backend)}"
        return About(self._backend.name, self._backend.device, detail)

    def handle(self, frame: Frame) -> None:
        """Speak the sentence in ``frame``."""
        message = frame.envelope.body
        if isinstance(message, Tombstone):
            self.send(message)
        elif isinstance(message, Translation) and not self._is_cancelled(message.utterance):
            self.working_on(message.utterance.play)
            self._speak(message, frame.received)

    def _speak(self, message: Translation, received: int) -> None:
        begun = time.monotonic_ns()
        for backend in self._voices(message):
            self._sent = 0
            try:
                self._stream(message, backend, received, begun)
            except BackendError as exc:
                self.counters["errors"] += 1
                play = message.utterance.play
                self.log.warning("sentence not spoken", backend=backend.name, error=str(exc), play=play)
            else:
                return
            if self._sent:  # half of it is on its way: another voice must not begin it again
                break
        self._give_up(message)

    def _stream(self, message: Translation, backend: SynthesizerBackend, received: int, begun: int) -> None:
        """Send the speech of one sentence, chunk by chunk, unless it is cancelled meanwhile."""
        header: Audio | None = None
        for pcm in backend.synthesize(message.text):
            if not len(pcm.samples):
                continue
            if header is None:
                header = self._header(message, backend, pcm.sample_rate, received, begun)
            for piece in pieces(pcm.samples, pcm.sample_rate, is_first=self._sent == 0):
                self.send(msgspec.structs.replace(header, index=self._sent), piece.data.cast("B"))
                self._sent += 1
                if self._sent == 1:
                    # On busy cores ZeroMQ's thread, which sends it, would wait for the rest to be computed.
                    time.sleep(GIVE_WAY_S)
            self.attend()
            if self._is_cancelled(message.utterance):
                return
        header = header or self._header(message, backend, backend.sample_rate, received, begun)
        self.send(msgspec.structs.replace(header, index=self._sent, last=True))

    def _header(
        self, message: Translation, backend: SynthesizerBackend, sample_rate: int, received: int, begun: int
    ) -> Audio:
        hop = Hop(stage=self.stage, received=received, begun=begun, sent=time.monotonic_ns())
        return Audio(
            utterance=message.utterance,
            index=0,
            sample_rate=sample_rate,
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

    def _voices(self, message: Translation) -> Iterator[SynthesizerBackend]:
        """Yield the voices that may speak a sentence, the best first; each is loaded when it is its turn."""
        if message.deaths.synthesizer < DEATHS_OF_FIRST:
            if guest := self._guest(message.language):
                yield guest
            yield self._backend
        for name in self._settings.fallback:
            if name != self._backend.name and (voice := self._other(name)):
                yield voice

    def _guest(self, language: str) -> SynthesizerBackend | None:
        """Return a voice for what stays in the agent's language; None where the listener's own voice will do.

        A Japanese voice does: it is given English as a Japanese developer reads it, which a listener knows better.
        """
        if speaks(language, self._own) or (speaks("ja", self._own) and speaks("en", language)):
            return None
        return self._fallback(
            f"a voice for {language}",
            lambda: load_guest(self._settings, language),
            lambda voice: f"what stays in {language!r} is spoken by {voice.name} ({voice.voice})",
        )

    def _other(self, name: str) -> SynthesizerBackend | None:
        return self._fallback(
            name,
            lambda: load_backend(self._settings, self._language, name),
            lambda voice: f"{self._backend.name} failed; {name} takes over{_leaves(voice)}",
        )


def _leaves(backend: SynthesizerBackend) -> str:
    """Return what has to be said of a voice in the cloud; nothing of one on this machine."""
    return "; what is spoken leaves this machine" if backend.device == "cloud" else ""
