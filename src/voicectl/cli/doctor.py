"""``voicectl doctor``: a checklist of everything voicectl needs, and what to do about what is missing."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click

from voicectl.cli import speech_checks, system_checks
from voicectl.cli.check import Check, guarded
from voicectl.cli.options import raw_settings_options
from voicectl.config.load import load_settings
from voicectl.config.settings import Settings
from voicectl.protocol.errors import ConfigError

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@raw_settings_options
def doctor(config: Path | None, overrides: tuple[str, ...], profile: str | None, as_json: bool) -> None:
    """Check everything voicectl needs and say what to do. Exit status 1 if anything fails."""
    done: list[Check] = []
    for check in checklist(config, overrides, profile):
        done.append(check)
        if not as_json:
            _print(check)
    counts = {state: sum(check.state == state for check in done) for state in COLOURS}
    if as_json:
        report = {"ok": not counts["fail"], "checks": [check._asdict() for check in done]}
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed")
    if counts["fail"]:
        raise SystemExit(1)


def _print(check: Check) -> None:
    """Print one item, and what to do about it on a line of its own."""
    click.echo(f"{click.style(f'{check.state:<5}', fg=COLOURS[check.state])} {check.name}: {check.detail}")
    if check.advice:
        click.echo(f"      do: {check.advice}")


def checklist(config: Path | None, overrides: tuple[str, ...], profile: str | None) -> Iterator[Check]:
    """Yield every check, one as soon as it is done; wrong settings are one of them, the rest then uses the defaults."""
    yield from guarded("python", system_checks.python)
    try:
        loaded = load_settings(config, overrides, profile)
    except ConfigError as exc:
        loaded = load_settings(environ={"XDG_CONFIG_HOME": os.devnull})
        yield Check("settings", "fail", str(exc), "correct it; the rest of this list goes by the defaults")
    else:
        yield Check("settings", "ok", ", ".join(str(path) for path in loaded.files) or "defaults only")
    yield from _looks(loaded.settings)


def _looks(settings: Settings) -> Iterator[Check]:
    """Yield the checks that go by the settings, each guarded against the failure of another."""
    for name, look in {
        "packages": system_checks.packages,
        "runtime folder": system_checks.runtime_folder,
        "leftover sockets": system_checks.leftover_sockets,
        "state folder": system_checks.state_folder,
        "journal": system_checks.journal,
        "audio": lambda: speech_checks.audio(settings.sink),
        "starter model": speech_checks.starter,
        "torch": speech_checks.torch,
        "coqui": speech_checks.coqui,
        "espeak-ng": lambda: speech_checks.espeak(settings.synthesizer),
        "readings": lambda: speech_checks.readings(settings.synthesizer, settings.language.target),
        "translator": lambda: speech_checks.translator(settings.translator, settings.language),
        "synthesizer": lambda: speech_checks.synthesizer(settings.synthesizer, settings.language.target),
    }.items():
        yield from guarded(name, look)
