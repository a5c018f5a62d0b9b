"""docs/configuration.md keeps up with the settings."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from voicectl.config.keys import KEYS
from voicectl.config.load import load_settings
from voicectl.config.rules import PROFILES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
DEFAULTS = tomllib.loads((ROOT / "src" / "voicectl" / "config" / "default.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_explained_with_its_default(key: str) -> None:
    """A row of a table has the key and the value of default.toml."""
    row = re.search(rf"^\| `{re.escape(key)}` \|.*\| `(.*)` \|$", PAGE, re.MULTILINE)
    assert row, f"{key} has no row"
    section, _, name = key.rpartition(".")
    default = DEFAULTS[section][name] if section else DEFAULTS[name]
    assert row[1] == json.dumps(default)


def test_no_key_is_explained_that_does_not_exist() -> None:
    """A renamed key leaves no row behind."""
    assert set(re.findall(r"^\| `([a-z0-9_.]+)` \|", PAGE, re.MULTILINE)) <= {*KEYS, *PROFILES}


def test_the_example_is_a_right_file(tmp_path: Path) -> None:
    """What the page tells people to write works."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(example, encoding="utf-8")
    assert load_settings(path, environ={"XDG_CONFIG_HOME": "/dev/null"}).files == [path]
