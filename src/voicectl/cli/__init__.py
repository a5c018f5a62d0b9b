"""The command line: ``voicectl COMMAND``.

A command's module is imported only when the command is called, so that ``feed`` starts quickly.
"""

import importlib
import sys
from typing import Any

import click

from voicectl.protocol.errors import UsageError, VoicectlError

COMMANDS = {
    "up": "up:up",
    "down": "speech:down",
    "feed": "feed:feed",
    "say": "say:say",
    "hooks": "hooks:hooks",
    "parse": "parse:parse",
    "translate": "translate:translate",
    "stats": "inspect:stats",
    "status": "inspect:status",
    "restart": "speech:restart",
    "pause": "speech:pause",
    "resume": "speech:resume",
    "stop": "speech:stop",
    "skip": "speech:skip",
    "replay": "speech:replay",
    "speed": "sound:speed",
    "volume": "sound:volume",
    "trace": "trace:trace",
    "bench": "bench:bench",
    "history": "history:history",
    "voices": "voices:voices",
    "models": "models:models",
    "doctor": "doctor:doctor",
    "config": "config:config_group",
    "logs": "logs:logs",
    "completion": "completion:completion",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"voicectl.cli.{module}"), attribute)
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="voicectl", prog_name="voicectl")
def cli() -> None:
    """Hear your coding agent, in your own language, as it types, on your own machine."""


def main(**arguments: Any) -> None:
    """Run a command; an error is one line on standard error, exit status 2 for wrong usage, 1 for failure."""
    try:
        cli(**arguments)
    except UsageError as exc:
        click.echo(f"voicectl: {exc}", err=True)
        sys.exit(2)
    except VoicectlError as exc:
        click.echo(f"voicectl: {exc}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
