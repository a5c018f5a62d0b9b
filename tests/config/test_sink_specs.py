"""The forms of sink.spec."""

from pathlib import Path

import pytest

from voicectl.config.load import load_settings
from voicectl.protocol.errors import ConfigError


def spec(typed: str) -> str:
    """Return what becomes of a typed spec."""
    return load_settings(
        overrides=[f"sink.spec={typed}"], environ={"XDG_CONFIG_HOME": "/nonexistent"}
    ).settings.sink.spec


@pytest.mark.parametrize(
    ("typed", "suffix"),
    [
        ("wav:talks/", "talks/"),
        ("wav:talks/,realtime", "talks/,realtime"),
        ("wav:there", "there/"),
        ("wav:there,realtime", "there/,realtime"),
        ("wav:new", "new"),
        ("wav:{date}/{session}.flac", "{date}/{session}.flac"),
    ],
)
def test_a_folder_keeps_its_slash(typed: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that every session has a file of its own; one that is there has it without."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert spec(typed) == f"wav:{tmp_path}/{suffix}"


@pytest.mark.parametrize("good", ["web:1", "web:65535", "web:0.0.0.0:80", "web:[::1]:8765", "web:my-host.local:8765"])
def test_a_page_has_a_port_and_may_have_a_host(good: str) -> None:
    """They stay as they were typed."""
    assert spec(good) == good


@pytest.mark.parametrize("bad", ["web", "web:", "web:0", "web:65536", "web:::1:80", "web:a/b:80", "web:a:"])
def test_a_bad_port_or_host_is_refused_where_it_is_typed(bad: str) -> None:
    """Before anything is started."""
    with pytest.raises(ConfigError, match="web:HOST:PORT"):
        spec(bad)
