"""``voicectl completion``: the script that lets a shell complete commands, options and settings."""

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

from voicectl.protocol.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", required=False, type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str | None) -> None:
    """Print the completion script of SHELL, by default the shell you use.

    \b
    Install it once:
      bash   voicectl completion bash > ~/.local/share/bash-completion/completions/voicectl
      zsh    voicectl completion zsh > ~/.zfunc/_voicectl
             and in ~/.zshrc: fpath+=(~/.zfunc); autoload -Uz compinit; compinit
      fish   voicectl completion fish > ~/.config/fish/completions/voicectl.fish

    Then open a new shell. For this shell only: eval "$(voicectl completion bash)"
    """  # noqa: D301 - \b is click's mark of a paragraph that it must not wrap
    shell = shell or PurePath(os.environ.get("SHELL", "")).name
    kind = get_completion_class(shell) if shell in SHELLS else None
    if kind is None:
        raise UsageError(f"no completion for the shell {shell!r}; name one: voicectl completion {'|'.join(SHELLS)}")
    script = kind(context.find_root().command, {}, "voicectl", "_VOICECTL_COMPLETE")
    # source() would start bash to ask for its version; the template is the same without it.
    click.echo(script.source_template % script.source_vars())
