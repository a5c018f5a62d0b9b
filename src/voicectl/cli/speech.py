"""Commands that act on the speech and on the stages: pause, resume, stop, skip, replay, restart, down."""

import time

import click

from voicectl.cli.client import ask, find_pipeline
from voicectl.protocol.errors import SupervisorError
from voicectl.protocol.supervising import STAGES
from voicectl.supervisor.book import is_alive

RESTART_TIMEOUT_S = 300.0
DOWN_TIMEOUT_S = 120.0
POLL_S = 0.02


@click.command()
def pause() -> None:
    """Pause the speech; text is still taken."""
    ask("pause")


@click.command()
def resume() -> None:
    """Go on after a pause."""
    ask("resume")


@click.command()
def stop() -> None:
    """Go silent and forget what is queued, with the rest of the present answer."""
    ask("stop")


@click.command()
@click.argument("count", type=click.IntRange(min=1), default=1)
def skip(count: int) -> None:
    """Skip the present sentence, or COUNT sentences from it on."""
    ask("skip", count=count)


@click.command()
@click.argument("count", type=click.IntRange(min=1), required=False)
@click.option("--skipped", is_flag=True, help="What was left out the last time to catch up with the agent.")
def replay(count: int | None, skipped: bool) -> None:
    """Speak the last sentence again, or the last COUNT."""
    ask("replay", skipped=skipped, **({} if count is None else {"count": count}))


@click.command()
@click.argument("stage", type=click.Choice([*STAGES, "all"]))
def restart(stage: str) -> None:
    """Drain and restart STAGE; nothing is lost."""
    ask("restart", timeout_s=RESTART_TIMEOUT_S, stage=stage)


@click.command()
@click.option("--now", is_flag=True, help="Do not finish the sentence that is being spoken.")
def down(now: bool) -> None:
    """Finish the sentence that is being spoken and stop; the rest is kept for the next up."""
    book = find_pipeline()
    ask("down", now=now)
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while is_alive(book.pid, book.created):
        if time.monotonic() > deadline:
            raise SupervisorError(f"the pipeline (pid {book.pid}) is still stopping; voicectl down --now ends it")
        time.sleep(POLL_S)
