"""Open JTalk: complete, early, deterministic, and never put off by odd text."""

import subprocess
import sys

import numpy as np
import pyopenjtalk
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from voicectl.actors.synthesizer.join import parts, phoneme
from voicectl.actors.synthesizer.openjtalk import SAMPLE_RATE, OpenJTalkBackend
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


def whole(text, speed=1.0):
    """Return what Open JTalk makes of a sentence in one go, at the backend's level, its outer silence trimmed."""
    wave, _ = pyopenjtalk.tts(text, normalize_mode="NFKC", speed=speed)
    frames = wave[: len(wave) // 240 * 240].reshape(-1, 240)
    loud = np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > 60)
    return wave[max(0, loud[0] * 240 - SAMPLE_RATE // 50) : (loud[-1] + 1) * 240 + SAMPLE_RATE * 6 // 100] * 0.8


def spectra(wave):
    """Return power in bands of 800 Hz up to 19 kHz, shape (frames of 10 ms, bands), in dB."""
    hop = SAMPLE_RATE // 100
    window = np.hanning(4 * hop)
    frames = [np.abs(np.fft.rfft(window * wave[at : at + 4 * hop])) for at in range(0, len(wave) - 4 * hop, hop)]
    return 10 * np.log10(np.add.reduceat(np.square(frames)[:, :768], np.arange(0, 768, 32), axis=1) + 1e4)


@pytest.mark.parametrize(
    ("text", "speed"),
    [*((text, 1.0) for text in SENTENCES), (WITH_COMMAS, 0.7), (WITHOUT_PAUSE, 1.2), (WITH_COMMAS, 2.0)],
)
def test_a_sentence_in_parts_is_as_long_as_the_sentence_in_one_go(settings, text, speed):
    """The pauses at commas stay, and nothing is lost or doubled at a join."""
    joined = len(spoken(OpenJTalkBackend(settings(speed=speed), "ja"), text))
    reference = len(whole(text, speed))
    # At other speeds the engine shares out a part's length among its phonemes a little differently.
    assert abs(joined - reference) <= (SAMPLE_RATE // 100 if speed == 1.0 else 0.03 * reference)


@pytest.mark.parametrize("text", [WITH_COMMAS, WITHOUT_PAUSE])
def test_the_joins_sound_like_the_rest(mei, text):
    """Around each join the spectrum is as near to the whole sentence's as in between."""
    joined, reference = spectra(spoken(mei, text)), spectra(whole(text))
    count = min(len(joined), len(reference))
    distance = np.sqrt(np.mean((joined[:count] - reference[:count]) ** 2, axis=1))
    lengths = [len(chunk.samples) for chunk in mei.synthesize(text)]
    assert len(lengths) > 1
    for join in np.cumsum(lengths[:-1]) // (SAMPLE_RATE // 100):
        assert distance[join - 6 : join + 6].max() < 8
    assert np.median(distance) < 3


@pytest.mark.parametrize("text", [*SENTENCES, "年齢が変わるので、関数を見ていきます。"])
def test_the_parts_are_as_loud_as_the_whole(mei, text):
    """A short part would come out up to 6 dB louder, and clipped: the engine gives it a whole sentence's variance."""
    joined, reference = spoken(mei, text).astype(float), whole(text)
    count = min(len(joined), len(reference)) // 2400 * 2400
    levels = [np.sqrt(np.mean(wave[:count].reshape(-1, 2400) ** 2, axis=1)) for wave in (joined, reference)]
    audible = levels[1] > 300
    assert np.mean(np.abs(20 * np.log10(levels[0][audible] / levels[1][audible])) > 3) < 0.08
    assert np.abs(joined).max() < 1.3 * np.abs(reference).max()


@pytest.mark.parametrize("text", [WITH_COMMAS, WITHOUT_PAUSE])
def test_the_first_chunk_of_a_long_sentence_comes_before_the_rest(mei, text):
    """That is what makes the first sound early."""
    chunks = [len(chunk.samples) for chunk in mei.synthesize(text)]
    assert chunks[0] < 5 * SAMPLE_RATE
    assert chunks[0] < sum(chunks) * 0.8


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
    """Fourteen sentences in one are fourteen times as long as one, and the first sound is as early."""
    lengths = [len(chunk.samples) for chunk in mei.synthesize("設定を確認しました。" * 14)]
    assert sum(lengths) > 14 * len(spoken(mei, "設定を確認しました。"))
    assert lengths[0] < 5 * SAMPLE_RATE


@pytest.mark.parametrize("text", SENTENCES)
def test_parts_cover_every_label_once(text):
    """Between their cuts the parts hold all labels in order, each cut label in two halves."""
    labels = pyopenjtalk.extract_fullcontext(text)
    covered = []
    for part in parts(labels):
        begin = len(part.before.lead) + 1 if part.before else 0
        end = len(part.labels) - (len(part.after.follow) if part.after else 0)
        covered += part.labels[begin:end]
    assert covered == labels


def test_no_voiced_sound_is_ever_cut():
    """A cut lies in a pause or an unvoiced consonant."""
    labels = pyopenjtalk.extract_fullcontext(WITH_COMMAS + WITHOUT_PAUSE)
    cuts = {phoneme(part.after.label) for part in parts(labels) if part.after}
    assert cuts
    assert cuts <= {"pau", "k", "ky", "s", "sh", "t", "ty", "ts", "ch", "h", "hy", "f", "p", "py", "cl"}


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
        "from voicectl.actors.synthesizer.openjtalk import OpenJTalkBackend\n"
        "from voicectl.config.load import load_settings\n"
        "settings = load_settings(environ={'XDG_CONFIG_HOME': '/dev/null'}).settings.synthesizer\n"
        "OpenJTalkBackend(settings, 'ja')\n"
        "print(utils._SUDACHI_DICTIONARY is not None)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "True"
