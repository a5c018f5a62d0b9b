"""``voicectl up``: start everything."""

import contextlib
import time
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from voicectl.cli.client import ask
from voicectl.cli.inspect import status_view
from voicectl.cli.launch import Launch
from voicectl.cli.options import raw_settings_options
from voicectl.config.load import load_settings
from voicectl.config.paths import runtime_dir
from voicectl.protocol.errors import SupervisorError
from voicectl.supervisor.book import running_book

REFRESH_S = 0.25


@click.command()
@click.option("--detach", is_flag=True, help="Return when every stage is ready; voicectl down stops the pipeline.")
@click.option("--sink", metavar="SPEC", help="device, device:NAME, wav:PATH (or FOLDER/), web:PORT, null or null:fast.")
@click.option("--fresh", is_flag=True, help="Leave what an earlier pipeline had not spoken yet.")
@raw_settings_options
def up(
    detach: bool, sink: str | None, fresh: bool, config: Path | None, overrides: tuple[str, ...], profile: str | None
) -> None:
    """Start the pipeline: parser, translator, synthesizer and sink, and the supervisor that watches them."""
    if sink:
        overrides = (*overrides, f"sink.spec={sink}")
    settings = load_settings(config, overrides, profile).settings
    if book := running_book(runtime_dir()):
        raise SupervisorError(f"a pipeline is already running (pid {book.pid}); use it, or stop it with voicectl down")
    launch = Launch(settings, fresh=fresh, lifeline=not detach)
    try:
        launch.wait_until_up(lambda stage, text: click.echo(f"{stage:<12} {text}", err=True))
        if detach:
            click.echo(f"up (pid {launch.process.pid}); speak with voicectl feed, stop with voicectl down", err=True)
        else:
            _watch(launch)
    finally:
        launch.close()


def _watch(launch: Launch) -> None:
    """Show the live view until the pipeline ends; Ctrl-C once finishes the sentence, twice stops at once."""
    interrupts = 0
    while launch.process.poll() is None:
        try:
            _view(launch)
        except KeyboardInterrupt:
            interrupts += 1
            click.echo(
                "finishing the sentence; Ctrl-C again stops at once" if interrupts == 1 else "stopping", err=True
            )
            with contextlib.suppress(SupervisorError):
                ask("down", now=interrupts > 1)
    if launch.process.returncode:
        raise SupervisorError(launch.failure() or "the pipeline ended; see voicectl logs supervisor")


def _view(launch: Launch) -> None:
    console = Console()
    if not console.is_terminal:
        launch.process.wait()
        return
    with Live(console=console, refresh_per_second=int(1 / REFRESH_S)) as live:
        while launch.process.poll() is None:
            with contextlib.suppress(SupervisorError):
                live.update(status_view(ask("status")))
            time.sleep(REFRESH_S)
