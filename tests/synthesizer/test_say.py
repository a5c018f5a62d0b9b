"""The voices of macOS, with a program in the place of its ``say`` command that takes the same command line."""

import shlex
import sys
from pathlib import Path

import fake_say
import numpy as np
import pytest

from voicectl.actors.synthesizer import say
from voicectl.actors.synthesizer.factory import choose, load_backend
from voicectl.actors.synthesizer.say import SayBackend, voices
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Put the stand-in on the PATH, as on macOS; return the file that shows what it was asked."""
    program = tmp_path / "say"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, fake_say.__file__])} "$@"\n')
    program.chmod(0o755)
    log = tmp_path / "asked"
    monkeypatch.setattr(say, "_IS_MACOS", True)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("FAKE_SAY_LOG", str(log))
    return log


def spoken(backend, text):
    """Return all samples of a sentence."""
    return np.concatenate([chunk.samples for chunk in backend.synthesize(text)])


def test_a_sentence_is_spoken_without_the_silence_around_it(settings, command):
    """Seven words at 175 a minute are 2.4 s."""
    backend = SayBackend(settings(), "en")
    wave = spoken(backend, "All the tests pass on both machines.")
    assert len(wave) / backend.sample_rate == pytest.approx(7 * 60 / 175 + 0.08, abs=0.02)
    assert command.read_text() == "Samantha|175|All the tests pass on both machines."


def test_speed_is_in_words_a_minute_and_volume_a_factor(settings, command):
    """Twice the speed, half the amplitude."""
    wave = spoken(SayBackend(settings(speed=2.0, volume=0.5), "en"), "One two three four.")
    assert command.read_text().split("|")[1] == "350"
    assert np.abs(wave).max() == pytest.approx(8_000, rel=0.01)


@pytest.mark.parametrize(
    ("language", "voice"),
    [("en", "Samantha"), ("en-GB", "Daniel"), ("ja", "Kyoko (Enhanced)"), ("de", "Anna"), ("ar", "Majed")],
)
def test_a_language_finds_its_best_voice(command, language, voice):
    """Downloaded ones first, then plain ones; those for fun and of old engines last."""
    assert voices(language)[0].voice == voice


def test_voices_are_listed_by_language(command):
    """Names may hold spaces and brackets; locales become language tags."""
    assert [(voice.voice, voice.language) for voice in voices("de")] == [
        ("Anna", "de-DE"),
        ("Eddy (German (Germany))", "de-DE"),
    ]
    assert len(voices(None)) == len(fake_say.NAMES)


def test_an_unknown_voice_gets_the_nearest_and_an_unknown_language_is_refused(settings, command):
    """Before the first sentence."""
    with pytest.raises(ConfigError, match="nearest: Kyoko"):
        SayBackend(settings(voice="Kyouko"), "ja")
    with pytest.raises(BackendUnavailable, match="no voice for 'tlh'; add one in System Settings"):
        SayBackend(settings(), "tlh")


@pytest.mark.parametrize("text", ["", "…", "🎉"])
def test_symbols_are_silent(settings, command, text):
    """The command is not even run."""
    assert list(SayBackend(settings(), "en").synthesize(text)) == []
    assert not command.exists()


def test_no_text_is_an_option_or_a_command(settings, command):
    """``[[rate 400]]`` would change the speed, ``-o`` the file."""
    spoken(SayBackend(settings(), "en"), "-o x [[rate 400]]")
    assert command.read_text().endswith("|-o x [ [rate 400]]")


@pytest.mark.parametrize(("text", "message"), [("fail now", "say failed: Speaking failed"), ("mute", "made no sound")])
def test_a_failure_is_an_error_of_its_sentence(settings, command, text, message):
    """In one line, and the next one is spoken."""
    backend = SayBackend(settings(), "en")
    with pytest.raises(BackendError, match=message) as caught:
        spoken(backend, text)
    assert "\n" not in str(caught.value)
    assert len(spoken(backend, "Hello."))


def test_on_macos_it_is_taken_before_espeak_ng_and_on_other_systems_never(settings, command, monkeypatch):
    """GNUstep has a ``say`` as well, so that the system decides, not the PATH."""
    assert choose(settings(), "de") == ("say", "the voice of macOS for de")
    assert choose(settings(), "ja")[0] == "openjtalk"
    monkeypatch.setattr(say, "_IS_MACOS", False)
    assert voices("de") == []
    with pytest.raises(BackendUnavailable, match="macOS"):
        load_backend(settings(backend="say"), "de")
    assert Path(command.parent, "say").exists()
