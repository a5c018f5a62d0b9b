"""Microsoft Edge's voices: the real client library against a local server that speaks the service's protocol."""

import asyncio
import threading

import numpy as np
import pytest

pytest.importorskip("edge_tts")
pytest.importorskip("miniaudio")
pytest.importorskip("soundfile")

import edge_tts.communicate
import edge_tts.voices
from edge_service import RATE, begin, cut, end, mp3, serving, sound

from voicectl.actors.base import Wiring
from voicectl.actors.synthesizer.actor import SynthesizerActor
from voicectl.actors.synthesizer.edge import entry as edge_entry
from voicectl.actors.synthesizer.edge import stream as edge_stream
from voicectl.actors.synthesizer.factory import choose, load_backend
from voicectl.protocol.errors import BackendError, BackendUnavailable, ConfigError

TEXT = "All tests pass."


def tone(seconds, silence_s=0.0):
    """Return a tone with silence before and after it."""
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    silence = np.zeros(round(silence_s * RATE))
    return np.concatenate([silence, wave, silence]).astype(np.float32)


@pytest.fixture
def connect(settings, monkeypatch):
    """Return a function that makes the backend talk to a local service."""
    backends = []

    def connected(port, language="ja", **changes):
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(edge_tts.communicate, "WSS_URL", f"ws://127.0.0.1:{port}/edge/v1?TrustedClientToken=x")
        monkeypatch.setattr(edge_tts.voices, "VOICE_LIST", f"http://127.0.0.1:{port}/voices?trustedclienttoken=x")
        backends.append(load_backend(settings(**({"backend": "edge"} | changes)), language))
        return backends[-1]

    yield connected
    for backend in backends:
        backend.close()


def saying(wave):
    """Return an answer that says a wave."""
    data = mp3(wave)

    async def answer(socket, _ssml):
        await begin(socket)
        await sound(socket, data)
        await end(socket)

    return answer


def spoken(backend, text=TEXT):
    """Return all samples of a sentence."""
    return np.concatenate([chunk.samples for chunk in backend.synthesize(text)])


def test_a_sentence_is_decoded_and_its_silence_trimmed(connect):
    """Half a second of silence on each side goes, the tone stays in pitch, length and level."""
    with serving(saying(tone(2.0, silence_s=0.5))) as service:
        backend = connect(service.port)
        wave = spoken(backend).astype(float)
    assert 2.0 < len(wave) / RATE < 2.2
    assert np.abs(wave).max() == pytest.approx(0.5 * 32767, rel=0.1)
    assert np.argmax(np.abs(np.fft.rfft(wave))) * RATE / len(wave) == pytest.approx(440, abs=1)


def test_the_first_chunk_leaves_before_the_service_has_finished(connect):
    """The rest of the sound is not even sent before the first chunk was taken."""
    data = mp3(tone(4.0))
    is_taken = threading.Event()

    async def answer(socket, _ssml):
        await begin(socket)
        await sound(socket, data[: len(data) // 2])
        await asyncio.to_thread(is_taken.wait, 60)
        await sound(socket, data[len(data) // 2 :])
        await end(socket)

    with serving(answer) as service:
        chunks = connect(service.port).synthesize(TEXT)
        first = next(chunks)
        is_taken.set()
        rest = sum(len(chunk.samples) for chunk in chunks)
    assert len(first.samples) < RATE
    assert 3.5 * RATE < len(first.samples) + rest < 4.5 * RATE


def test_what_is_asked_for_is_what_was_set(connect):
    """Voice, speed and pitch in the service's own terms; markup in the text is text."""
    with serving(saying(tone(0.5))) as service:
        spoken(connect(service.port, language="de", speed=1.5, pitch=12.0), "a < b & c")
    [ssml] = service.asked
    assert "(de-DE, KatjaNeural)" in ssml
    assert "rate='+50%'" in ssml
    assert "pitch='+200Hz'" in ssml
    assert "a &lt; b &amp; c" in ssml


def test_volume_is_a_factor(connect):
    """Half of it is half the amplitude."""
    with serving(saying(tone(0.5))) as service:
        quiet = connect(service.port, volume=0.5)
        assert np.abs(spoken(quiet)).max() == pytest.approx(0.25 * 32767, rel=0.1)


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("ja", "ja-JP-NanamiNeural"),
        ("de", "de-DE-KatjaNeural"),
        ("de-AT", "de-AT-IngridNeural"),
        ("en", "en-US-AvaNeural"),
    ],
)
def test_a_language_finds_its_voice(connect, language, voice):
    """The variety that is asked for, else the main one."""
    with serving(saying(tone(0.1))) as service:
        assert connect(service.port, language=language).voice == voice


def test_an_unknown_voice_and_language_are_refused_in_one_line(connect):
    """With the nearest name."""
    with serving(saying(tone(0.1))) as service:
        with pytest.raises(ConfigError, match="nearest: ja-JP-NanamiNeural"):
            connect(service.port, voice="ja-JP-NanamiNeurla")
        with pytest.raises(BackendUnavailable, match="no voice for 'tlh'"):
            connect(service.port, language="tlh")


@pytest.mark.parametrize("text", ["", "…", "🎉"])
def test_symbols_are_not_even_sent(connect, text):
    """Nothing to say is nothing to ask."""
    with serving(saying(tone(0.1))) as service:
        assert list(connect(service.port).synthesize(text)) == []
    assert service.asked == []


def test_a_connection_that_is_cut_is_an_error_of_its_sentence(connect):
    """Though the client library takes it for the end; the next sentence is spoken."""
    data = mp3(tone(2.0))
    is_broken = threading.Event()
    is_broken.set()

    async def answer(socket, _ssml):
        await begin(socket)
        if is_broken.is_set():
            await sound(socket, data[: len(data) // 2])
            await cut(socket)
            return
        await sound(socket, data)
        await end(socket)

    with serving(answer) as service:
        backend = connect(service.port)
        with pytest.raises(BackendError, match="cut before the end"):
            spoken(backend)
        is_broken.clear()
        assert len(spoken(backend)) > 1.8 * RATE


def test_an_answer_without_sound_is_an_error_of_its_sentence(connect):
    """The service does that when it dislikes a parameter."""

    async def answer(socket, _ssml):
        await begin(socket)
        await end(socket)

    with serving(answer) as service, pytest.raises(BackendError, match="No audio was received"):
        spoken(connect(service.port))


def test_sound_that_is_no_mp3_is_an_error_of_its_sentence(connect):
    """Instead of noise."""

    async def answer(socket, _ssml):
        await begin(socket)
        await sound(socket, bytes(4000))
        await end(socket)

    with serving(answer) as service, pytest.raises(BackendError, match="edge did not speak"):
        spoken(connect(service.port))


def test_a_service_that_falls_silent_is_given_up(connect, monkeypatch):
    """The client library would wait without end."""
    monkeypatch.setattr(edge_stream, "SILENCE_S", 0.05)

    async def answer(socket, _ssml):
        await begin(socket)

    with serving(answer) as service, pytest.raises(BackendError, match="has not answered"):
        spoken(connect(service.port))


def test_a_refused_connection_is_found_before_the_first_sentence_and_at_one(connect):
    """So that another voice takes over; one line, with what to do."""
    with serving(saying(tone(0.1))) as service:
        backend = connect(service.port)
    with pytest.raises(BackendError, match="edge did not speak") as caught:
        spoken(backend)
    assert "\n" not in str(caught.value)
    with pytest.raises(BackendUnavailable, match=r"cannot be reached.*another synthesizer\.backend"):
        connect(service.port)


def test_a_sentence_that_is_dropped_ends_its_request(connect):
    """The service sees the connection go."""
    data = mp3(tone(2.0))
    is_gone = threading.Event()

    async def answer(socket, _ssml):
        await begin(socket)
        try:
            await sound(socket, data)  # refused where the listener went before the last part
            await socket.receive()
        finally:
            is_gone.set()

    with serving(answer) as service:
        chunks = connect(service.port).synthesize(TEXT)
        next(chunks)
        chunks.close()
        assert is_gone.wait(60)


def test_it_is_never_chosen_by_itself_and_says_what_it_does(settings):
    """What is spoken would leave the machine."""
    assert edge_entry.auto(settings(), "ja") is None
    assert choose(settings(), "ja")[0] != "edge"
    assert "leaves your machine" in edge_entry.missing(settings(), "ja")


def test_the_stage_says_at_its_start_that_text_leaves_the_machine(connect, settings, tmp_path):
    """As the voice itself, and of a voice on this machine nothing."""
    with serving(saying(tone(0.1))) as service:
        connect(service.port)
        details = []
        for backend in ("edge", "openjtalk"):
            actor = SynthesizerActor(Wiring(tmp_path), settings(backend=backend), "ja")
            details.append(actor.setup().detail)
            actor.teardown()
            actor.context.destroy()
    assert details == [
        "ja-JP-NanamiNeural; configured; what is spoken leaves this machine",
        "mei; configured",
    ]


def test_without_its_packages_the_line_says_what_to_install(settings, monkeypatch):
    """An extra of its own."""
    monkeypatch.setattr(edge_entry, "importable", lambda *modules: False)
    with pytest.raises(BackendUnavailable, match=r"pip install 'voicectl\[edge\]'"):
        load_backend(settings(backend="edge"), "ja")
