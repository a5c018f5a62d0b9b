"""Piper's voices from real files: a tiny VITS, exported to ONNX, in the form of the published ones."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("trainer")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnxruntime
from tiny_piper import SAMPLE_RATE, make_tiny_piper, write_config

from voicectl.actors.synthesizer.factory import choose, installed, load_backend, missing
from voicectl.actors.synthesizer.onnx.vits import OnnxVits
from voicectl.actors.synthesizer.piper import voice as piper_voice
from voicectl.actors.synthesizer.piper.backend import PiperBackend
from voicectl.actors.synthesizer.vits_stream import windows
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]

TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on."
CPU = ["CPUExecutionProvider"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a voice, as ``voicectl models pull`` leaves it."""
    path = tmp_path_factory.mktemp("voices")
    make_tiny_piper(path / "en_US-tiny-medium.onnx")
    return path


@pytest.fixture(scope="module")
def choir(tmp_path_factory):
    """Return a folder with a voice of two speakers."""
    path = tmp_path_factory.mktemp("choir")
    blocks = {"resblock_kernel_sizes_decoder": [3], "resblock_dilation_sizes_decoder": [[1, 3, 5]]}
    make_tiny_piper(path / "en_US-choir-medium.onnx", speakers=("ann", "bob"), **blocks)
    return path


@pytest.fixture(scope="module")
def voice(settings, folder):
    """Return that voice, loaded; it is shared."""
    return PiperBackend(settings(voices=str(folder), device="cpu"), "en")


@pytest.fixture(scope="module")
def model(folder):
    """Return the graph of that voice, taken apart; it is shared."""
    return OnnxVits(folder / "en_US-tiny-medium.onnx", CPU, 1)


@pytest.fixture
def load(settings, folder):
    """Return a function that loads a voice."""

    def loaded(place=folder, **changes):
        return PiperBackend(settings(**({"voices": str(place), "device": "cpu"} | changes)), "en")

    return loaded


@pytest.fixture
def copy(folder, tmp_path):
    """Return the model of a copy that may be damaged."""
    for path in folder.glob("*.onnx*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "en_US-tiny-medium.onnx"


def spoken(backend, text=TEXT):
    """Return all samples of a sentence as floats."""
    chunks = [np.asarray(chunk.samples, dtype=float) for chunk in backend.synthesize(text)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def feed(length=60, scales=(0.667, 1.5, 0.8)):
    """Return the inputs of a graph with one speaker."""
    return {
        "input": np.arange(length, dtype=np.int64)[None] % 40 + 1,
        "input_lengths": np.array([length]),
        "scales": np.array(scales, dtype=np.float32),
    }


def test_a_sentence_is_spoken_in_chunks_at_the_rate_of_its_file(voice):
    """The first chunk is 16 frames of 256 samples."""
    chunks = list(voice.synthesize(TEXT))
    assert {chunk.sample_rate for chunk in chunks} == {SAMPLE_RATE} == {voice.sample_rate}
    assert len(chunks) > 3
    assert len(chunks[0].samples) == 16 * 256
    assert sum(len(chunk.samples) for chunk in chunks) > SAMPLE_RATE


def test_the_parts_together_are_the_whole_graph(model, folder):
    """Without noise, the original file run in one piece gives the same samples."""
    path = folder / "en_US-tiny-medium.onnx"
    given = feed(scales=(0.0, 1.5, 0.0))
    whole = onnxruntime.InferenceSession(str(path), providers=CPU).run(None, given)[0].reshape(-1)
    parts = model.decode(model.latent(given, 1))
    assert len(parts) == len(whole)
    assert np.abs(parts - whole).max() < 1e-5 * np.abs(whole).max()


def test_the_stream_equals_the_whole_decode(model):
    """The windows joined are the decoder's own output, to a hundred-thousandth; with less context they are not."""
    latent = model.latent(feed(), 1)
    whole = model.decode(latent)
    joined = np.concatenate(list(windows(latent, model.decode, model.hop, model.context)))
    short = np.concatenate(list(windows(latent, model.decode, model.hop, 2)))
    assert np.abs(joined - whole).max() < 1e-5 * np.abs(whole).max()
    assert np.abs(short - whole).max() > 1e-4 * np.abs(whole).max()


def test_the_context_of_the_default_decoder_is_13_frames(model):
    """As the same decoder's context is computed from its configuration."""
    assert (model.hop, model.context) == (256, 13)


def test_the_noise_is_drawn_from_the_seed(model):
    """Another seed is another take of the same sentence."""
    first, again, other = (model.latent(feed(), seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.allclose(first, other)


def test_the_same_text_gives_the_same_samples(voice, load):
    """A sentence can be made again after a crash, whatever was spoken before."""
    once = spoken(voice)
    spoken(voice, "Something else.")
    assert np.array_equal(once, spoken(voice))
    assert np.array_equal(once, spoken(load()))


def test_speed_and_volume(voice, load):
    """Twice the speed about halves the length, half the volume halves the amplitude."""
    normal, fast, quiet = spoken(voice), spoken(load(speed=2.0)), spoken(load(volume=0.5))
    assert 0.4 < len(fast) / len(normal) < 0.65
    assert np.abs(quiet).max() == pytest.approx(np.abs(normal).max() / 2, abs=2)


def test_speakers_have_names_and_numbers(load, choir):
    """Behind a colon; without one the first speaks."""
    ann, bob = load(choir, voice="en_US-choir-medium:ann"), load(choir, voice="en_US-choir-medium:bob")
    assert ann.voice == "en_US-choir-medium:ann"
    assert not np.array_equal(spoken(ann), spoken(bob))
    assert np.array_equal(spoken(load(choir, voice="en_US-choir-medium:1")), spoken(bob))
    assert np.array_equal(spoken(load(choir)), spoken(ann))


def test_an_unknown_speaker_is_named_with_those_that_exist(load, choir):
    """The line names the setting."""
    with pytest.raises(ConfigError, match=r"synthesizer\.voice.*'eve'; it has ann, bob"):
        load(choir, voice="en_US-choir-medium:eve")


@pytest.mark.parametrize("text", ["", "…", "🎉", "--- ***"])
def test_symbols_are_silent(voice, text):
    """Nothing is yielded."""
    assert list(voice.synthesize(text)) == []


def test_a_voice_may_be_named_by_its_path(load, copy, settings, tmp_path):
    """The folder of voices may be empty."""
    empty = tmp_path / "empty"
    assert load(empty, voice=str(copy)).voice == "en_US-tiny-medium"
    assert choose(settings(voices=str(empty), voice=str(copy)), "en")[0] == "piper"


def test_a_voice_may_be_trained_on_letters(load, copy):
    """Its configuration says ``text``; espeak-ng is not asked."""
    letters = {letter: [index] for index, letter in enumerate("_^$ abcdefghijklmnopqrstuvwxyz")}
    write_config(copy, phoneme_type="text", phoneme_id_map=letters)
    backend = load(copy.parent)
    assert len(spoken(backend, "hello")) < len(spoken(backend, "hello hello hello"))
    assert len(spoken(backend, "ПРИВЕТ")) == 0


def test_phonemes_that_nobody_makes_are_refused(load, copy):
    """Rather than spoken wrongly."""
    write_config(copy, phoneme_type="pinyin")
    with pytest.raises(BackendUnavailable, match="wants phonemes by pinyin"):
        load(copy.parent)


def test_a_sentence_that_fails_is_an_error_of_its_own(load, copy):
    """An id that the model does not have; the next sentence is spoken."""
    ids = {phoneme: [index] for index, phoneme in enumerate("_^$ əˈ.")}
    write_config(copy, phoneme_id_map={**ids, "z": [100_000]})
    backend = load(copy.parent)
    with pytest.raises(BackendError, match="could not speak 'zoo'"):
        spoken(backend, "zoo")
    assert len(spoken(backend, "a man"))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x08\x07" * 500])
def test_a_broken_model_is_one_clear_line(load, copy, content):
    """With the file and what to do."""
    copy.write_bytes(content)
    with pytest.raises(BackendUnavailable, match=r"en_US-tiny-medium\.onnx cannot be loaded .*get it again") as caught:
        load(copy.parent)
    assert "\n" not in str(caught.value)


def test_a_model_of_another_kind_is_refused(load, copy):
    """A graph without a decoder of transposed convolutions."""
    from tiny_kokoro import make_tiny_kokoro

    shutil.copy(make_tiny_kokoro(copy.parent / "other") / "kokoro-v1.0.onnx", copy)
    with pytest.raises(BackendUnavailable, match="no HiFi-GAN decoder"):
        load(copy.parent)


@pytest.mark.parametrize("content", ["{", '{"audio": {"sample_rate": 0}}', "[]"])
def test_a_broken_configuration_is_one_clear_line(load, copy, content):
    """When the voice is named by its path; a folder's broken voices are passed over."""
    Path(f"{copy}.json").write_text(content)
    with pytest.raises(BackendUnavailable, match="is no configuration of a Piper voice") as caught:
        load(voice=str(copy))
    assert "\n" not in str(caught.value)
    with pytest.raises(BackendUnavailable, match="no voice in"):
        load(copy.parent)


def test_a_missing_file_is_named(load, copy):
    """The model or the configuration beside it."""
    Path(f"{copy}.json").unlink()
    with pytest.raises(BackendUnavailable, match=r"there is no file .*onnx\.json"):
        load(voice=str(copy))


def test_a_missing_voice_says_how_to_get_it(load):
    """The line can be copied into a shell."""
    with pytest.raises(BackendUnavailable, match=r"pull rhasspy/piper-voices/de_DE-thorsten-high$"):
        load(voice="de_DE-thorsten-high")


def test_a_missing_package_names_the_extra(load, settings, folder, monkeypatch):
    """In the error of a backend that is named, and in the list of voices."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'voicectl\[piper\]'"):
        load()
    how = {row.backend: row.how for row in missing(settings(voices=str(folder)), "en")}
    assert how["piper"] == "neural voices (VITS), offline: pip install 'voicectl[piper]'"
    assert installed(settings(voices=str(folder)), "en")[0].backend != "piper"


def test_a_missing_espeak_ng_is_named_too(settings, folder, monkeypatch, tmp_path):
    """Without phonemes Piper is not taken."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed(settings(voices=str(folder)), "en") == []
    how = {row.backend: row.how for row in missing(settings(voices=str(folder)), "en")}
    assert how["piper"].endswith("install espeak-ng")


def test_a_language_without_a_voice_says_how_to_find_one(settings, tmp_path):
    """Nobody publishes a Japanese one."""
    how = {row.backend: row.how for row in missing(settings(voices=str(tmp_path)), "de")}
    assert "voicectl models pull rhasspy/piper-voices/NAME, where de instead of NAME" in how["piper"]
    assert "piper" not in {row.backend for row in missing(settings(voices=str(tmp_path)), "ja")}


def test_a_device_that_is_not_there_is_refused(load):
    """The line names the setting."""
    with pytest.raises(BackendUnavailable, match=r"no device 'mps' here; set synthesizer\.device"):
        load(device="mps")


def test_the_package_and_a_voice_make_the_choice(settings, folder):
    """``auto`` takes Piper before espeak-ng for the languages of its voices."""
    assert choose(settings(voices=str(folder)), "en")[0] == "piper"
    assert load_backend(settings(voices=str(folder)), "en-US").voice == "en_US-tiny-medium"
    assert choose(settings(voices=str(folder)), "de")[0] == "espeak-ng"
    assert ("piper", "en_US-tiny-medium", "en-US", SAMPLE_RATE) in installed(settings(voices=str(folder)), "en")


def test_the_best_voice_for_a_language_goes_first(settings, copy):
    """Its region first, then its quality; files below the folder are found too."""
    below = copy.parent / "en" / "en_GB"
    below.mkdir(parents=True)
    for place, name, code in (
        (below, "en_GB-alan-low", "en_GB"),
        (below, "en_GB-cori-high", "en_GB"),
        (copy.parent, "de_DE-eva-high", "de_DE"),
    ):
        shutil.copy(copy, place / f"{name}.onnx")
        write_config(place / f"{name}.onnx", language={"code": code})
    names = [file.name for file in piper_voice.found(settings(voices=str(copy.parent)), "en-GB")]
    assert names == ["en_GB-cori-high", "en_GB-alan-low", "en_US-tiny-medium"]
