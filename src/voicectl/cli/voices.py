"""``voicectl voices``: which voices are installed, and which could be."""

import json

import click

from voicectl.actors.synthesizer.factory import choose, installed, missing
from voicectl.actors.synthesizer.voice import Missing, VoiceInfo
from voicectl.cli.options import settings_options
from voicectl.config.load import Loaded
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import VoicectlError


@click.command()
@click.option(
    "--language", "--lang", metavar="LANG", help="A language tag such as ja or pt-BR, or 'all'. Default: the target's."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@settings_options
def voices(loaded: Loaded, language: str | None, as_json: bool) -> None:
    """List the voices that are installed, and how to get more.

    Put one into your settings as synthesizer.backend and synthesizer.voice.
    """
    settings = loaded.settings
    tag = language or settings.language.target
    wanted = None if tag == "all" else tag
    found, absent = installed(settings.synthesizer, wanted), missing(settings.synthesizer, wanted)
    backend, why = _chosen(settings.synthesizer, settings.language.target)
    if as_json:
        rows = {"installed": [each._asdict() for each in found], "missing": [each._asdict() for each in absent]}
        click.echo(json.dumps({"language": tag, "backend": backend, "reason": why, **rows}, ensure_ascii=False))
        return
    click.echo(_table(found) if found else f"No voice for {tag} is installed.")
    click.echo(f"\nIn use for {settings.language.target}: {backend or 'nothing'} ({why})")
    if absent:
        click.echo(_more(absent))


def _chosen(settings: SynthesizerSettings, target: str) -> tuple[str | None, str]:
    """Return the backend that ``up`` would take and why; None and what is wrong when it would take none."""
    try:
        return choose(settings, target)
    except VoicectlError as exc:
        return None, str(exc)


def _table(found: list[VoiceInfo]) -> str:
    """Return the voices as aligned columns."""
    rows = [("BACKEND", "VOICE", "LANGUAGE", "RATE")]
    rows += [(each.backend, each.voice, each.language, f"{each.sample_rate} Hz") for each in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _more(absent: list[Missing]) -> str:
    """Return how to get more voices."""
    return "\n".join(["\nMore voices:", *(f"  {each.backend:<10} {each.how}" for each in absent)])
