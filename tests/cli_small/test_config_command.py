"""``voicectl config`` shows what is in force, where it came from, and what is wrong."""

import json
import tomllib
from pathlib import Path

from voicectl.actors.synthesizer import factory as synthesizers
from voicectl.actors.translator import factory as translators
from voicectl.config.load import load_settings
from voicectl.config.rules import CHOICES
from voicectl.protocol.errors import ConfigError


def test_show_prints_values_and_origins(run, isolated: Path) -> None:
    """Each value has its origin behind it."""
    (isolated / "my.toml").write_text("[log]\nkeep = 9\n")
    result = run("config", "show", "--config", "my.toml", "--profile", "low_latency", "--set", "sink.spec=null")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines() if line]
    assert ["spec", "=", '"null"', "#", "--set"] in lines
    assert ["keep", "=", "9", "#", str(isolated / "my.toml")] in lines
    assert ["pause_ms", "=", "200", "#", "profile", "low_latency"] in lines
    assert ["target", "=", '"ja"', "#", "default"] in lines


def test_what_show_prints_is_a_right_file(run, isolated: Path) -> None:
    """It can be saved and changed."""
    text = run("config", "show", "--set", 'synthesizer.voice=a"b\\c 声').stdout
    (isolated / "saved.toml").write_text(text, encoding="utf-8")
    assert tomllib.loads(text)["synthesizer"]["voice"] == 'a"b\\c 声'
    assert load_settings(isolated / "saved.toml").settings.synthesizer.voice == 'a"b\\c 声'


def test_show_prints_json(run) -> None:
    """One object: the files read, and value and origin of each key."""
    shown = json.loads(run("config", "show", "--json", "--set", "sink.spec=null").stdout)
    assert shown["files"] == []
    assert shown["values"]["sink.spec"] == {"value": "null", "origin": "--set"}
    assert shown["values"]["profile"] == {"value": "auto", "origin": "default"}
    assert shown["values"]["translator.fallback"]["value"] == ["starter", "none"]


def test_a_wrong_option_is_a_configuration_error(run) -> None:
    """It becomes one line and exit status 2 in main()."""
    result = run("config", "show", "--set", "sink.spek=null")
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "--set sink.spek: unknown key; did you mean sink.spec?"


def test_check_says_ok_or_what_is_wrong(run, isolated: Path) -> None:
    """Of one file, or of everything in force."""
    path = isolated / "config" / "voicectl" / "config.toml"
    assert run("config", "check").stdout == "ok\n"
    path.parent.mkdir(parents=True)
    path.write_text("[sink]\nspek = 1\n")
    for arguments in (["config", "check"], ["config", "check", str(path)]):
        result = run(*arguments)
        assert isinstance(result.exception, ConfigError)
        assert str(result.exception) == f"{path}: sink.spek: unknown key; did you mean sink.spec?"
        assert result.stdout == ""


def test_path_names_the_file_and_the_folders(run, isolated: Path) -> None:
    """And says which of them are not there yet; none is created by asking."""
    (isolated / "state").mkdir()
    lines = run("config", "path").stdout.splitlines()
    assert f"settings  {isolated}/config/voicectl/config.toml  (not there yet)" in lines
    assert f"runtime   {isolated}/run  (not there yet)" in lines
    assert f"state     {isolated}/state" in lines
    assert not (isolated / "run").exists()


def test_the_settings_know_exactly_the_backends_that_there_are() -> None:
    """A backend that is added to a stage can be configured."""
    assert set(CHOICES["translator.backend"]) == {"auto", *translators.BACKENDS}
    assert set(CHOICES["synthesizer.backend"]) == {"auto", *synthesizers.BACKENDS}
