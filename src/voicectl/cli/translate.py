"""``voicectl translate``: prints one translation a line; starts no pipeline."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import click
import msgspec

from voicectl.actors.translator.lines import Job
from voicectl.config.load import load_settings
from voicectl.protocol.errors import BackendError, UsageError


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--to", "target", metavar="LANG", help="Language to translate to, e.g. ja, de, zh-Hant.")
@click.option("--from", "source", metavar="LANG", help="Language of the text.")
@click.option("--backend", metavar="NAME", help="See translator.backend in the configuration.")
@click.option("--json", "as_json", is_flag=True, help="One object a line: source, translation, backend, ms, notes.")
def translate(file: IO[bytes], target: str | None, source: str | None, backend: str | None, as_json: bool) -> None:
    """Print a translation of every line of FILE (default: standard input)."""
    named = {"language.target": target, "language.source": source, "translator.backend": backend}
    overrides = [f"{key}={value}" for key, value in named.items() if value is not None]
    settings = load_settings(overrides=overrides).settings
    with tempfile.TemporaryDirectory(prefix="voicectl-") as folder:
        job = Path(folder) / "job.json"
        job.write_bytes(msgspec.json.encode(Job(translator=settings.translator, language=settings.language)))
        _run(job, file, as_json)


def _run(job: Path, file: IO[bytes], as_json: bool) -> None:
    """Run the translating process; only its output goes through, its last line of complaint becomes the error."""
    command = [sys.executable, "-m", "voicectl.actors.translator.lines", "--job", str(job)]
    done = subprocess.run([*command, *(["--json"] if as_json else [])], stdin=file, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        text = lines[-1] if lines else f"the translator ended with status {done.returncode}; try --backend starter"
        raise UsageError(text) if done.returncode == 2 else BackendError(text)
