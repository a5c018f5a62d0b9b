"""``voicectl models``: which models are known and here, downloading them, checking them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import click

from voicectl.config.load import load_settings
from voicectl.models import convert, piper, store
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
    rows = [*_known(), *_others(), *_zoo_voices(), *_piper_voices()]
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
    """Download models of the Hugging Face hub (OWNER/NAME), and voices.

    Voices are those of Piper (rhasspy/piper-voices/NAME) and of Coqui's zoo (tts_models/...).
    A download that was interrupted goes on where it stopped. Everything is checked.
    """
    for name in names:
        known = store.manifest().get(name)
        if known and known.origin != "hub":
            where = "ships with voicectl" if known.origin == "bundled" else f"comes with the package {known.package}"
            click.echo(f"{name} {where}; there is nothing to pull")
        elif name.startswith(_ZOO):
            _pull_from_zoo(name)
        elif name.startswith(piper.PREFIX):
            _pull_from_piper(name)
        elif store.is_hub_id(name):
            _pull_from_hub(name)
        elif store.is_hub_file(name):
            _pull_from_hub(*store.split_hub_file(name))
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
    """Return what is wrong with one model's files, those converted from it among them."""
    if name == store.STARTER_ID:
        return store.verify(store.manifest()[name], store.STARTER)
    hub_id = store.split_hub_file(name)[0] if store.is_hub_file(name) else name
    record = store.record(hub_id) if store.is_hub_id(hub_id) else None
    if record is None:
        raise UsageError(f"no checksums of {name} are on record; 'voicectl models pull {name}' checks and records them")
    folder = store.repository(hub_id) / "snapshots" / record.commit
    return [*store.verify(record, folder), *convert.verify(folder)]


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
    """Yield the models that were pulled and are not in the manifest; where only files were, each of them."""
    for hub_id in store.pulled():
        record, folder = store.record(hub_id), store.snapshot(hub_id)
        if not record or not folder or hub_id in store.manifest():
            continue
        licence = record.licence or "see its page"
        if store.form(folder):
            yield Row(
                hub_id, "translator", "hub", str(folder), sum(file.bytes for file in record.files), licence, "", ()
            )
        else:
            for file in record.files:
                path = str(folder / file.name)
                yield Row(f"{hub_id}/{file.name}", "translator", "hub", path, file.bytes, licence, "", ())


def _zoo_voices() -> Iterator[Row]:
    """Yield the voices of Coqui's zoo that are here."""
    from voicectl.actors.synthesizer.coqui import zoo as coqui_zoo

    for voice in coqui_zoo.voices(None):
        files = coqui_zoo.cached(voice.voice)
        size = sum(path.stat().st_size for path in files)
        licence = coqui_zoo.licence(voice.voice)
        yield Row(voice.voice, "voice", "zoo", str(files.config.parent), size, licence, "", (voice.language,))


def _piper_voices() -> Iterator[Row]:
    """Yield the voices of Piper that are here."""
    from voicectl.actors.synthesizer.piper import voice as piper_voice

    for voice in piper_voice.found(load_settings().settings.synthesizer, None):
        size, tag = voice.model.stat().st_size, voice.config.tag
        yield Row(voice.name, "voice", "piper", str(voice.model), size, "each its own", "", (tag,))


def _pull_from_zoo(name: str) -> None:
    """Let coqui-tts download a voice, in a process of its own: it imports torch."""
    code = "voicectl.actors.synthesizer.coqui.zoo"
    done = subprocess.run([sys.executable, "-P", "-m", code, name], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BackendUnavailable(last.partition("BackendUnavailable: ")[2] or last or f"coqui cannot download {name}")


def _pull_from_piper(name: str) -> None:
    """Download a voice of Piper into the folder of voices."""
    from voicectl.actors.synthesizer.piper import voice as piper_voice

    folder = piper_voice.folder(load_settings().settings.synthesizer)
    files = piper.look_up(name.removeprefix(piper.PREFIX))
    total = sum(file.bytes for file in files)
    click.echo(f"{name}: {_size(total)}, a licence of its own; see the MODEL_CARD beside it on the hub")
    try:
        with _progress(total) as report:
            piper.pull(files, folder, report)
    except KeyboardInterrupt:
        click.echo(f"stopped; 'voicectl models pull {name}' goes on from here", err=True)
        sys.exit(130)
    click.echo(f"{len(files)} files checked: {folder}")


def _pull_from_hub(name: str, file: str = "") -> None:
    """Download one model, or one file of it, with a progress bar; say what its licence allows; convert what can be."""
    from voicectl.models.pull import look_up
    from voicectl.models.pull import pull as fetch

    wanted = f"{name}/{file}" if file else name
    offer = look_up(name, file)
    known = store.manifest().get(name)
    licence = offer.licence or "a licence that the hub does not name; see the model's page there"
    click.echo(f"{wanted}: {_size(offer.bytes)}, {licence}" + (f" ({known.note})" if known else ""))
    try:
        with _progress(offer.bytes) as report:
            done = fetch(offer, report)
        first = (
            "their SHA-256 is now on record for 'voicectl models verify'" if done.is_first else "nothing has changed"
        )
        click.echo(f"{len(done.files)} files checked, {first}: {done.folder}")
        _convert(wanted, done.folder)
    except KeyboardInterrupt:
        click.echo(f"stopped; 'voicectl models pull {wanted}' goes on from here", err=True)
        sys.exit(130)


def _convert(name: str, folder: Path) -> None:
    """Convert NLLB for the CPU; a model that cannot be converted here can still be used with torch."""
    if not convert.is_convertible(folder):
        return
    if not convert.converted(folder):
        click.echo("converting it for the CPU (int8), once; this takes about a minute and 4 GB of memory")
    begun = time.monotonic()
    try:
        place = convert.convert(folder)
    except BackendUnavailable as exc:
        click.echo(f"{exc}; the model itself is here, and pulling {name} again converts it", err=True)
        return
    click.echo(f"converted for the CPU in {time.monotonic() - begun:.0f} s: {place}")


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
