"""Start one stage: ``python -m voicectl.actors STAGE``.

The supervisor passes everything by option. By hand, a stage runs alone against the bus: it takes the
user's own configuration, binds its inboxes in the runtime folder as incarnation 0, and sends to the
neighbours that are named with ``--to``.
"""

import os
import sys
from pathlib import Path

import click
import msgspec
import structlog

from voicectl.actors.base import EXIT_FAILED, Actor, Wiring
from voicectl.config.load import load_settings
from voicectl.config.logs import set_up_logging
from voicectl.config.paths import ensure_runtime_dir, journal_path, log_dir, spool_dir
from voicectl.config.settings import Settings
from voicectl.protocol.errors import VoicectlError
from voicectl.protocol.supervising import STAGES, Connect

MODEL_NICENESS = 5
"""Model stages give way to transport and sound: with hogs at equal priority the p99 of a hop is 30 times higher."""


def build(stage: str, wiring: Wiring, settings: Settings) -> Actor:
    """Return the stage's actor; only its own package is imported."""
    if stage == "parser":
        from voicectl.actors.parser.actor import ParserActor

        return ParserActor(wiring, settings.parser, settings.journal, journal_path(), spool_dir())
    if stage == "translator":
        from voicectl.actors.translator.actor import TranslatorActor

        return TranslatorActor(wiring, settings.translator, settings.language)
    if stage == "synthesizer":
        from voicectl.actors.synthesizer.actor import SynthesizerActor

        return SynthesizerActor(wiring, settings.synthesizer, settings.language.target)
    from voicectl.actors.sink.actor import SinkActor

    return SinkActor(wiring, settings.sink)


def _settings(path: Path | None, stage: str, backend: str) -> Settings:
    settings = load_settings().settings if path is None else msgspec.json.decode(path.read_bytes(), type=Settings)
    if not backend:
        return settings
    section = msgspec.structs.replace(getattr(settings, stage), backend=backend)
    return msgspec.structs.replace(settings, **{stage: section})


@click.command()
@click.argument("stage", type=click.Choice(STAGES))
@click.option("--incarnation", default=0, help="Number of this incarnation; names its inboxes.")
@click.option("--runtime", type=click.Path(path_type=Path), help="Folder of the sockets.")
@click.option("--supervisor", default="", help="Address of the supervisor's inbox; empty: the stage runs alone.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="Resolved settings, as JSON.")
@click.option("--lifeline", is_flag=True, help="End when standard input ends.")
@click.option("--backend", default="", help="Instead of the configured one.")
@click.option("--spare", is_flag=True, help="Load the model, then wait to be activated.")
@click.option("--to", "peers", multiple=True, metavar="PEER=ADDRESS", help="Send to this neighbour's data inbox.")
def main(
    stage: str,
    incarnation: int,
    runtime: Path | None,
    supervisor: str,
    settings_file: Path | None,
    lifeline: bool,
    backend: str,
    spare: bool,
    peers: tuple[str, ...],
) -> None:
    """Run STAGE until it is drained or terminated."""
    try:
        settings = _settings(settings_file, stage, backend)
        wiring = Wiring(
            runtime=runtime or ensure_runtime_dir(),
            incarnation=incarnation,
            supervisor=supervisor,
            heartbeat_ms=settings.supervisor.heartbeat_ms,
            lifeline=lifeline,
            spare=spare,
            niceness=MODEL_NICENESS if stage in ("translator", "synthesizer") else 0,
        )
        set_up_logging(stage, settings.log, log_dir(), terminal=not supervisor)
        actor = build(stage, wiring, settings)
        for peer in peers:
            name, _, address = peer.partition("=")
            actor.neighbours.append(Connect(peer=name, incarnation=name, data=address, control=""))
        status = actor.run()
    except VoicectlError as exc:
        click.echo(f"voicectl: {exc}", err=True)
        status = EXIT_FAILED
    except Exception:
        structlog.get_logger().exception("the stage crashed", stage=stage)
        raise
    # Native libraries (CTranslate2 among them) may abort while the interpreter takes them down.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
