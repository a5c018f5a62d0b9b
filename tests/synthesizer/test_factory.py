"""Which voice is taken, and why, is known before anything is loaded."""

import json
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from voicectl.actors.synthesizer.factory import choose, installed, load_backend
from voicectl.cli.voices import voices
from voicectl.protocol.errors import BackendUnavailable, UsageError

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def test_japanese_is_spoken_by_open_jtalk(settings):
    """It is always there."""
    assert choose(settings(), "ja")[0] == "openjtalk"
    assert choose(settings(), "ja-JP")[0] == "openjtalk"


@needs_espeak
def test_other_languages_are_spoken_by_espeak_ng(settings):
    """Where it is installed."""
    assert choose(settings(), "de")[0] == "espeak-ng"


def test_a_configured_name_is_taken_as_it_is(settings):
    """Whether it can be loaded is seen when it is loaded."""
    assert choose(settings(backend="coqui"), "ja") == ("coqui", "configured")


def test_a_configured_model_goes_first(settings):
    """With TTS it is taken; without, the reason says what is missing."""
    backend, reason = choose(settings(model="tts_models/en/ljspeech/vits"), "ja")
    assert backend == "coqui" or "voicectl[coqui]" in reason


def test_an_unknown_name_lists_the_known(settings):
    """And offers the nearest."""
    with pytest.raises(UsageError, match=r"known: auto, .*openjtalk, .*; did you mean openjtalk\?"):
        choose(settings(backend="openjtak"), "ja")
    with pytest.raises(UsageError, match="unknown synthesizer 'x'"):
        load_backend(settings(), "ja", "x")


def test_a_language_that_nobody_speaks_says_how_to_get_a_voice(settings, monkeypatch, tmp_path):
    """Here: without espeak-ng."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendUnavailable, match="install espeak-ng"):
        choose(settings(), "de")


@needs_espeak
def test_a_fallback_takes_its_own_voice(settings):
    """``mei`` is unknown to espeak-ng, and is not asked of it."""
    backend = load_backend(settings(voice="mei"), "ja", "espeak-ng")
    assert (backend.name, backend.voice) == ("espeak-ng", "jpx/ja")
    assert load_backend(settings(voice="mei"), "ja").voice == "mei"


def test_choosing_and_listing_import_no_torch():
    """The command line and the supervisor ask, and must stay small."""
    code = (
        "import sys\n"
        "from voicectl.actors.synthesizer.factory import installed, missing\n"
        "from voicectl.config.load import load_settings\n"
        "settings = load_settings().settings.synthesizer\n"
        "installed(settings, 'ja'), missing(settings, 'ja')\n"
        "print(sorted({'torch', 'TTS', 'pyopenjtalk', 'onnx', 'onnxruntime', 'kokoro_onnx'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_the_japanese_voice_is_installed(settings):
    """With the rate that the sink will be given."""
    assert ("openjtalk", "mei", "ja", 48_000) in installed(settings(), "ja")
    assert all(voice.backend != "openjtalk" for voice in installed(settings(), "de"))


def test_voices_prints_a_table_and_what_is_in_use():
    """For the configured target language."""
    result = CliRunner().invoke(voices, ["--set", "language.target=ja"])
    assert result.exit_code == 0
    assert result.output.splitlines()[0].split() == ["BACKEND", "VOICE", "LANGUAGE", "RATE"]
    assert result.output.splitlines()[1].split() == ["openjtalk", "mei", "ja", "48000", "Hz"]
    assert "In use for ja: openjtalk" in result.output


def test_voices_prints_one_json_object():
    """With what is installed, what is missing and what is in use."""
    result = CliRunner().invoke(voices, ["--lang", "ja", "--json"])
    found = json.loads(result.output)
    assert {"backend": "openjtalk", "voice": "mei", "language": "ja", "sample_rate": 48_000} in found["installed"]
    assert set(found) == {"language", "backend", "reason", "installed", "missing"}


def test_voices_of_a_language_that_nobody_speaks_says_so(monkeypatch, tmp_path):
    """And how to get one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(voices, ["--language", "de"])
    assert "No voice for de is installed." in result.output
    assert "install espeak-ng" in result.output
