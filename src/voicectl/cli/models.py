"""``voicectl models``: which models are known and here, downloading them, checking them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import click

from voicectl.models import store
from voicectl.models.download import Report
from voicectl.protocol.errors import BackendUnavailable, UsageError

_ZOO = "tts_models/"
_PACKAGES = {"pyopenjtalk-plus": "pyopenjtalk"}
"""The module of a package whose name is another."""


class Row(NamedTuple):
    """One model: what it is, where it is here (None: nowhere), its size in bytes, who may use it."""

    id: str
    kind: str
    origin: str
    path: str | None
    bytes: int
    licence: str
    note: str
    languages: tuple[str, ...]


@click.group()
def models() -> None:
    """List, download and check the models of translators and voices."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_models(as_json: bool) -> None:
    """List the models that voicectl knows or has pulled, and where they are."""
    rows = [*_known(), *_others(), *_zoo_voices()]
    if as_json:
        listed = [{"here": row.path is not None, **row._asdict()} for row in rows]
        click.echo(json.dumps({"models": listed}, ensure_ascii=False))
        return
    click.echo(_table(rows))
    for row in rows:
        if row.note:
            click.echo(f"{row.id}: {row.note}")


@models.command()
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
def pull(names: tuple[str, ...]) -> None:
    """Download models: ids of the Hugging Face hub (OWNER/NAME) or of Coqui's zoo (tts_models/...).

    A download that was interrupted goes on where it stopped. Everything is checked.
    """
    for name in names:
        known = store.manifest().get(name)
        if known and known.origin != "hub":
            where = "ships with voicectl" if known.origin == "bundled" else f"comes with the package {known.package}"
            click.echo(f"{name} {where}; there is nothing to pull")
        elif name.startswith(_ZOO):
            _pull_from_zoo(name)
        elif store.is_hub_id(name):
            _pull_from_hub(name)
        else:
            raise UsageError(f"{name!r} is no model; see 'voicectl models list', or name one of the hub as OWNER/NAME")


@models.command()
@click.argument("name", metavar="MODEL", required=False)
def verify(name: str | None) -> None:
    """Compare the files of MODEL, or of every model that is here, with their recorded SHA-256."""
    names = [name] if name else [store.STARTER_ID, *store.pulled()]
    damaged = False
    for each in names:
        problems = _problems(each)
        for problem in problems:
            click.echo(f"{each}: {problem}")
        if not problems:
            click.echo(f"{each}: all files are right")
        damaged = damaged or bool(problems)
    if damaged:
        raise BackendUnavailable(
            "files are missing or damaged; pull the model again, or for the starter install voicectl again"
        )


def _problems(name: str) -> list[str]:
    """Return what is wrong with one model's files."""
    if name == store.STARTER_ID:
        return store.verify(store.manifest()[name], store.STARTER)
    record = store.record(name) if store.is_hub_id(name) else None
    if record is None:
        raise UsageError(f"no checksums of {name} are on record; 'voicectl models pull {name}' checks and records them")
    return store.verify(record, store.repository(name) / "snapshots" / record.commit)


def _known() -> Iterator[Row]:
    """Yield the models of the manifest."""
    for model in store.manifest().values():
        yield Row(
            model.id, model.kind, model.origin, _place(model), model.bytes, model.licence, model.note, model.languages
        )


def _place(model: store.Model) -> str | None:
    """Return where a known model is on this machine."""
    if model.origin == "bundled":
        return str(store.STARTER)
    if model.origin == "package":
        found = find_spec(_PACKAGES.get(model.package, model.package))
        return str(Path(found.origin).parent) if found and found.origin else None
    snapshot = store.cached(model.id)
    return str(snapshot) if snapshot else None


def _others() -> Iterator[Row]:
    """Yield the models that were pulled and are not in the manifest."""
    for hub_id in store.pulled():
        record = store.record(hub_id)
        snapshot = store.cached(hub_id)
        if record and snapshot and hub_id not in store.manifest():
            size = sum(file.bytes for file in record.files)
            yield Row(hub_id, "translator", "hub", str(snapshot), size, record.licence or "see its page", "", ())


def _zoo_voices() -> Iterator[Row]:
    """Yield the voices of Coqui's zoo that are here."""
    from voicectl.actors.synthesizer import coqui_zoo

    for voice in coqui_zoo.voices(None):
        files = coqui_zoo.cached(voice.voice)
        size = sum(path.stat().st_size for path in files)
        yield Row(voice.voice, "voice", "zoo", str(files.config.parent), size, "each its own", "", (voice.language,))


def _pull_from_zoo(name: str) -> None:
    """Let coqui-tts download a voice, in a process of its own: it imports torch."""
    code = "voicectl.actors.synthesizer.coqui_zoo"
    done = subprocess.run([sys.executable, "-P", "-m", code, name], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BackendUnavailable(last.partition("BackendUnavailable: ")[2] or last or f"coqui cannot download {name}")


def _pull_from_hub(name: str) -> None:
    """Download one model with a progress bar, and say what its licence allows."""
    from voicectl.models.pull import look_up
    from voicectl.models.pull import pull as fetch

    offer = look_up(name)
    known = store.manifest().get(name)
    licence = offer.licence or "a licence that the hub does not name; see the model's page there"
    click.echo(f"{name}: {_size(offer.bytes)}, {licence}" + (f" ({known.note})" if known else ""))
    try:
        with _progress(offer.bytes) as report:
            done = fetch(offer, report)
    except KeyboardInterrupt:
        click.echo(f"stopped; 'voicectl models pull {name}' goes on from here", err=True)
        sys.exit(130)
    first = "their SHA-256 is now on record for 'voicectl models verify'" if done.is_first else "nothing has changed"
    click.echo(f"{len(done.files)} files checked, {first}: {done.folder}")


@contextmanager
def _progress(total: int) -> Iterator[Report]:
    """Show one bar for all files on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    here: dict[str, int] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)

        def report(name: str, done: int, _size: int) -> None:
            here[name] = done
            progress.update(task, description=name, completed=sum(here.values()))

        yield report


def _table(rows: list[Row]) -> str:
    """Return the models as aligned columns."""
    cells = [("MODEL", "KIND", "HERE", "SIZE", "LANGUAGES", "LICENCE")]
    for row in rows:
        languages = " ".join(row.languages).replace("*", "many")
        cells.append((row.id, row.kind, "yes" if row.path else "no", _size(row.bytes), languages, row.licence))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _size(count: int) -> str:
    """Return a size in bytes as people read it."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
