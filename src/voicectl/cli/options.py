"""The options that every command with settings has: ``--config``, ``--set`` and ``--profile``."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from voicectl.config.keys import KEYS
from voicectl.config.load import load_settings
from voicectl.config.rules import CHOICES, PROFILES

Result = TypeVar("Result")


def settings_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """Add the three options to a command and call it with ``loaded``, the settings they lead to.

    Use it under ``@click.command``. The command raises ``ConfigError`` before it begins when a setting is wrong.
    """

    @functools.wraps(command)
    def with_settings(
        *args: Any, config: Path | None, overrides: tuple[str, ...], profile: str | None, **kwargs: Any
    ) -> Result:
        return command(*args, loaded=load_settings(config, overrides, profile), **kwargs)

    return raw_settings_options(with_settings)


def raw_settings_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """Add the three options and hand them over as they were typed: ``config``, ``overrides``, ``profile``."""
    options = [
        click.option(
            "--config", type=click.Path(path_type=Path), metavar="FILE", help="Settings of this TOML file come on top."
        ),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            shell_complete=_complete_override,
            help="Change one setting, e.g. sink.spec=null. May be repeated.",
        ),
        click.option(
            "--profile", metavar="NAME", shell_complete=_complete_profile, help=f"One of {', '.join(PROFILES)}."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _complete_override(_context: click.Context, _option: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete the key of ``KEY=VALUE``, then its value where that is a choice."""
    key, equals, _ = text.partition("=")
    candidates = [f"{key}={choice}" for choice in CHOICES.get(key, ())] if equals else [f"{each}=" for each in KEYS]
    return [CompletionItem(each) for each in candidates if each.startswith(text)]


def _complete_profile(_context: click.Context, _option: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete the name of a profile."""
    return [CompletionItem(name) for name in PROFILES if name.startswith(text)]
