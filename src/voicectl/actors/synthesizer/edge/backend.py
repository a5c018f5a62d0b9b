"""The voices of Microsoft Edge's "read aloud", a service in the cloud, by the edge-tts package.

What is spoken leaves this machine, so nothing chooses it but its name in the settings. The service sends MP3 while it
speaks, and miniaudio decodes it as it comes. The same text gives the same sound as far as the service keeps to that.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import edge_tts
import miniaudio
import numpy as np

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.edge.entry import NAME
from voicectl.actors.synthesizer.edge.stream import SILENCE_S, EventLoop, Mp3Stream
from voicectl.actors.synthesizer.pcm import pronounceable, to_int16
from voicectl.actors.synthesizer.trim import trimmed
from voicectl.actors.synthesizer.voice import distance, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

SAMPLE_RATE = 24_000

_FRAMES = 2_304
"""Samples decoded at a time: 0.1 s, four frames of MP3."""

_HERTZ = 200
"""The pitch that a change of pitch is taken from: the service wants hertz, and its voices lie around this."""


class EdgeBackend:
    """One voice of the service. ``speed`` and ``volume`` are factors, ``pitch`` is in semitones, roughly.

    Raises:
        BackendUnavailable: the service cannot be reached, or has no voice for the language.
        ConfigError: it has no voice of this name.
    """

    name = NAME
    device = "cloud"
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        self._gain = settings.volume
        self._prosody = {
            "rate": f"{round((settings.speed - 1) * 100):+d}%",
            "pitch": f"{round(_HERTZ * (2 ** (settings.pitch / 12) - 1)):+d}Hz",
        }
        self._loop = EventLoop()
        try:
            self.voice = _voice(self._voices(), settings.voice, language)
        except BaseException:
            self._loop.close()
            raise

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence as it comes.

        Raises:
            BackendError: the service cannot be reached, refused, sent no sound or was cut off.
        """
        if pronounceable(text):
            yield from trimmed(self._speech(text))

    def close(self) -> None:
        """Give up what is under way."""
        self._loop.close()

    def _speech(self, text: str) -> Iterator[Pcm]:
        """Yield what the service says, with the silence around it."""
        request = edge_tts.Communicate(text, self.voice, connect_timeout=round(SILENCE_S), **self._prosody)
        with Mp3Stream(self._loop, request) as source:
            try:
                for samples in miniaudio.stream_any(
                    source, miniaudio.FileFormat.MP3, miniaudio.SampleFormat.SIGNED16, 1, SAMPLE_RATE, _FRAMES
                ):
                    yield Pcm(to_int16(np.asarray(samples, dtype=np.int16), self._gain), SAMPLE_RATE)
            except miniaudio.MiniaudioError as exc:
                raise _failure(source.error_in_readcallback or exc) from exc
            if source.error_in_readcallback:
                raise _failure(source.error_in_readcallback)

    def _voices(self) -> Sequence[Any]:
        """Ask the service for its voices; so a service that cannot be reached is found before the first sentence."""
        try:
            found: Sequence[Any] = self._loop.start(edge_tts.list_voices()).result(SILENCE_S)
        except Exception as exc:
            raise BackendUnavailable(
                f"edge: Microsoft's service cannot be reached ({_reason(exc)}); check the connection, or use another "
                "synthesizer.backend"
            ) from exc
        return found


def _voice(voices: Sequence[Any], wanted: str, language: str) -> str:
    """Return the name of the voice to use: the one that is wanted, else the first of the language's main variety."""
    names = [str(voice["ShortName"]) for voice in voices]
    if wanted:
        if wanted in names:
            return wanted
        near = get_close_matches(wanted, names, n=1)
        hint = f"nearest: {near[0]}" if near else "they are listed by: edge-tts --list-voices"
        raise ConfigError(f"synthesizer.voice: edge has no voice {wanted!r}; {hint}")
    fitting = [voice for voice in voices if speaks(voice["Locale"], language)]
    if not fitting:
        raise BackendUnavailable(f"edge has no voice for {language!r}; use another synthesizer.backend")
    return str(min(fitting, key=lambda voice: distance(voice["Locale"], language))["ShortName"])


def _failure(error: Exception) -> BackendError:
    """Return what is said when a sentence could not be had."""
    return BackendError(f"edge did not speak: {_reason(error)}; use another synthesizer.backend")


def _reason(error: Exception) -> str:
    """Return the first line of what an error says."""
    # aiohttp's own words for a connection that failed hold an object's address.
    text = (error.strerror if isinstance(error, OSError) else None) or str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
