"""espeak-ng as a child process: the right voice, nothing taken as a command, failures told from silence."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from voicectl.actors.synthesizer.espeak.backend import EspeakNgBackend, parse_voices, voices
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

REAL = shutil.which("espeak-ng")
needs_program = pytest.mark.skipif(REAL is None, reason="espeak-ng is not installed")


def spoken(backend, text):
    """Return all samples of a sentence."""
    chunks = [chunk.samples for chunk in backend.synthesize(text)]
    return np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.int16)


@needs_program
def test_a_sentence_is_spoken_in_chunks(settings):
    """Some seconds of sound, the first chunk a short one."""
    backend = EspeakNgBackend(settings(), "en")
    lengths = [len(chunk.samples) for chunk in backend.synthesize("The tests pass, and the change is ready to merge.")]
    assert sum(lengths) > 2 * backend.sample_rate
    assert lengths[0] < backend.sample_rate / 2


@needs_program
def test_the_same_text_gives_the_same_samples(settings):
    """A sentence can be made again after a crash."""
    backend = EspeakNgBackend(settings(), "en")
    assert np.array_equal(spoken(backend, "Again and again."), spoken(backend, "Again and again."))


@needs_program
@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en-US", "gmw/en-US"),
        ("pt-BR", "roa/pt-BR"),
        ("pt", "roa/pt"),
        ("de-AT", "gmw/de"),
        ("no", "gmq/nb"),
        ("zh-Hant", "sit/cmn"),
        ("es-MX", "roa/es-419"),
    ],
)
def test_a_language_tag_finds_its_voice(language, voice):
    """The tag itself first, then what is left without its last subtags."""
    assert voices(language)[0].voice == voice


@needs_program
def test_two_opening_brackets_are_no_phonemes(settings):
    """``[[ -f x ]]`` is shell, not espeak-ng's phoneme notation."""
    backend = EspeakNgBackend(settings(), "en")
    assert np.array_equal(spoken(backend, "a [[hello]]"), spoken(backend, "a [ [hello]]"))


@needs_program
@pytest.mark.parametrize("text", ["", "…", "🎉", "--- ***"])
def test_symbols_are_silent(settings, text):
    """Nothing is yielded."""
    assert list(EspeakNgBackend(settings(), "en").synthesize(text)) == []


@needs_program
def test_text_that_looks_like_an_option_is_spoken(settings):
    """The text goes through standard input, so it is never read as an argument."""
    assert len(spoken(EspeakNgBackend(settings(), "en"), "--version")) > 4000


@needs_program
def test_speed_pitch_and_volume(settings):
    """Twice the speed about halves the length, half the volume halves the amplitude, and pitch is heard."""
    text = "The quick brown fox jumps over the lazy dog."
    normal = spoken(EspeakNgBackend(settings(), "en"), text)
    fast = spoken(EspeakNgBackend(settings(speed=2.0), "en"), text)
    quiet = spoken(EspeakNgBackend(settings(volume=0.5), "en"), text)
    high = spoken(EspeakNgBackend(settings(pitch=6.0), "en"), text)
    assert 0.35 < len(fast) / len(normal) < 0.65
    assert np.abs(quiet).max() == pytest.approx(np.abs(normal).max() / 2, abs=1)
    assert fundamental(high) == pytest.approx(fundamental(normal) * 2 ** (6 / 12), rel=0.1)


def fundamental(wave):
    """Return the most frequent fundamental frequency of a voice, in Hz."""
    wave = wave.astype(float)
    periods = []
    for start in range(0, len(wave) - 1024, 512):
        frame = wave[start : start + 1024]
        correlation = np.correlate(frame, frame, "full")[1023:]
        period = 60 + int(np.argmax(correlation[60:400]))  # 55 to 370 Hz
        if correlation[period] > 0.6 * correlation[0] > 0:
            periods.append(period)
    return 22_050 / np.median(periods)


@needs_program
def test_an_unknown_voice_is_named_with_those_that_exist(settings):
    """The line names the setting."""
    with pytest.raises(ConfigError, match=r"synthesizer\.voice.*gmw/de"):
        EspeakNgBackend(settings(voice="nobody"), "de")


@needs_program
def test_a_language_without_a_voice_is_refused(settings):
    """Rather than read with the wrong rules."""
    with pytest.raises(BackendUnavailable, match="no voice for 'tlh'"):
        EspeakNgBackend(settings(), "tlh")


def test_a_missing_program_says_how_to_get_it(settings, monkeypatch, tmp_path):
    """The line can be copied into a shell."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert voices("en") == []
    with pytest.raises(BackendUnavailable, match="install espeak-ng"):
        EspeakNgBackend(settings(), "en")


@needs_program
@pytest.mark.parametrize(("ending", "message"), [("kill -9 $$", "signal 9"), ("echo no data >&2; exit 3", "no data")])
def test_a_child_that_dies_is_an_error_of_its_sentence(settings, monkeypatch, tmp_path, ending, message):
    """And the next sentence is spoken."""
    broken = tmp_path / "broken"
    program = tmp_path / "espeak-ng"
    program.write_text(f'#!/bin/sh\nif [ -e {broken} ]; then {ending}; fi\nexec {REAL} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    backend = EspeakNgBackend(settings(), "en")
    broken.touch()
    with pytest.raises(BackendError, match=message):
        spoken(backend, "Hello.")
    broken.unlink()
    assert len(spoken(backend, "Hello."))


@needs_program
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_sentence_that_is_cancelled_leaves_no_child(settings):
    """Closing the iterator kills and reaps the program."""
    sentence = EspeakNgBackend(settings(), "en").synthesize("one and two and three " * 500)
    next(sentence)
    sentence.close()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert not [child for child in children if "espeak-ng" in Path(f"/proc/{child}/comm").read_text()]


def test_the_voice_table_is_read_by_its_columns():
    """Names hold no spaces, other languages come last, and a broken line is passed over."""
    listing = (
        "Pty Language       Age/Gender VoiceName          File                 Other Languages\n"
        " 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)\n"
        " 5  cmn             --/M      Chinese_(Mandarin) sit/cmn              (zh-cmn 5)(zh 5)\n"
        " 5  eu              --/M      Basque             eu                   \n"
        "garbage\n"
    )
    assert [(voice.name, voice.languages) for voice in parse_voices(listing)] == [
        ("gmw/en", (("en-gb", 2), ("en", 2))),
        ("sit/cmn", (("cmn", 5), ("zh-cmn", 5), ("zh", 5))),
        ("eu", (("eu", 5),)),
    ]
