"""``voicectl completion`` prints scripts that shells take, and completes commands and settings."""

import shutil
import subprocess

import pytest
from click.shell_completion import ShellComplete

from voicectl.cli.config import config_group
from voicectl.protocol.errors import UsageError


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_voicectl_for_completions(run, shell: str) -> None:
    """In the way of the shell that it is for; a shell that is here reads it without an error."""
    script = run("completion", shell).stdout
    assert f"_VOICECTL_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_own_shell_is_the_default(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """SHELL names it; one that is not supported is refused in a line that says what is."""
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert run("completion").stdout == run("completion", "zsh").stdout
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    error = run("completion").exception
    assert isinstance(error, UsageError)
    assert "voicectl completion bash|zsh|fish" in str(error)


def test_the_help_says_how_to_install_it(run) -> None:
    """For each shell."""
    text = run("completion", "--help").stdout
    for place in ("bash-completion/completions/voicectl", "~/.zfunc/_voicectl", "fish/completions/voicectl.fish"):
        assert place in text


@pytest.mark.parametrize(
    ("option", "typed", "offered"),
    [
        ("--set", "sink.spe", ["sink.spec=", "sink.speed="]),
        ("--set", "translator.backend=n", ["translator.backend=nllb", "translator.backend=none"]),
        ("--profile", "o", ["offline"]),
    ],
)
def test_settings_are_completed(option: str, typed: str, offered: list[str]) -> None:
    """Keys, values that are choices, and profiles."""
    completer = ShellComplete(config_group, {}, "voicectl", "_VOICECTL_COMPLETE")
    assert [item.value for item in completer.get_completions(["show", option], typed)] == offered
