"""Open JTalk: complete, early, deterministic, and never put off by odd text."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import psutil
import pyopenjtalk
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from voicectl.actors.synthesizer.openjtalk.backend import SAMPLE_RATE, OpenJTalkBackend
from voicectl.actors.synthesizer.openjtalk.hts_stream import HtsUtterance
from voicectl.protocol.errors import BackendUnavailable, ConfigError

WITH_COMMAS = "テストを実行したところ、三つのファイルで失敗しましたが、原因はすぐに分かったので、もう一度実行します。"
WITHOUT_PAUSE = "このライブラリは非同期処理を使っているためデータベース接続の管理が必要になります。"
SENTENCES = [WITH_COMMAS, WITHOUT_PAUSE, "src/voicectl/actors/base.py を読みました。", "はい。"]


@pytest.fixture(scope="module")
def mei(settings):
    """Return the backend with the default settings."""
    return OpenJTalkBackend(settings(), "ja")


def spoken(backend, text):
    """Return all samples of a sentence as floats."""
    chunks = [np.asarray(chunk.samples, dtype=float) for chunk in backend.synthesize(text)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def whole(text, speed=1.0, pitch=0.0):
    """Return what Open JTalk makes of a sentence in one go, at the backend's level, its outer silence trimmed."""
    wave, _ = pyopenjtalk.tts(text, normalize_mode="NFKC", speed=speed, half_tone=pitch)
    frames = wave[: len(wave) // 240 * 240].reshape(-1, 240)
    loud = np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > 60)
    wave = wave[max(0, loud[0] * 240 - SAMPLE_RATE // 50) : (loud[-1] + 1) * 240 + SAMPLE_RATE * 6 // 100]
    return np.clip(np.rint(wave * 0.8), -32767, 32767)


@pytest.mark.parametrize(
    ("text", "speed", "pitch"),
    [
        *((text, 1.0, 0.0) for text in SENTENCES),
        (WITH_COMMAS, 0.7, 0.0),
        (WITHOUT_PAUSE, 1.2, -20.0),
        (WITH_COMMAS, 2.0, 3.0),
        ("し。", 3.0, 0.0),
    ],
)
def test_a_sentence_in_windows_is_the_sentence_in_one_go(settings, text, speed, pitch):
    """To the last bit: same level, same melody, nothing lost or doubled where the windows meet."""
    backend = OpenJTalkBackend(settings(speed=speed, pitch=pitch), "ja")
    assert np.array_equal(spoken(backend, text), whole(text, speed, pitch))


@pytest.mark.parametrize("text", [WITH_COMMAS, WITHOUT_PAUSE, "設定を確認しました。" * 14])
def test_the_first_chunk_is_small_and_no_other_is_much_larger_than_the_one_before(mei, monkeypatch, text):
    """That is what makes the first sound early, and leaves no gap behind it; a slow machine begins later."""
    monkeypatch.setattr(HtsUtterance.windows, "__defaults__", (lambda: 0.0,))
    chunks = [len(chunk.samples) / SAMPLE_RATE for chunk in mei.synthesize(text)]
    assert chunks[0] <= 0.25
    assert len(chunks) > 5
    assert all(after < 2.5 * before for before, after in pairwise(chunks))


def test_a_sentence_that_is_left_leaves_nothing_behind(mei):
    """After a stop in mid-sentence the engine's memory is free, 6 MB a sentence, and the voice as good as before."""
    process = psutil.Process()
    before = process.memory_info().rss
    for _ in range(25):
        chunks = mei.synthesize(WITH_COMMAS)
        next(chunks)
        chunks.close()
    assert process.memory_info().rss - before < 75 << 20
    assert np.array_equal(spoken(mei, WITH_COMMAS), whole(WITH_COMMAS))


@pytest.mark.parametrize("change", ["__version__", "library"])
def test_an_engine_that_is_not_known_speaks_whole_sentences(settings, monkeypatch, change):
    """Slower to begin, but the same sound: of another version, or where the engine is not exported."""
    if change == "library":
        monkeypatch.setattr(pyopenjtalk.htsengine, "__file__", pyopenjtalk.openjtalk.__file__)
    else:
        monkeypatch.setattr(pyopenjtalk, "__version__", "0.5.0")
    backend = OpenJTalkBackend(settings(), "ja")
    assert len(list(backend.synthesize(WITH_COMMAS))) == 1
    assert np.array_equal(spoken(backend, WITH_COMMAS), whole(WITH_COMMAS))


def test_speech_begins_at_once_and_ends_soon(mei):
    """The engine's own silence, 0.2 s and more on each side, is not passed on."""
    loud = np.flatnonzero(np.abs(spoken(mei, "失敗しました。")) > 500)
    assert loud[0] < SAMPLE_RATE * 0.05
    assert len(spoken(mei, "失敗しました。")) - loud[-1] < SAMPLE_RATE * 0.12


def test_a_sentence_made_again_is_the_same(mei):
    """A sink that lost half of it can go on where it was cut."""
    first = spoken(mei, WITHOUT_PAUSE)
    spoken(mei, WITH_COMMAS)
    assert np.array_equal(first, spoken(mei, WITHOUT_PAUSE))


@pytest.mark.parametrize("text", ["", " ", "。。。", "⁇", "🎉👨‍👩‍👧", "\x00\x01", "~" * 500, "( )", "\u202e"])
def test_a_text_without_a_letter_is_silent(mei, text):
    """Nothing is yielded, not even an empty chunk."""
    assert list(mei.synthesize(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "/usr/local/bin/python3.11 -m pytest",
        "https://example.com/a?b=c&d=e",
        "café",
        "それは⁇ 🎉 本当です",
        "ｱｲｳ ﾃｽﾄ",
        "①㌔",
        "\ud800テスト",
        "\x07テスト\x00",
        '[[ -f x ]] && echo "y"',
        "１２３．４５％",
    ],
)
def test_odd_text_is_spoken(mei, text):
    """Whatever has a letter or a digit gives at least a quarter of a second of sound."""
    assert np.sum(np.abs(spoken(mei, text)) > 1000) > 1000
    assert len(spoken(mei, text)) > SAMPLE_RATE / 4


@given(st.text(max_size=30))
@hypothesis_settings(max_examples=25, deadline=None)
def test_no_text_breaks_it(mei, text):
    """Any string is spoken or silent; every chunk holds sound in int16."""
    for chunk in mei.synthesize(text):
        assert chunk.samples.dtype == np.int16
        assert chunk.samples.size


def test_a_runaway_is_cut_short(mei):
    """300 × A would take 52 seconds."""
    assert len(spoken(mei, "A" * 300)) < 3 * SAMPLE_RATE


def test_a_long_text_is_spoken_to_its_end(mei):
    """Fourteen sentences in one are fourteen times as long as one."""
    lengths = [len(chunk.samples) for chunk in mei.synthesize("設定を確認しました。" * 14)]
    assert sum(lengths) > 14 * len(spoken(mei, "設定を確認しました。"))


def test_speed_scales_the_length(mei, settings):
    """Twice as fast is half as long."""
    fast = OpenJTalkBackend(settings(speed=2.0), "ja")
    assert len(spoken(fast, WITH_COMMAS)) == pytest.approx(len(spoken(mei, WITH_COMMAS)) / 2, rel=0.1)


def test_pitch_is_in_semitones(mei, settings):
    """Twelve semitones double the fundamental frequency."""
    high = OpenJTalkBackend(settings(pitch=12.0), "ja")
    assert fundamental(spoken(high, "ああああ")) == pytest.approx(2 * fundamental(spoken(mei, "ああああ")), rel=0.1)


def fundamental(wave):
    """Return the frequency of the strongest period in the middle of a vowel, in Hz."""
    middle = wave[len(wave) // 2 - 2400 : len(wave) // 2 + 2400]
    correlation = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    shortest, longest = SAMPLE_RATE // 700, SAMPLE_RATE // 100
    period = shortest + int(np.argmax(correlation[shortest:longest]))
    while period // 2 > shortest and correlation[period // 2 - 3 : period // 2 + 4].max() > 0.85 * correlation[period]:
        period //= 2
    return SAMPLE_RATE / period


def test_volume_scales_and_clips(mei, settings):
    """Half the volume is half the amplitude; far too much is clipped, never wrapped around."""
    normal = spoken(mei, "はい。")
    quiet = spoken(OpenJTalkBackend(settings(volume=0.5), "ja"), "はい。")
    loud = spoken(OpenJTalkBackend(settings(volume=10.0), "ja"), "はい。")
    assert np.allclose(quiet, normal / 2, atol=1)
    assert np.abs(loud).max() == 32767
    assert np.all(np.sign(loud) * np.sign(normal) >= 0)


def test_other_languages_and_voices_are_refused(settings):
    """The line says what it can do."""
    with pytest.raises(BackendUnavailable, match="only Japanese"):
        OpenJTalkBackend(settings(), "de")
    with pytest.raises(ConfigError, match="it has mei"):
        OpenJTalkBackend(settings(voice="takumi"), "ja")


def test_everything_is_loaded_before_the_first_sentence():
    """The second dictionary too, which takes 0.2 s and is loaded when a word with several readings comes."""
    code = (
        "from pyopenjtalk import utils\n"
        "from voicectl.actors.synthesizer.openjtalk.backend import OpenJTalkBackend\n"
        "from voicectl.config.load import load_settings\n"
        "settings = load_settings(environ={'XDG_CONFIG_HOME': '/dev/null'}).settings.synthesizer\n"
        "OpenJTalkBackend(settings, 'ja')\n"
        "print(utils._SUDACHI_DICTIONARY is not None)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "True"


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="there is no such call here")
def test_both_dictionaries_are_read_ahead(settings, monkeypatch):
    """The first words would wait for a cold disk."""
    sizes = []
    monkeypatch.setattr(os, "posix_fadvise", lambda fd, *_: sizes.append(os.fstat(fd).st_size))
    OpenJTalkBackend(settings(), "ja").close()
    assert len(sizes) == 2
    assert min(sizes) > 50_000_000
