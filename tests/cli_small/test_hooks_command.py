"""``voicectl hooks install|remove|status``: the client's settings file."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from voicectl.cli.hook_settings import EVENTS, HookSettings, events_for
from voicectl.cli.hooks import hooks
from voicectl.protocol.errors import ConfigError

COMMAND = "/opt/voicectl/bin/voicectl hooks run"
OTHERS = """{
    "model": "opus",
    "permissions": {"allow": ["Bash(ls:*)", "Read"], "deny": []},
    "hooks": {
        "Stop": [{"hooks": [{"type": "command", "command": "notify-send 'voicectl hooks run is done'"}]}],
        "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./check.sh"}]}]
    },
    "unknownKey": {"größe": 1, "none": null}
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a settings file in a folder that is not there yet."""
    return tmp_path / ".claude" / "settings.json"


def written(path: Path, text: str) -> HookSettings:
    """Write a settings file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return HookSettings(path)


def voicectl(*arguments: str) -> Result:
    """Run ``voicectl hooks`` in this process."""
    return CliRunner().invoke(hooks, arguments, catch_exceptions=True)


def test_hooks_are_added_beside_everything_that_is_there(path: Path) -> None:
    """Other hooks, unknown keys and the order of keys stay; so do the letters of other languages."""
    file = written(path, OTHERS)
    assert file.install(list(EVENTS), COMMAND)
    text = path.read_text(encoding="utf-8")
    now, before = json.loads(text), json.loads(OTHERS)
    assert list(now) == list(before)
    assert {**now, "hooks": None} == {**before, "hooks": None}
    assert now["hooks"]["PreToolUse"] == before["hooks"]["PreToolUse"]
    assert now["hooks"]["Stop"][0] == before["hooks"]["Stop"][0]
    assert now["hooks"]["Stop"][1]["hooks"][0]["command"] == COMMAND
    assert set(EVENTS) <= set(now["hooks"])
    assert "größe" in text
    assert '\n    "model"' in text  # indented as it was


def test_hooks_are_added_once(path: Path) -> None:
    """Installing again changes not one byte, and a program that moved replaces its own hooks."""
    file = written(path, OTHERS)
    file.install(list(EVENTS), COMMAND)
    first = path.read_bytes()
    assert not file.install(list(EVENTS), COMMAND)
    assert path.read_bytes() == first
    assert file.install(list(EVENTS), "/new/voicectl hooks run")
    assert file.installed() == dict.fromkeys(EVENTS, "/new/voicectl hooks run")
    assert COMMAND not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [OTHERS, "{}", '{"hooks": {}}', '{"hooks":{"Stop":[]}}\r\n', '{"a": [1,\n  2]}', ""])
def test_removing_gives_the_file_its_old_bytes_back(path: Path, text: str) -> None:
    """Nothing tells that the hooks were ever there."""
    file = written(path, text)
    before = path.read_bytes()
    file.install(list(EVENTS), COMMAND)
    assert file.remove()
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.json"]
    assert not file.remove()


def test_a_file_that_only_held_the_hooks_is_gone_with_them(path: Path) -> None:
    """It was made for them."""
    file = HookSettings(path)
    assert file.install(list(EVENTS), COMMAND)
    assert file.remove()
    assert not path.exists()


def test_what_was_changed_after_the_installation_is_kept_when_hooks_are_removed(path: Path) -> None:
    """The backup is older than the user's own change."""
    file = written(path, OTHERS)
    file.install(list(EVENTS), COMMAND)
    changed = json.loads(path.read_text(encoding="utf-8"))
    changed["model"] = "haiku"
    changed["hooks"]["Notification"][0]["hooks"].append({"type": "command", "command": "beep"})
    path.write_text(json.dumps(changed), encoding="utf-8")
    file.remove()
    now = json.loads(path.read_text(encoding="utf-8"))
    assert now["model"] == "haiku"
    assert now["hooks"]["Notification"] == [{"hooks": [{"type": "command", "command": "beep"}]}]
    assert now["hooks"]["Stop"] == json.loads(OTHERS)["hooks"]["Stop"]
    assert set(now["hooks"]) == {"Stop", "PreToolUse", "Notification"}


def test_a_link_and_the_mode_of_the_file_stay(path: Path, tmp_path: Path) -> None:
    """Settings often lie in a folder of dotfiles; some hold secrets."""
    real = tmp_path / "dotfiles.json"
    real.write_text(OTHERS, encoding="utf-8")
    real.chmod(0o640)
    path.parent.mkdir()
    path.symlink_to(real)
    HookSettings(path).install(list(EVENTS), COMMAND)
    assert path.is_symlink()
    assert HookSettings(path).installed()
    assert {stat.S_IMODE(file.stat().st_mode) for file in (real, HookSettings(path).backup)} == {0o640}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1,}', "// comment\n{}", "[]", '{"hooks": []}', '{"a": 1, "a": 2}', '{"hooks": {"Stop": {}}}', "\ufeff{}"],
)
def test_a_file_that_is_not_understood_is_not_touched(path: Path, text: str) -> None:
    """The error says what is wrong."""
    file = written(path, text)
    with pytest.raises(ConfigError, match="nothing was changed"):
        file.install(list(EVENTS), COMMAND)
    assert path.read_text(encoding="utf-8") == text
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.json"]


def test_an_old_client_gets_only_hooks_that_it_knows() -> None:
    """One unknown name, and it would ignore the whole file."""
    assert events_for((2, 1, 152)) == events_for(()) == list(EVENTS)
    assert events_for((2, 1, 100)) == ["Stop", "StopFailure", "Notification", "TaskCompleted", "SessionEnd"]
    assert events_for((2, 0, 76)) == ["Stop", "Notification", "SessionEnd"]


@pytest.mark.parametrize(("version", "told"), [("2.0.76 (Claude Code)", True), ("2.1.328 (Claude Code)", False)])
def test_the_installed_client_is_asked_for_its_version(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, told: bool
) -> None:
    """The user is told what an old one cannot do."""
    claude = tmp_path / "claude"
    claude.write_text(f"#!/bin/sh\necho '{version}'\n", encoding="utf-8")
    claude.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    done = voicectl("install", "--settings", str(path))
    assert done.exit_code == 0, done.output
    assert ("MessageDisplay" not in HookSettings(path).installed()) == told
    assert ("2.0.76 shows no text" in done.output) == told


def test_the_commands_install_show_and_remove_the_hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is the client's own folder; the command runs this very voicectl."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["-m"])
    assert voicectl("status").exit_code == 1
    assert voicectl("install").exit_code == 0
    shown = voicectl("status", "--json")
    assert shown.exit_code == 0
    status = json.loads(shown.output)
    assert status["settings"] == str(tmp_path / "settings.json")
    assert set(status["hooks"].values()) == {f"{sys.executable} -m voicectl hooks run"}
    assert "removed" in voicectl("remove").output
    assert "no hooks" in voicectl("remove").output
    assert "no hooks" in voicectl("status").output


def test_a_project_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of the folder one stands in."""
    monkeypatch.chdir(tmp_path)
    assert voicectl("install", "--project").exit_code == 0
    assert HookSettings(tmp_path / ".claude" / "settings.json").installed()


def test_settings_that_turn_hooks_off_are_told(path: Path) -> None:
    """Otherwise the user would wait in vain."""
    written(path, '{"disableAllHooks": true}')
    assert "disableAllHooks" in voicectl("install", "--settings", str(path)).output
    assert "disableAllHooks" in voicectl("status", "--settings", str(path)).output
