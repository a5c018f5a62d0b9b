"""Speech in a hundred languages by the espeak-ng program, one child process a sentence.

The program is run, not linked: it is GPL-3. It reads the text from its standard input and writes a WAV
stream, whose sound is handed on as it comes; a sentence takes it about 10 ms.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np

from voicectl.actors.synthesizer.backend import Pcm
from voicectl.actors.synthesizer.pcm import pronounceable, to_int16
from voicectl.actors.synthesizer.plain import complaint, plain
from voicectl.actors.synthesizer.voice import VoiceInfo, speaks
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

NAME = "espeak-ng"
INSTALL = "brew install espeak-ng" if sys.platform == "darwin" else "apt-get install espeak-ng"
SAMPLE_RATE = 22_050

_WORDS_PER_MINUTE = 175
"""The program's own speed; it takes 80 to 1000."""

_SLOWEST, _FASTEST = 80, 1000

_PITCH = 50
"""The program's own pitch on its scale of 0 to 99, on which 50 steps are about an octave (its pitch_adjust_tab)."""

_STEPS_PER_SEMITONE = 50 / 12
_HEADER = 44
"""Bytes of the WAV header it writes: 16 bytes of ``fmt``, then ``data``; the rate is at byte 24."""

_FIRST_CHUNK, _CHUNK = 8_820, 44_100
"""Bytes read at a time: 0.2 s of sound first, then 1 s."""


class Voice(NamedTuple):
    """A line of ``espeak-ng --voices``: ``name`` is what ``-v`` takes; ``languages`` has (tag, priority), 1 is best."""

    name: str
    languages: tuple[tuple[str, int], ...]


def program() -> str | None:
    """Return the path of the program, None when it is not installed."""
    return shutil.which(NAME)


def voices(language: str | None) -> list[VoiceInfo]:
    """Return the voices that speak a language, the best first; None: all voices. None without the program."""
    path = program()
    if path is None:
        return []
    known = _voices(path)
    if language is None:
        return [VoiceInfo(NAME, voice.name, voice.languages[0][0], SAMPLE_RATE) for voice in known]
    fitting = sorted((rank, voice) for voice in known if (rank := _rank(voice, language)) is not None)
    return [VoiceInfo(NAME, voice.name, voice.languages[0][0], SAMPLE_RATE) for _, voice in fitting]


def installed(_settings: SynthesizerSettings, language: str | None) -> list[VoiceInfo]:
    """Return the voices of a language (None: all) as they are installed, the best first."""
    return voices(language)


def missing(_settings: SynthesizerSettings, _language: str | None) -> str | None:
    """Return how to get the program; None when it is here."""
    return None if program() else f"a hundred languages, offline: {INSTALL}"


def auto(_settings: SynthesizerSettings, language: str) -> str | None:
    """Return why this voice is taken when none is named; None when it does not speak the language."""
    return f"the voice that is installed for {language}" if voices(language) else None


def parse_voices(listing: str) -> list[Voice]:
    """Return the voices of the table that ``espeak-ng --voices`` prints.

    Its columns are priority, language, age/gender, name (no spaces), file, and other languages, ``(tag priority)``.
    """
    found = []
    for line in listing.splitlines()[1:]:
        fields = line.split(maxsplit=5)
        if len(fields) < 5 or not fields[0].isdigit():
            continue
        others = re.findall(r"\((\S+) (\d+)\)", fields[5] if len(fields) > 5 else "")
        languages = ((fields[1], int(fields[0])), *((tag, int(priority)) for tag, priority in others))
        found.append(Voice(fields[4], languages))
    return found


class EspeakNgBackend:
    """One voice of espeak-ng. ``speed`` scales 175 words a minute, ``pitch`` is in semitones, ``volume`` a factor."""

    name = NAME
    device = "cpu"
    sample_rate = SAMPLE_RATE

    def __init__(self, settings: SynthesizerSettings, language: str) -> None:
        path = program()
        if path is None:
            raise BackendUnavailable(f"espeak-ng is not installed; run: {INSTALL}")
        self.voice = settings.voice or _default_voice(language)
        words = round(_WORDS_PER_MINUTE * settings.speed)
        pitch = round(_PITCH + _STEPS_PER_SEMITONE * settings.pitch)
        self._command = [path, "--stdin", "--stdout", "-z", "-b", "1", "-v", self.voice]
        self._command += ["-s", str(min(max(words, _SLOWEST), _FASTEST)), "-p", str(min(max(pitch, 0), 99))]
        self._gain = settings.volume
        try:
            self.sample_rate = next(self.synthesize("a")).sample_rate
        except (BackendError, StopIteration) as exc:
            known = ", ".join(voice.voice for voice in voices(language)) or "none for this language"
            raise ConfigError(f"synthesizer.voice: espeak-ng cannot speak with {self.voice!r}; it has {known}") from exc

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence as the program writes it.

        Raises:
            BackendError: the program cannot be started, failed or was killed.
        """
        text = plain(text)
        if not pronounceable(text):
            return
        pipe = subprocess.PIPE
        try:
            child = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=pipe)
        except OSError as exc:
            raise BackendError(f"espeak-ng cannot be started: {exc.strerror}") from exc
        with child:
            try:
                yield from self._speech(child, text)
            finally:
                child.kill()

    def close(self) -> None:
        """Nothing to free: no process outlives its sentence."""

    def _speech(self, child: "subprocess.Popen[bytes]", text: str) -> Iterator[Pcm]:
        """Give a child the text and yield what it says."""
        assert child.stdin
        assert child.stdout
        assert child.stderr
        try:
            # It reads to the end of its input before it says a word, so this cannot block for ever.
            child.stdin.write(text.encode())
            child.stdin.close()
        except OSError as exc:
            raise BackendError(
                f"espeak-ng did not take the text: {complaint(child.wait(), child.stderr.read())}"
            ) from exc
        header = child.stdout.read(_HEADER)
        rate = int.from_bytes(header[24:28], "little")
        for block in _blocks(child.stdout):
            yield Pcm(to_int16(np.frombuffer(block, dtype="<i2"), self._gain), rate)
        if child.wait() or len(header) < _HEADER:
            raise BackendError(f"espeak-ng failed: {complaint(child.wait(), child.stderr.read())}")


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield whole samples as they come."""
    size = _FIRST_CHUNK
    while block := stream.read(size):
        yield block[: len(block) // 2 * 2]
        size = _CHUNK


def _voices(path: str) -> list[Voice]:
    """Ask the program for its voices."""
    try:
        listing = subprocess.run([path, "--voices"], capture_output=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as exc:
        raise BackendUnavailable(f"espeak-ng does not list its voices ({exc}); reinstall it: {INSTALL}") from exc
    return parse_voices(listing.stdout.decode(errors="replace"))


def _default_voice(language: str) -> str:
    """Return the best voice for a language.

    Raises:
        BackendUnavailable: there is none.
    """
    fitting = voices(language)
    if not fitting:
        raise BackendUnavailable(f"espeak-ng has no voice for {language!r}; see voicectl voices")
    return fitting[0].voice


def _rank(voice: Voice, language: str) -> tuple[int, int] | None:
    """Return how well a voice fits, the least is best; None when it does not speak the language.

    First the tag itself and what is left of it when subtags are taken away from the right, then any other
    variety of the language; among equals the program's own priority decides.
    """
    wanted = language.lower()
    ranks = []
    for tag, priority in voice.languages:
        if wanted == tag or wanted.startswith(f"{tag}-"):
            ranks.append((wanted.count("-") - tag.count("-"), priority))
        elif speaks(tag, wanted):
            ranks.append((10, priority))
    return min(ranks, default=None)
