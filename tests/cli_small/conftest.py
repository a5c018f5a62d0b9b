"""A command line of the small commands only, in an environment of its own."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from voicectl.cli.completion import completion
from voicectl.cli.config import config_group
from voicectl.cli.doctor import doctor
from voicectl.cli.logs import logs

Run = Callable[..., Result]


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every folder of voicectl into the test's own and return that."""
    monkeypatch.setenv("VOICECTL_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("VOICECTL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(isolated: Path) -> Run:
    """Return a function that runs a command and returns its result; voicectl's own errors are in ``exception``."""
    group = click.Group("voicectl", commands=[config_group, doctor, logs, completion])

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, prog_name="voicectl")

    return invoke
