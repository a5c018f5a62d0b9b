"""Coqui's VITS, a tiny one, from real files through the real classes."""

import shutil
import zlib

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("trainer")

from tiny_vits import make_tiny_vits

from voicectl.actors.synthesizer.coqui import zoo as coqui_zoo
from voicectl.actors.synthesizer.coqui.backend import CoquiBackend
from voicectl.actors.synthesizer.vits_stream import windows
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

pytestmark = pytest.mark.torch

TEXT = "the quick brown fox jumps over the lazy dog"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the files of a checkpoint with one voice."""
    return make_tiny_vits(tmp_path_factory.mktemp("vits"))


@pytest.fixture(scope="module")
def choir(tmp_path_factory):
    """Return the files of a checkpoint with two speakers."""
    return make_tiny_vits(tmp_path_factory.mktemp("choir"), speakers=("ann", "bob"))


@pytest.fixture
def load(settings):
    """Return a function that loads a checkpoint."""

    def loaded(files, **changes):
        paths = {"model_path": str(files.model_path), "config_path": str(files.config_path)}
        return CoquiBackend(settings(**({"backend": "coqui", "device": "cpu"} | paths | changes)), "en")

    return loaded


def spoken(backend, text=TEXT):
    """Return all samples of a sentence as floats."""
    chunks = [np.asarray(chunk.samples, dtype=float) for chunk in backend.synthesize(text)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def test_the_stream_equals_the_whole_decode(load, tiny):
    """The windows joined are the decoder's own output, to a hundred-thousandth."""
    backend = load(tiny)
    latent = backend._latent(TEXT)
    parts = list(windows(latent, backend._decode, backend._hop, backend._context))
    whole = backend._decode(latent)
    assert len(parts) > 3
    assert np.abs(np.concatenate(parts) - whole).max() <= 1e-5 * np.abs(whole).max()


def test_half_the_context_would_be_heard(load, tiny):
    """The test above could fail."""
    backend = load(tiny)
    latent = backend._latent(TEXT)
    whole = backend._decode(latent)
    short = np.concatenate(list(windows(latent, backend._decode, backend._hop, backend._context // 2)))
    assert np.abs(short - whole).max() > 1e-5 * np.abs(whole).max()


def test_the_sound_is_what_the_library_itself_makes(load, tiny):
    """Same weights, same seed, same text: folding and streaming change nothing that could be heard."""
    import torch
    from TTS.config import load_config
    from TTS.tts.models.vits import Vits

    config = load_config(str(tiny.config_path))
    model = Vits(config)
    model.load_checkpoint(config, str(tiny.model_path), eval=True)
    backend = load(tiny)
    ours = spoken(backend)
    torch.manual_seed(seed_of(TEXT))
    theirs = model.synthesize(TEXT)["wav"] * 32767
    assert len(ours) == len(theirs)
    assert np.abs(ours - theirs).max() <= 2


def seed_of(text):
    """Return the seed that a sentence is made with."""
    return zlib.crc32(text.encode())


def test_the_same_sentence_gives_the_same_samples(load, tiny):
    """VITS samples durations; a sentence made again after a crash must fit what was heard, in a new process too."""
    backend = load(tiny)
    first = spoken(backend)
    spoken(backend, "something else")
    assert np.array_equal(first, spoken(backend))
    assert np.array_equal(first, spoken(load(tiny)))


def test_the_first_chunk_is_short(load, tiny):
    """Sixteen frames of 256 samples."""
    backend = load(tiny)
    assert len(next(backend.synthesize(TEXT)).samples) == 16 * 256
    assert backend.sample_rate == 22_050


@pytest.mark.parametrize("text", ["", "…", "🎉", "日本語"])
def test_what_the_model_cannot_pronounce_is_silent(load, tiny, text):
    """Symbols, and letters that are not in its alphabet."""
    assert list(load(tiny).synthesize(text)) == []


def test_speed_scales_the_durations(load, tiny):
    """Twice as fast is half as long."""
    assert len(spoken(load(tiny, speed=2.0))) == pytest.approx(len(spoken(load(tiny))) / 2, rel=0.2)


def test_a_speaker_is_chosen_by_name(load, choir):
    """The first one by default, another by its name, and a wrong name gets the nearest."""
    assert load(choir).voice == "ann"
    bob = load(choir, voice="bob")
    assert bob.voice == "bob"
    assert not np.array_equal(spoken(load(choir))[:4096], spoken(bob)[:4096])
    with pytest.raises(ConfigError, match="nearest: bob"):
        load(choir, voice="bop")


def test_out_of_memory_is_an_error_of_that_sentence(load, tiny):
    """The next one is spoken."""
    import torch

    backend = load(tiny)
    decoder = backend._decoder

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    backend._decoder = full
    with pytest.raises(BackendError, match="out of memory"):
        spoken(backend)
    backend._decoder = decoder
    assert len(spoken(backend))


def test_a_model_that_makes_no_numbers_is_an_error_of_that_sentence(load, tiny):
    """Not a number is not a sound."""
    backend = load(tiny)
    decoder = backend._decoder
    backend._decoder = lambda latent, g: decoder(latent, g=g) * float("nan")
    with pytest.raises(BackendError, match="no finite sound"):
        spoken(backend)


def test_a_file_that_is_no_checkpoint_is_refused_in_one_line(load, tiny, tmp_path):
    """Broken weights and a missing file."""
    broken = tmp_path / "model.pth"
    broken.write_bytes(b"not a checkpoint")
    with pytest.raises(BackendUnavailable, match="cannot be loaded") as caught:
        load(tiny._replace(model_path=broken))
    assert "\n" not in str(caught.value)
    with pytest.raises(BackendUnavailable, match="no file"):
        load(tiny._replace(model_path=tmp_path / "absent.pth"))


def test_a_configuration_without_a_model_is_refused(settings, tiny):
    """None at all, and half of one."""
    with pytest.raises(ConfigError, match="needs a model"):
        CoquiBackend(settings(), "en")
    with pytest.raises(ConfigError, match="go together"):
        CoquiBackend(settings(model_path=str(tiny.model_path)), "en")


def test_a_device_that_is_not_here_is_refused(load, tiny):
    """Instead of a traceback at the first sentence."""
    with pytest.raises(BackendUnavailable, match="no device 'cuda:7'"):
        load(tiny, device="cuda:7")


def test_a_zoo_model_is_taken_from_the_cache_only(settings, tiny, tmp_path, monkeypatch):
    """What is in the cache is listed and spoken; what is not is never downloaded in silence."""
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    name = "tts_models/en/tiny/vits"
    with pytest.raises(BackendUnavailable, match=f"voicectl models pull {name}"):
        CoquiBackend(settings(model=name), "en")
    folder = tmp_path / "tts" / name.replace("/", "--")
    folder.mkdir(parents=True)
    shutil.copy(tiny.model_path, folder / "model_file.pth")
    shutil.copy(tiny.config_path, folder / "config.json")
    assert [(voice.voice, voice.sample_rate) for voice in coqui_zoo.voices("en")] == [(name, 22_050)]
    assert coqui_zoo.voices("fr") == []
    backend = CoquiBackend(settings(model=name), "en")
    assert backend.voice == name
    assert len(spoken(backend))
    with pytest.raises(ConfigError, match="no zoo name"):
        CoquiBackend(settings(model="../../etc"), "en")
