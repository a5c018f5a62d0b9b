"""Models of the zoo that cannot stream, small ones, from the zoo's own layout through the library's own synthesizer."""

import shutil

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("trainer")

from tiny_zoo import VOCODER, put_model, put_vocoder

from voicectl.actors.synthesizer.coqui import zoo as coqui_zoo
from voicectl.actors.synthesizer.coqui.sentence import CoquiSentenceBackend
from voicectl.actors.synthesizer.factory import load_backend
from voicectl.protocol.errors import BackendUnavailable, ConfigError

pytestmark = pytest.mark.torch

TEXT = "the quick brown fox jumps over the lazy dog"
NAMES = {
    "glow_tts": "tts_models/it/mai_female/glow-tts",
    "fast_pitch": "tts_models/en/ljspeech/fast_pitch",
    "tacotron2": "tts_models/en/ljspeech/tacotron2-DDC",
}
"""The Italian Glow-TTS is the one that the zoo names no vocoder for."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a cache with all of them."""
    folder = tmp_path_factory.mktemp("zoo")
    put_vocoder(folder)
    for kind, name in NAMES.items():
        put_model(folder, kind, name)
    return folder


@pytest.fixture
def load(settings, cache, monkeypatch):
    """Return a function that loads a model of the zoo."""
    monkeypatch.setenv("TTS_HOME", str(cache))

    def loaded(kind, **changes):
        language = NAMES[kind].split("/")[1]
        return load_backend(settings(backend="coqui", device="cpu", model=NAMES[kind], **changes), language)

    return loaded


def spoken(backend, text=TEXT):
    """Return all samples of a sentence as floats."""
    chunks = [np.asarray(chunk.samples, dtype=float) for chunk in backend.synthesize(text)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


@pytest.mark.parametrize("kind", NAMES)
def test_a_model_of_every_kind_speaks(load, kind):
    """With the zoo's vocoder where it names one, else by Griffin-Lim; the same text, the same samples."""
    backend = load(kind)
    assert (type(backend), backend.name, backend.voice) == (CoquiSentenceBackend, "coqui", NAMES[kind])
    assert (backend._synthesizer.vocoder_model is None) == (kind == "glow_tts")
    wave = spoken(backend)
    assert len(wave) > backend.sample_rate / 10
    assert wave.std() > 10
    spoken(backend, "something else")
    assert np.array_equal(spoken(backend), wave)


def test_the_silence_that_the_library_adds_is_taken_off(load):
    """Nearly half a second of zeros; the pause between sentences is the sink's."""
    backend = load("fast_pitch")
    raw = np.asarray(backend._synthesizer.tts(TEXT, split_sentences=False))
    assert not raw[-9_000:].any()
    assert spoken(backend)[-2_000:].any()


@pytest.mark.parametrize("text", ["", "…", "🎉", "日本語"])
def test_what_the_model_cannot_pronounce_is_silent(load, text):
    """Symbols, and letters that are not in its alphabet."""
    assert list(load("fast_pitch").synthesize(text)) == []


def test_speed_scales_the_durations_where_there_are_some(load):
    """Twice as fast is half as long."""
    assert len(spoken(load("fast_pitch", speed=2.0))) == pytest.approx(len(spoken(load("fast_pitch"))) / 2, rel=0.2)


def test_a_vocoder_that_is_missing_is_named(load, cache, tmp_path, monkeypatch, settings):
    """Rather than speaking like a robot without a word."""
    shutil.copytree(cache / "tts", tmp_path / "tts", ignore=shutil.ignore_patterns("vocoder_models*"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    name = NAMES["fast_pitch"]
    with pytest.raises(BackendUnavailable, match=rf"{VOCODER}, the vocoder, is not here.*{name}"):
        load_backend(settings(backend="coqui", model=name), "en")


def test_a_model_of_ones_own_needs_no_vocoder(settings, cache):
    """Griffin-Lim speaks for a checkpoint that is named by its files."""
    folder = cache / "tts" / NAMES["fast_pitch"].replace("/", "--")
    paths = {"model_path": str(folder / "model_file.pth"), "config_path": str(folder / "config.json")}
    assert len(spoken(load_backend(settings(backend="coqui", device="cpu", **paths), "en")))


def test_the_voices_of_the_zoo_are_listed_by_language(load):
    """Whatever their kind; a vocoder is none."""
    assert [voice.voice for voice in coqui_zoo.voices("en")] == [NAMES["fast_pitch"], NAMES["tacotron2"]]
    assert [voice.voice for voice in coqui_zoo.voices("it-IT")] == [NAMES["glow_tts"]]
    assert len(coqui_zoo.voices(None)) == 3


def test_models_that_take_minutes_for_a_sentence_are_refused(settings):
    """They would never be in time."""
    with pytest.raises(ConfigError, match="takes minutes for a sentence"):
        load_backend(settings(backend="coqui", model="tts_models/multilingual/multi-dataset/bark"), "en")


def test_files_that_are_no_model_are_refused_in_one_line(settings, cache, tmp_path):
    """A kind that the library does not know, and broken weights."""
    unknown = tmp_path / "config.json"
    unknown.write_text('{"model": "no_such_model", "audio": {"sample_rate": 22050}}')
    config = cache / "tts" / NAMES["fast_pitch"].replace("/", "--") / "config.json"
    weights = tmp_path / "model.pth"
    weights.write_bytes(b"nothing")
    for path in (unknown, config):
        with pytest.raises(BackendUnavailable, match="cannot be loaded") as caught:
            load_backend(settings(backend="coqui", model_path=str(weights), config_path=str(path)), "en")
        assert "\n" not in str(caught.value)


def test_a_single_letter_is_spoken(load):
    """The library's FastPitch fails on one token."""
    assert len(spoken(load("fast_pitch"), "i"))
