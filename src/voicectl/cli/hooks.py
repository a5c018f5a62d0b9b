"""``voicectl hooks``: an ordinary interactive session of Claude Code speaks."""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from voicectl.protocol.errors import UsageError

_MAX_INPUT = 16 << 20


def _settings_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the settings file."""
    command = click.option("--project", is_flag=True, help="The project's file, ./.claude/settings.json.")(command)
    path = click.Path(dir_okay=False, path_type=Path)
    return click.option("--settings", type=path, metavar="FILE", help="The client's settings file.")(command)


@click.group()
def hooks() -> None:
    """Let interactive sessions of Claude Code speak, by its own hooks in its settings.

    The text is spoken as it appears on the screen; clients before 2.1.152 give it when the answer is complete.
    Requests for permission are announced before what is queued.
    """


@hooks.command()
@_settings_option
def install(settings: Path | None, project: bool) -> None:
    """Add voicectl's hooks to the settings. Nothing else in the file changes; a backup lies beside it."""
    from voicectl.cli.hook_settings import client_version, events_for, hook_command

    file = _file(settings, project)
    version = client_version()
    events = events_for(version)
    changed = file.install(events, hook_command())
    click.echo(f"{file.path}: {'hooks added' if changed else 'the hooks are there already'}: {', '.join(events)}")
    if version and "MessageDisplay" not in events:
        said = ".".join(map(str, version))
        click.echo(f"Claude Code {said} shows no text to hooks; from 2.1.152 on it is spoken as it is written.")
    if file.disabled():
        click.echo("voicectl: the file has disableAllHooks, so nothing will be spoken until you take it out", err=True)


@hooks.command()
@_settings_option
def remove(settings: Path | None, project: bool) -> None:
    """Take voicectl's hooks out of the settings again."""
    file = _file(settings, project)
    click.echo(f"{file.path}: {'hooks removed' if file.remove() else 'there are no hooks of voicectl'}")


@hooks.command()
@_settings_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(settings: Path | None, project: bool, as_json: bool) -> None:
    """Say which hooks are installed. Exit status 1: none."""
    file = _file(settings, project)
    installed = file.installed()
    if as_json:
        click.echo(json.dumps({"settings": str(file.path), "hooks": installed, "disabled": file.disabled()}))
    else:
        for event, command in installed.items():
            click.echo(f"{event}: {command}")
        if not installed:
            click.echo(f"{file.path}: there are no hooks of voicectl; voicectl hooks install adds them")
        elif file.disabled():
            click.echo(f"{file.path} has disableAllHooks: they do not run")
    sys.exit(0 if installed else 1)


@hooks.command(hidden=True)
def run() -> None:
    """Speak what the client gives this hook on standard input. It never fails and prints nothing."""
    # Whatever goes wrong here is not the agent's business: any status but 0 would be shown to it or to the user.
    with contextlib.suppress(Exception):
        from voicectl.cli.hook_run import run_hook

        run_hook(sys.stdin.buffer.read(_MAX_INPUT))
    # Nothing is left to do, and an interpreter takes its time to end.
    os._exit(0)


def _file(settings: Path | None, project: bool) -> Any:
    from voicectl.cli.hook_settings import HookSettings, default_settings

    if settings and project:
        raise UsageError("--settings and --project both name the file; choose one")
    return HookSettings(settings.expanduser() if settings else default_settings(project))
