"""Japanese speech by Open JTalk with the voice "Mei", both shipped in pyopenjtalk-plus.

Open JTalk has no streaming, but it works in two steps: a front end that turns the sentence into one label
per phoneme, and an HTS engine that turns labels into sound and takes 95 % of the time. The labels carry their whole
context (position in the phrase, the accent, what comes next), so the label list can be cut and its parts spoken one
after the other with the sentence's own melody: ``join.py`` says where, and ``Joiner`` puts the parts together.
"""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.japanese_text import segments
from voicectl.actors.synthesizer.join import Part, parts
from voicectl.actors.synthesizer.pcm import pronounceable, to_int16
from voicectl.actors.synthesizer.phrasing import phrased
from voicectl.actors.synthesizer.voice import VoiceInfo, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

NAME = "openjtalk"
VOICE = "mei"
SAMPLE_RATE = 48_000
INSTALL = "pip install pyopenjtalk-plus"

_GAIN = 0.8
"""The engine peaks at ±38,400 on an int16 scale; this brings it inside."""

_SILENCE = 60.0
"""Effective value (RMS) below which nothing is audible: the engine's silence is noise of 10 to 30."""

_FRAME = SAMPLE_RATE * 5 // 1000
"""Samples of a frame of the engine."""

_HEAD = SAMPLE_RATE * 20 // 1000
"""Samples of silence kept before the first sound; the engine itself begins with up to 270 ms of it."""

_TAIL = SAMPLE_RATE * 60 // 1000
"""Samples kept after the last sound, for its decay; the pause between sentences is the sink's."""

_FASTEST_CUT = 1.25
"""Beyond this speed consonants are not cut: their labels come near the engine's least length of five frames, and spoken
alone they are longer than in the sentence."""

_FADE = SAMPLE_RATE * 10 // 1000
"""Samples of the crossfade at a join."""

_WARM_UP = "その時、上と下の方を見ます。"
"""Loads every part at once: 時, 上, 下 and 方 as words of their own have several readings, which brings in the Sudachi
dictionary (0.2 s)."""

Wave = npt.NDArray[np.float64]


def voices(language: str | None) -> list[VoiceInfo]:
    """Return Mei, unless another language than Japanese is asked for."""
    return [VoiceInfo(NAME, VOICE, "ja", SAMPLE_RATE)] if language is None or speaks("ja", language) else []


class OpenJTalkBackend:
    """Mei; deterministic, about 25 times faster than real time, on the CPU alone.

    ``speed`` is a factor, ``pitch`` in semitones and ``volume`` a factor, as in the settings.
    """

    name = NAME
    device = "cpu"
    voice = VOICE
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        if not speaks("ja", language):
            raise BackendUnavailable(
                f"openjtalk speaks only Japanese, not {language!r}; set synthesizer.backend = auto"
            )
        if settings.voice not in ("", VOICE):
            raise ConfigError(f"synthesizer.voice: openjtalk has no voice {settings.voice!r}; it has {VOICE}")
        try:
            # It prints to standard output that ONNX Runtime, which is optional, is not there.
            with contextlib.redirect_stdout(io.StringIO()):
                import pyopenjtalk
        except ImportError as exc:
            raise BackendUnavailable(f"openjtalk is not installed ({exc}); run: {INSTALL}") from exc
        self._engine = pyopenjtalk
        self._speed = settings.speed
        self._half_tone = settings.pitch
        self._gain = _GAIN * settings.volume
        for _ in self.synthesize(_WARM_UP):
            pass

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence; the first chunk after about a second's worth of it.

        Raises:
            BackendError: Open JTalk failed on this sentence.
        """
        pieces = [piece for piece in segments(text) if pronounceable(piece)]
        for index, piece in enumerate(pieces):
            yield from self._segment(piece, first=index == 0, last=index == len(pieces) - 1)

    def close(self) -> None:
        """Nothing to free: the dictionary is shared by the process."""

    def _segment(self, text: str, *, first: bool, last: bool) -> Iterator[Pcm]:
        """Yield the speech of one segment, its outer silence trimmed where the sentence begins and ends."""
        labels = self._labels(text)
        if not labels:
            return
        joiner = Joiner()
        for part in parts(labels, consonants=self._speed <= _FASTEST_CUT):
            wave = joiner.add(part, self._speak(part.labels), self._edges(part))
            if first and part.before is None:
                wave = wave[_onset(wave) :]
            if last and part.after is None:
                wave = wave[: _end(wave)]
            if wave.size:
                yield Pcm(to_int16(wave, self._gain), SAMPLE_RATE)

    def _labels(self, text: str) -> list[str]:
        """Return the full-context labels of a text; none when nothing in it has a reading."""
        try:
            nodes = self._engine.run_frontend(text, normalize_mode="NFKC")
            return list(self._engine.make_label(phrased(nodes)))
        except (RuntimeError, ValueError, LookupError) as exc:
            raise BackendError(f"openjtalk could not read {text[:40]!r}: {exc}") from exc

    def _speak(self, labels: list[str]) -> Wave:
        """Return the waveform of labels, shape (n,), on an int16 scale but not limited to it."""
        try:
            wave, _ = self._engine.synthesize(labels, self._speed, self._half_tone)
        except (RuntimeError, ValueError, MemoryError) as exc:
            raise BackendError(f"openjtalk could not speak: {exc}") from exc
        return np.asarray(wave, dtype=np.float64)

    def _edges(self, part: Part) -> tuple[int, int]:
        """Return how many samples of a part lie before its first and after its last cut point.

        The engine gives each label a length of its own, so a label spoken alone is as long as in the
        sentence (measured: exact at speed 1; at others the sentence's length differs by up to 2 %).
        """
        head = tail = 0
        if part.before is not None:
            head = self._length(part.before.lead) + self._length([part.before.label]) // 2
        if part.after is not None:
            tail = self._length(part.after.follow) + self._length([part.after.label]) // 2
        return head, tail

    def _length(self, labels: list[str]) -> int:
        """Return the length of labels in samples."""
        return len(self._speak(labels)) if labels else 0


class Joiner:
    """Puts the parts of a sentence together with short crossfades.

    Both parts of a join hold the sound around the cut point. The fade keeps the power of two
    unrelated signals constant, which is what noise and silence are; nothing voiced is ever cut.
    """

    def __init__(self) -> None:
        self._held: Wave = np.zeros(0)

    def add(self, part: Part, wave: Wave, edges: tuple[int, int]) -> Wave:
        """Return what is final: the part up to just before its last cut point."""
        head, tail = edges
        half = _FADE // 2
        start = 0 if part.before is None else max(0, head - half)
        stop = len(wave) if part.after is None else max(start, len(wave) - tail + half)
        wave = wave[start:stop].copy()
        overlap = min(len(self._held), len(wave))
        angle = np.linspace(0.0, np.pi / 2, overlap)
        wave[:overlap] = wave[:overlap] * np.sin(angle) + self._held[:overlap] * np.cos(angle)
        if part.after is None:
            return wave
        keep = max(0, len(wave) - _FADE)
        self._held = wave[keep:]
        return wave[:keep]


def _onset(wave: Wave) -> int:
    """Return where a waveform begins to be heard, less the head that is kept."""
    loud = _loud_frames(wave)
    return max(0, int(loud[0]) * _FRAME - _HEAD) if loud.size else 0


def _end(wave: Wave) -> int:
    """Return where a waveform ceases to be heard, plus the tail that is kept."""
    loud = _loud_frames(wave)
    return (int(loud[-1]) + 1) * _FRAME + _TAIL if loud.size else len(wave)


def _loud_frames(wave: Wave) -> npt.NDArray[np.intp]:
    """Return the numbers of the frames in which something is heard."""
    frames = wave[: len(wave) // _FRAME * _FRAME].reshape(-1, _FRAME)
    return np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > _SILENCE)
