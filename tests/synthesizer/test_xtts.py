"""XTTS, a tiny one, from the files that a real one has, through the real classes."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("trainer")

import soundfile
from tiny_xtts import TOKENS, make_tiny_xtts, small_decoder

from voicectl.actors.synthesizer.coqui import zoo as coqui_zoo
from voicectl.actors.synthesizer.coqui.xtts import XttsBackend
from voicectl.actors.synthesizer.factory import load_backend
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

pytestmark = pytest.mark.torch

TEXT = "The quick brown fox jumps over the lazy dog."
SECONDS = TOKENS * 1024 / 22_050
"""About what the tiny model says whatever it is given."""


@pytest.fixture(scope="module", autouse=True)
def _small():
    """Keep the decoder small while checkpoints are made and loaded."""
    with small_decoder():
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the files of a checkpoint with two speakers."""
    return make_tiny_xtts(tmp_path_factory.mktemp("xtts"))


@pytest.fixture
def load(settings):
    """Return a function that loads a checkpoint."""

    def loaded(files, language="en", **changes):
        paths = {"model_path": str(files.model_path), "config_path": str(files.config_path)}
        return load_backend(settings(**({"backend": "coqui", "device": "cpu"} | paths | changes)), language)

    return loaded


@pytest.fixture(scope="module")
def ann(settings, tiny):
    """Return the model with its first speaker; nobody changes it."""
    paths = {"model_path": str(tiny.model_path), "config_path": str(tiny.config_path)}
    return load_backend(settings(backend="coqui", device="cpu", **paths), "en")


def recording(path, seconds=4.0, pitch=120.0, rate=16_000, level=0.3):
    """Write something like a vowel of one voice."""
    time = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic for harmonic in range(1, 12))
    soundfile.write(path, np.stack([wave, wave], axis=1) * level / 2, rate)
    return path


def spoken(backend, text=TEXT):
    """Return all samples of a sentence as floats."""
    chunks = [np.asarray(chunk.samples, dtype=float) for chunk in backend.synthesize(text)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def test_a_sentence_leaves_in_chunks_while_it_is_made(ann):
    """The first after twenty tokens, when the model has still to make the others."""
    assert (type(ann), ann.name, ann.sample_rate) == (XttsBackend, "coqui", 24_000)
    made = []
    hook = ann._model.hifigan_decoder.register_forward_pre_hook(lambda _, inputs: made.append(inputs[0].shape[1]))
    chunks = ann.synthesize(TEXT)
    first = next(chunks)
    assert made == [20]
    rest = [len(chunk.samples) for chunk in chunks]
    hook.remove()
    assert len(rest) >= 3
    assert (len(first.samples) + sum(rest)) / 24_000 == pytest.approx(SECONDS, rel=0.1)


def test_the_same_text_gives_the_same_samples_whatever_was_spoken_before(ann):
    """A sentence can be made again after a crash."""
    first = spoken(ann)
    spoken(ann, "Something else.")
    assert np.array_equal(spoken(ann), first)


def test_a_speaker_of_the_speakers_file_is_chosen_by_name(ann, load, tiny):
    """The first one by default, and a wrong name gets the nearest."""
    bob = load(tiny, voice="bob")
    assert (ann.voice, bob.voice) == ("ann", "bob")
    assert not np.array_equal(spoken(ann), spoken(bob))
    with pytest.raises(ConfigError, match="nearest: bob"):
        load(tiny, voice="bop")


def test_a_voice_is_cloned_from_a_recording(load, tiny, tmp_path):
    """Two recordings are two voices, both in what the model hears and in what it says; stereo and any rate will do."""
    low = load(tiny, voice=str(recording(tmp_path / "low.wav")))
    high = load(tiny, voice=str(recording(tmp_path / "high.wav", pitch=240.0, rate=44_100)))
    again = load(tiny, voice=str(recording(tmp_path / "again.wav")))
    assert low.voice == "low"
    for key in ("gpt_cond_latent", "speaker_embedding"):
        assert not np.allclose(low._options[key], high._options[key])
        assert np.array_equal(low._options[key], again._options[key])
    assert not np.array_equal(spoken(low), spoken(high))
    assert np.array_equal(spoken(low), spoken(again))


def test_a_recording_from_which_no_voice_can_be_learned_is_refused_in_one_line(load, tiny, tmp_path):
    """Missing, too short, broken, silent."""
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF and nothing else")
    for path, message in [
        (tmp_path / "absent.wav", "there is no file"),
        (recording(tmp_path / "short.wav", seconds=1.5), r"has 1\.5 s of sound.*at least 3"),
        (broken, "no sound file"),
        (recording(tmp_path / "silent.wav", level=0.0), "nobody is heard"),
    ]:
        with pytest.raises(ConfigError, match=message) as caught:
            load(tiny, voice=str(path))
        assert "\n" not in str(caught.value)


def test_without_speakers_a_recording_is_asked_for(load, tmp_path):
    """A model that was fine-tuned has no speakers file."""
    alone = make_tiny_xtts(tmp_path / "alone", speakers=())
    with pytest.raises(ConfigError, match=r"set synthesizer\.voice to a WAV"):
        load(alone)
    assert len(spoken(load(alone, voice=str(recording(tmp_path / "low.wav")))))


def test_a_language_that_the_model_lacks_is_refused(load, tiny):
    """With those it has."""
    assert load(tiny, "de-AT")._language == "de"
    with pytest.raises(BackendUnavailable, match="speaks en, de, fr, ja, not 'tlh'"):
        load(tiny, "tlh")


def test_japanese_says_what_its_letters_need(load, tiny, monkeypatch):
    """The library reads them with a package that is no part of it."""
    monkeypatch.setitem(sys.modules, "cutlet", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'coqui-tts\[ja\]'"):
        load(tiny, "ja")


def test_a_long_sentence_is_cut_at_a_comma_and_nothing_of_it_is_lost(ann, monkeypatch):
    """The model leaves words out beyond 250 letters."""
    given = []
    encode = ann._model.tokenizer.encode
    monkeypatch.setattr(ann._model.tokenizer, "encode", lambda text, lang: given.append(text) or encode(text, lang))
    text = f"{'one ' * 40}two, {'three ' * 20}four"
    wave = spoken(ann, text)
    assert [part[-4:] for part in given] == ["two,", "four"]
    assert " ".join(given) == text
    assert len(wave) / 24_000 == pytest.approx(2 * SECONDS, rel=0.1)


@pytest.mark.parametrize("text", ["", "…", "🎉"])
def test_symbols_are_silent(ann, text):
    """Nothing to pronounce is nothing to make."""
    assert list(ann.synthesize(text)) == []


def test_speed_and_volume_are_factors(ann, load, tiny):
    """Twice as fast is half as long, half the volume half the level."""
    normal, fast, quiet = (spoken(each) for each in (ann, load(tiny, speed=2.0), load(tiny, volume=0.5)))
    assert len(fast) == pytest.approx(len(normal) / 2, rel=0.1)
    assert quiet.std() == pytest.approx(normal.std() / 2, rel=0.01)


def test_a_failure_is_an_error_of_its_sentence(ann):
    """Out of memory, and numbers that are none; the next sentence is spoken."""
    import torch

    decoder = ann._model.hifigan_decoder

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    def broken(_module, _inputs, wave):
        return wave * torch.nan

    for hook, message in [(full, "out of memory"), (broken, "no finite sound")]:
        handle = decoder.register_forward_hook(hook)
        with pytest.raises(BackendError, match=message):
            spoken(ann)
        handle.remove()
    assert len(spoken(ann))


def test_a_folder_that_is_not_whole_is_refused(load, tiny, tmp_path):
    """Without its vocabulary, and with weights that are none."""
    for name in ("model.pth", "config.json"):
        shutil.copy(tiny.model_path.with_name(name), tmp_path / name)
    files = tiny._replace(model_path=tmp_path / "model.pth", config_path=tmp_path / "config.json")
    with pytest.raises(BackendUnavailable, match=r"vocab\.json"):
        load(files)
    shutil.copy(tiny.model_path.with_name("vocab.json"), tmp_path / "vocab.json")
    files.model_path.write_bytes(b"nothing")
    with pytest.raises(BackendUnavailable, match="cannot be loaded") as caught:
        load(files)
    assert "\n" not in str(caught.value)


def test_the_zoo_finds_it_where_the_hub_keeps_it(settings, tiny, tmp_path, monkeypatch):
    """The zoo's own folder has only the consent to its licence; the files are in the hub's cache."""
    name = "tts_models/multilingual/multi-dataset/xtts_v2"
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "tts" / name.replace("/", "--")).mkdir(parents=True)
    assert coqui_zoo.voices(None) == []
    repository = tmp_path / "hub" / f"models--{coqui_zoo._listed(name)['repo_id'].replace('/', '--')}"
    snapshot = repository / "snapshots" / "c0ffee"
    shutil.copytree(tiny.model_path.parent, snapshot)
    (snapshot / "dvae.pth").write_bytes(b"for training only")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("c0ffee")
    assert coqui_zoo.voices("de") == [("coqui", name, "mul", 24_000)]
    assert coqui_zoo.voices("tlh") == []
    assert len(spoken(load_backend(settings(backend="coqui", model=name, device="cpu"), "de")))


def test_the_zoos_own_form_of_a_config_is_known(tiny):
    """The kind of a model is read from its config, without loading it."""
    assert json.loads(tiny.config_path.read_text())["model"] == "xtts"
    assert coqui_zoo.kind(coqui_zoo.Checkpoint(*tiny)) == "xtts"


def test_its_licence_is_named_before_it_is_downloaded(tmp_path):
    """Where nobody is there to accept the terms, nothing is fetched and the line says what to do."""
    name = "tts_models/multilingual/multi-dataset/xtts_v2"
    environment = {key: value for key, value in os.environ.items() if key != "COQUI_TOS_AGREED"}
    command = [sys.executable, "-m", "voicectl.actors.synthesizer.coqui.zoo", name]
    streams = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(command, env={**environment, "TTS_HOME": str(tmp_path)}, **streams)
    last = done.stderr.strip().rpartition("\n")[2]
    assert done.returncode != 0
    assert "CPML, not for commercial use" in last
    assert "COQUI_TOS_AGREED=1" in last
    assert coqui_zoo.licence("tts_models/en/ljspeech/vits") == "apache 2.0"
