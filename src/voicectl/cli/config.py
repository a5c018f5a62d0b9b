"""``voicectl config``: what the settings are, where they came from, and whether a file is right."""

import json
from pathlib import Path
from typing import Any

import click
import msgspec

from voicectl.cli.options import settings_options
from voicectl.config import paths
from voicectl.config.load import Loaded, check_file, load_settings


@click.group("config")
def config_group() -> None:
    """Show and check the configuration."""


@config_group.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@settings_options
def show(loaded: Loaded, as_json: bool) -> None:
    """Print each setting and where its value came from.

    The output is TOML: a part of it can be copied into a file of your own.
    """
    click.echo(_as_json(loaded) if as_json else _as_toml(loaded))


def _as_json(loaded: Loaded) -> str:
    """Return ``{"files": […], "values": {KEY: {"value", "origin"}}}``."""
    values = {key: {"value": value, "origin": loaded.origins[key]} for key, value in _flat(loaded).items()}
    return json.dumps({"files": [str(path) for path in loaded.files], "values": values}, ensure_ascii=False, indent=2)


def _as_toml(loaded: Loaded) -> str:
    """Return the settings as TOML, the origin of each as a comment."""
    lines: list[str] = []
    section = ""
    for key, value in _flat(loaded).items():
        table, _, name = key.rpartition(".")
        if table != section:
            lines += ["", f"[{table}]"]
            section = table
        # JSON and TOML write text, numbers, booleans and lists of text alike.
        written = f"{name} = {json.dumps(value, ensure_ascii=False)}"
        lines.append(f"{written:<42}  # {loaded.origins[key]}")
    return "\n".join(lines)


def _flat(loaded: Loaded) -> dict[str, Any]:
    """Return the values by their dotted keys, in the order of the settings."""
    values: dict[str, Any] = {}
    for name, content in msgspec.to_builtins(loaded.settings).items():
        section = content if isinstance(content, dict) else {"": content}
        values |= {f"{name}.{key}".removesuffix("."): value for key, value in section.items()}
    return values


@config_group.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> None:
    """Check FILE, or everything that is in force here, and print 'ok'.

    A mistake is one line that names file, key and the nearest valid name; the exit status is 2.
    """
    if file is None:
        load_settings()
    else:
        check_file(file)
    click.echo("ok")


@config_group.command()
def path() -> None:
    """Print the path of your own file and of voicectl's folders."""
    for name, place in (
        ("settings", paths.user_config_path()),
        ("runtime", paths.runtime_dir()),
        ("state", paths.state_dir()),
        ("journal", paths.journal_path()),
        ("spool", paths.spool_dir()),
        ("logs", paths.log_dir()),
    ):
        note = "" if place.exists() else "  (not there yet)"
        click.echo(f"{name:<9} {place}{note}")
