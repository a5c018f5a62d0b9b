"""Japanese speech by Open JTalk with the voice "Mei", both shipped in pyopenjtalk-plus.

Open JTalk works in two steps: a front end that turns the sentence into one label per phoneme, and an HTS engine that
turns labels into sound and takes 95 % of the time; ``hts_stream.py`` lets the sound leave window by window.
Cutting the labels into parts and speaking one after the other is no way: the engine gives each part the variance
of a whole sentence, and parts of half a second come out up to 6 dB too loud.
"""

import contextlib
import importlib.util
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.japanese_text import segments
from voicectl.actors.synthesizer.openjtalk.hts_stream import HtsUtterance, HtsVoice, Wave
from voicectl.actors.synthesizer.openjtalk.phrasing import phrased
from voicectl.actors.synthesizer.pcm import pronounceable, to_int16
from voicectl.actors.synthesizer.voice import VoiceInfo, importable, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError, VoicectlError

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

_ENGINE = "0.4."
"""Versions of pyopenjtalk-plus whose engine is known; that of another one might take other arguments and crash."""

_WARM_UP = "その時、上と下の方を見ます。"
"""Loads every part at once: 時, 上, 下 and 方 as words of their own have several readings, which brings in the Sudachi
dictionary (0.2 s)."""


def voices(language: str | None) -> list[VoiceInfo]:
    """Return Mei, unless another language than Japanese is asked for."""
    return [VoiceInfo(NAME, VOICE, "ja", SAMPLE_RATE)] if language is None or speaks("ja", language) else []


def installed(_settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return Mei where the engine is installed and the language (None: any) is Japanese."""
    return voices(language) if importable("pyopenjtalk") else []


def missing(_settings: SynthesizerSettings, language: str | None) -> str | None:
    """Return how to get the engine; None when it is here or the language is not Japanese."""
    return f"Japanese, offline: {INSTALL}" if voices(language) and not importable("pyopenjtalk") else None


def auto(settings: SynthesizerSettings, language: str) -> str | None:
    """Return why Mei is taken when no voice is named; None when the language is not Japanese."""
    return "the Japanese voice that is always there" if installed(settings, language) else None


class OpenJTalkBackend:
    """Mei; deterministic, about 25 times faster than real time, on the CPU alone.

    ``speed`` is a factor, ``pitch`` in semitones and ``volume`` a factor, as in the settings. Without ``streaming`` a
    sentence is one chunk: the same sound, later.
    """

    name = NAME
    device = "cpu"
    voice = VOICE
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: SynthesizerSettings, language: str, *, streaming: bool = True) -> None:
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
        _read_ahead(Path(os.fsdecode(pyopenjtalk.OPEN_JTALK_DICT_DIR)) / "sys.dic", _sudachi())
        self._speed = settings.speed
        self._half_tone = settings.pitch
        self._gain = _GAIN * settings.volume
        self._stream = self._open_stream() if streaming else None
        for _ in self.synthesize(_WARM_UP):
            pass

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence; the first chunk is its first 0.2 s.

        Raises:
            BackendError: Open JTalk failed on this sentence.
        """
        pieces = [piece for piece in segments(text) if pronounceable(piece)]
        for index, piece in enumerate(pieces):
            yield from self._segment(piece, first=index == 0, last=index == len(pieces) - 1)

    def close(self) -> None:
        """Free the voice; the dictionary is shared by the process."""
        if self._stream:
            self._stream.close()

    def _segment(self, text: str, *, first: bool, last: bool) -> Iterator[Pcm]:
        """Yield the speech of one segment, its outer silence trimmed where the sentence begins and ends."""
        labels = self._labels(text)
        if not labels:
            return
        waves = self._waves(labels)
        for wave, is_end in _from_onset(waves) if first else waves:
            heard = wave[: _end(wave)] if last and is_end else wave
            if heard.size:
                yield Pcm(to_int16(heard, self._gain), SAMPLE_RATE)

    def _labels(self, text: str) -> list[str]:
        """Return the full-context labels of a text; none when nothing in it has a reading."""
        try:
            nodes = self._engine.run_frontend(text, normalize_mode="NFKC")
            return list(self._engine.make_label(phrased(nodes)))
        except (RuntimeError, ValueError, LookupError) as exc:
            raise BackendError(f"openjtalk could not read {text[:40]!r}: {exc}") from exc

    def _waves(self, labels: list[str]) -> Iterator[tuple[Wave, bool]]:
        """Yield the sound of labels piece by piece, each with whether it is the last."""
        if self._stream is None:
            yield self._whole(labels), True
            return
        with HtsUtterance(self._stream, labels, self._speed, self._half_tone) as utterance:
            yield from utterance.windows()

    def _whole(self, labels: list[str]) -> Wave:
        """Return the waveform of labels, shape (n,), on an int16 scale but not limited to it."""
        try:
            wave, _ = self._engine.synthesize(labels, self._speed, self._half_tone)
        except (RuntimeError, ValueError, MemoryError) as exc:
            raise BackendError(f"openjtalk could not speak: {exc}") from exc
        return np.asarray(wave, dtype=np.float64)

    def _open_stream(self) -> HtsVoice | None:
        """Return the voice for streaming; None where that does not give the engine's own sound."""
        if not self._engine.__version__.startswith(_ENGINE):
            return None
        try:
            voice = HtsVoice(self._engine.htsengine.__file__, self._engine.DEFAULT_HTS_VOICE)
            labels = self._labels("あ")
            with HtsUtterance(voice, labels, self._speed, self._half_tone) as utterance:
                streamed = np.concatenate([wave for wave, _ in utterance.windows()])
        except VoicectlError as exc:
            structlog.get_logger().warning("openjtalk speaks whole sentences", reason=str(exc))
            return None
        if not np.array_equal(streamed, self._whole(labels)):
            structlog.get_logger().warning("openjtalk speaks whole sentences", reason="another sound when streamed")
            voice.close()
            return None
        return voice


def _sudachi() -> Path | None:
    """Return Sudachi's dictionary, which the front end asks for the readings of some words, if it is installed."""
    found = importlib.util.find_spec("sudachidict_core")
    return Path(found.origin).parent / "resources" / "system.dic" if found and found.origin else None


def _read_ahead(*paths: Path | None) -> None:
    """Let the kernel read files that will be mapped, behind our back.

    They have 300 MB; from a cold disk the first sentence would wait 0.4 s for the pages that its words are on.
    """
    if not hasattr(os, "posix_fadvise"):  # macOS
        return
    for path in paths:
        with contextlib.suppress(OSError):
            if path:
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _from_onset(waves: Iterator[tuple[Wave, bool]]) -> Iterator[tuple[Wave, bool]]:
    """Yield a sentence's sound without the silence before it."""
    held: Wave = np.zeros(0)
    for wave, is_end in waves:
        held = np.concatenate((held, wave))
        if is_end or _loud_frames(held).size:
            yield held[_onset(held) :], is_end
            break
    yield from waves


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
