"""The voices of macOS, by its ``say`` command, one child process a sentence.

``say`` writes whole files, so that a sentence leaves when all of it is made; that takes it a few hundredths of the
sentence's length.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.pcm import pronounceable, to_int16
from voicectl.actors.synthesizer.plain import complaint, plain
from voicectl.actors.synthesizer.trim import trimmed
from voicectl.actors.synthesizer.voice import VoiceInfo, distance, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

NAME = "say"
SAMPLE_RATE = 22_050

_IS_MACOS = sys.platform == "darwin"
"""GNUstep has a command of the same name that takes other options."""

_WORDS_PER_MINUTE = 175
"""The speed of most of its voices."""

_LIMIT_S = 30.0
"""Seconds after which the command is given up; it makes a minute of speech in two."""

_LINE = re.compile(r"(?P<name>\S.*?)\s+(?P<tag>[a-z]{2,3}(?:[_-][A-Za-z0-9]+)*)\s+#")
"""A line of ``say -v ?``: the name, which may contain spaces and brackets, the locale, an example."""

_NOVELTIES = (
    *("Albert", "Bad News", "Bahh", "Bells", "Boing", "Bubbles", "Cellos", "Deranged", "Fred", "Good News", "Jester"),
    *("Hysterical", "Junior", "Kathy", "Organ", "Pipe Organ", "Ralph", "Superstar", "Trinoids", "Whisper", "Wobble"),
    "Zarvox",
)
"""Voices for fun, and those of the 1980s; nobody wants one who has not asked for it."""


class Voice(NamedTuple):
    """A voice: ``name`` is what ``-v`` takes, ``language`` a BCP 47 tag."""

    name: str
    language: str


def program() -> str | None:
    """Return the path of the command; None on other systems than macOS."""
    return shutil.which(NAME) if _IS_MACOS else None


def voices(language: str | None) -> list[VoiceInfo]:
    """Return the voices that speak a language, the best first; None: all voices. None on other systems."""
    path = program()
    if path is None:
        return []
    fitting = [voice for voice in _voices(path) if language is None or speaks(voice.language, language)]
    if language is not None:
        fitting.sort(key=lambda voice: (_quality(voice), distance(voice.language, language)))
    return [VoiceInfo(NAME, voice.name, voice.language, SAMPLE_RATE) for voice in fitting]


def installed(_settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return the voices of a language (None: all) as they are installed, the best first."""
    return voices(language)


def missing(_settings: SynthesizerSettings, language: str | None) -> str | None:
    """Return how to get better voices on macOS; None where there are some, and on other systems."""
    if program() is None or any("(" in voice.voice for voice in voices(language)):
        return None
    return "better voices of macOS: System Settings, Accessibility, Spoken Content, System Voice, Manage Voices"


def auto(_settings: SynthesizerSettings, language: str) -> str | None:
    """Return why this voice is taken when none is named; None when none speaks the language."""
    return f"the voice of macOS for {language}" if voices(language) else None


def parse_voices(listing: str) -> list[Voice]:
    """Return the voices of the table that ``say -v ?`` prints."""
    lines = (_LINE.match(line) for line in listing.splitlines())
    return [Voice(line["name"], line["tag"].replace("_", "-")) for line in lines if line]


class SayBackend:
    """One voice of macOS. ``speed`` scales 175 words a minute, ``volume`` is a factor; ``pitch`` is ignored."""

    name = NAME
    device = "cpu"
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        path = program()
        if path is None:
            raise BackendUnavailable("say is the voice of macOS, and this is another system; see voicectl voices")
        self.voice = settings.voice or _default_voice(language)
        if self.voice not in (names := [voice.name for voice in _voices(path)]):
            near = get_close_matches(self.voice, names, n=1)
            hint = f"nearest: {near[0]}" if near else "see voicectl voices"
            raise ConfigError(f"synthesizer.voice: say has no voice {self.voice!r}; {hint}")
        self._command = [path, "-v", self.voice, "-r", str(round(_WORDS_PER_MINUTE * settings.speed)), "-f", "-"]
        self._command += ["--file-format=WAVE", f"--data-format=LEI16@{SAMPLE_RATE}"]
        self._gain = settings.volume

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, whole.

        Raises:
            BackendError: the command cannot be started, failed, or wrote no sound.
        """
        text = plain(text)
        if pronounceable(text):
            yield from trimmed(iter([self._spoken(text)]))

    def close(self) -> None:
        """Nothing to free: no process outlives its sentence."""

    def _spoken(self, text: str) -> Pcm:
        """Let the command write a sentence into a file, and read it."""
        with tempfile.TemporaryDirectory(prefix="voicectl-say-") as folder:
            path = Path(folder) / "sentence.wav"
            try:
                subprocess.run(
                    [*self._command, "-o", str(path)],
                    input=text.encode(),
                    capture_output=True,
                    check=True,
                    timeout=_LIMIT_S,
                )
                with wave.open(str(path), "rb") as file:
                    rate, data = file.getframerate(), file.readframes(file.getnframes())
            except subprocess.CalledProcessError as exc:
                raise BackendError(f"say failed: {complaint(exc.returncode, exc.stderr)}") from exc
            except subprocess.TimeoutExpired as exc:
                raise BackendError(f"say did not speak {text[:40]!r} within {_LIMIT_S:g} s") from exc
            except (OSError, EOFError, wave.Error) as exc:
                raise BackendError(f"say made no sound for {text[:40]!r}: {exc}") from exc
        return Pcm(to_int16(np.frombuffer(data, dtype="<i2"), self._gain), rate)


def _voices(path: str) -> list[Voice]:
    """Ask the command for its voices."""
    try:
        listing = subprocess.run([path, "-v", "?"], capture_output=True, check=True, timeout=_LIMIT_S)
    except (OSError, subprocess.SubprocessError) as exc:
        raise BackendUnavailable(f"say does not list its voices ({exc}); use another synthesizer.backend") from exc
    return parse_voices(listing.stdout.decode(errors="replace"))


def _default_voice(language: str) -> str:
    """Return the best voice for a language.

    Raises:
        BackendUnavailable: there is none.
    """
    fitting = voices(language)
    if not fitting:
        raise BackendUnavailable(
            f"say has no voice for {language!r}; add one in System Settings, Accessibility, Spoken Content"
        )
    return fitting[0].voice


def _quality(voice: Voice) -> int:
    """Return how good a voice is, 0 is best: premium, enhanced, plain, the old engine's, those for fun."""
    for rank, mark in enumerate(("(Premium)", "(Enhanced)")):
        if mark in voice.name:
            return rank
    if voice.name in _NOVELTIES:
        return 4
    return 3 if "(" in voice.name else 2  # "Eddy (German (Germany))" and its kin are the Eloquence engine's
