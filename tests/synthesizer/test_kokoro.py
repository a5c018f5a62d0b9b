"""Kokoro through its package, with tiny files of the real form."""

import shutil
import sys

import numpy as np
import pytest

pytest.importorskip("kokoro_onnx")

from tiny_kokoro import SAMPLES_A_PHONEME, make_tiny_kokoro

from voicectl.actors.synthesizer.factory import choose, installed, load_backend, missing
from voicectl.actors.synthesizer.kokoro import voice as kokoro_voice
from voicectl.actors.synthesizer.kokoro.backend import KokoroBackend, phrases
from voicectl.actors.synthesizer.kokoro.japanese import phonemes
from voicectl.protocol.errors import BackendUnavailable, ConfigError

TEXT = "The quick brown fox jumps over the lazy dog, which does not mind at all; it sleeps in the sun of the afternoon."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with Kokoro's files."""
    return make_tiny_kokoro(tmp_path_factory.mktemp("kokoro"))


@pytest.fixture
def load(settings, folder):
    """Return a function that loads a voice."""

    def loaded(language="en-US", **changes):
        return KokoroBackend(settings(voices=str(folder), **changes), language)

    return loaded


def spoken(backend, text=TEXT):
    """Return all samples of a sentence as floats."""
    chunks = [np.asarray(chunk.samples, dtype=float) for chunk in backend.synthesize(text)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def test_a_sentence_is_spoken_phrase_by_phrase(load):
    """Three phrases between its marks, 24,000 Hz."""
    backend = load()
    chunks = list(backend.synthesize(TEXT))
    assert len(chunks) == 3
    assert {chunk.sample_rate for chunk in chunks} == {24_000} == {backend.sample_rate}
    assert sum(len(chunk.samples) for chunk in chunks) > 60 * SAMPLES_A_PHONEME


def test_a_phrase_has_a_pause_behind_it_but_the_last(load):
    """A tenth of a second of silence after a comma; the pause between sentences is the sink's."""
    first, *_, last = list(load().synthesize(TEXT))
    assert not first.samples[-2_400:].any()
    assert last.samples[-240:].any()


def test_the_same_text_gives_the_same_samples(load):
    """A sentence can be made again after a crash."""
    backend = load()
    once = spoken(backend)
    spoken(backend, "Something else.")
    assert np.array_equal(once, spoken(backend))


def test_speed_and_volume(load):
    """Twice the speed halves the length, half the volume halves the amplitude."""
    normal, fast, quiet = spoken(load()), spoken(load(speed=2.0)), spoken(load(volume=0.5))
    assert len(fast) / len(normal) == pytest.approx(0.5, abs=0.05)
    assert np.abs(quiet).max() == pytest.approx(np.abs(normal).max() / 2, abs=2)


def test_speeds_beyond_the_models_are_brought_inside(load):
    """It takes 0.5 to 2; the settings allow more."""
    assert np.array_equal(spoken(load(speed=5.0)), spoken(load(speed=2.0)))


def test_the_voice_is_heard(load):
    """Two voices speak the same sentence differently."""
    assert not np.array_equal(spoken(load(voice="af_heart")), spoken(load(voice="bm_george")))


@pytest.mark.parametrize("text", ["", "…", "🎉", "--- ***"])
def test_symbols_are_silent(load, text):
    """Nothing is yielded."""
    assert list(load().synthesize(text)) == []


def test_the_best_voice_for_a_language_is_taken(load):
    """Of the region that is asked for, where there is one."""
    assert load("en-US").voice == "af_heart"
    assert load("en-GB").voice == "bm_george"
    assert load("ja").voice == "jf_alpha"


def test_a_japanese_voice_speaks_kanji(load):
    """Open JTalk reads them; espeak-ng would say "Chinese letter"."""
    assert len(spoken(load("ja"), "設定を確認します。")) > 10 * SAMPLES_A_PHONEME


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("テスト", "tesɨto"),
        ("ファイル", "ɸaiɾɯ"),
        ("きっと、来ます。", "kʲiʔto, kʲimasɨ."),
        ("新聞", "ɕimbɯɴ"),
        ("ウィンドウ", "βindoː"),
        ("チェック", "ʨeʔkɯ"),
        ("ディスク", "dʲisɨkɯ"),
        ("東京！", "toːkʲoː!"),
    ],
)
def test_japanese_is_written_in_the_models_phonemes(text, said):
    """Contracted sounds, doubled consonants, the nasal before other sounds, punctuation."""
    assert phonemes(text).replace(" ", "") == said.replace(" ", "")


def test_every_japanese_sound_is_in_the_models_vocabulary():
    """What is not would be dropped in silence."""
    from kokoro_onnx.config import DEFAULT_VOCAB

    kana = "".join(map(chr, range(ord("ァ"), ord("ヴ") + 1))) + "ー、ファ。ティ！キャ？ヴィ"
    assert set(phonemes(kana)) <= set(DEFAULT_VOCAB)


def test_short_phrases_are_joined():
    """And a long one with nothing to cut at is left whole."""
    assert phrases("wˈʌn, tˈuː, θɹˈiː.") == ["wˈʌn, tˈuː, θɹˈiː."]
    assert phrases("a" * 40 + ", " + "b" * 40) == ["a" * 40 + ",", "b" * 40]
    assert phrases("a" * 40 + ", bb") == ["a" * 40 + ", bb"]


def test_the_package_and_the_files_make_the_choice(settings, folder):
    """``auto`` takes Kokoro before Open JTalk where there is a voice for the language, else not."""
    assert choose(settings(voices=str(folder)), "ja")[0] == "kokoro"
    assert load_backend(settings(voices=str(folder)), "ja").voice == "jf_alpha"
    assert choose(settings(voices=str(folder)), "de")[0] != "kokoro"
    assert ("kokoro", "jf_alpha", "ja", 24_000) in installed(settings(voices=str(folder)), "ja")


def test_a_named_voice_finds_its_backend(settings, folder):
    """``mei`` is Open JTalk's, so Open JTalk is taken though Kokoro goes before it."""
    assert choose(settings(voices=str(folder), voice="mei"), "ja")[0] == "openjtalk"
    assert choose(settings(voices=str(folder), voice="jf_alpha"), "ja")[0] == "kokoro"


def test_missing_files_say_where_to_get_them(settings, tmp_path):
    """One line, with the folder; the list of voices says the same."""
    with pytest.raises(BackendUnavailable, match=r"kokoro-v1\.0\.onnx and voices.*releases"):
        KokoroBackend(settings(voices=str(tmp_path)), "en")
    how = {row.backend: row.how for row in missing(settings(voices=str(tmp_path)), "en")}
    assert str(tmp_path) in how["kokoro"]
    assert "kokoro" not in {row.backend for row in missing(settings(voices=str(tmp_path)), "de")}


@pytest.mark.parametrize(
    ("name", "message"), [("kokoro-v1.0.onnx", "cannot be loaded"), ("voices-v1.0.bin", "archive")]
)
def test_a_broken_file_is_one_clear_line(settings, folder, tmp_path, name, message):
    """With what to do."""
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(BackendUnavailable, match=message) as caught:
        KokoroBackend(settings(voices=str(tmp_path / "copy")), "en")
    assert "\n" not in str(caught.value)
    assert "get it again" in str(caught.value)


def test_an_unknown_voice_is_named_with_those_that_exist(load):
    """The line names the setting."""
    with pytest.raises(ConfigError, match=r"synthesizer\.voice.*nobody.*af_heart"):
        load(voice="nobody")


def test_a_language_without_a_voice_is_refused(load):
    """Chinese is left out: espeak-ng's phonemes are not its voices'."""
    with pytest.raises(BackendUnavailable, match="no voice for 'zh'"):
        load("zh")


def test_voices_of_languages_that_cannot_be_spoken_are_not_listed(settings, tmp_path):
    """The archive holds Chinese ones too."""
    make_tiny_kokoro(tmp_path, ("zf_xiaobei", "af_sky"))
    assert [voice.voice for voice in kokoro_voice.voices(settings(voices=str(tmp_path)), None)] == ["af_sky"]


def test_a_missing_package_names_the_extra(load, settings, folder, monkeypatch):
    """In the error of a backend that is named, and in the list of voices."""
    monkeypatch.setitem(sys.modules, "kokoro_onnx", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'voicectl\[kokoro\]'"):
        load()
    how = {row.backend: row.how for row in missing(settings(voices=str(folder)), "ja")}
    assert how["kokoro"] == "neural voices, offline: pip install 'voicectl[kokoro]'"
    assert choose(settings(voices=str(folder)), "ja")[0] == "openjtalk"
