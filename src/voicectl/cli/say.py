"""``voicectl say``: speak a text, or render it to a file."""

import os
import tempfile
from pathlib import Path

import click

from voicectl.actors.parser.formats import FORMATS
from voicectl.cli.feed import speak
from voicectl.cli.launch import Launch
from voicectl.cli.options import raw_settings_options
from voicectl.config.load import load_settings
from voicectl.config.paths import runtime_dir
from voicectl.config.settings import Settings
from voicectl.protocol.errors import UsageError
from voicectl.supervisor.book import running_book


@click.command()
@click.argument("text", nargs=-1)
@click.option("-f", "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Speak this file.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Render to WAV or FLAC.")
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="auto", help="What the text is.")
@click.option("--captions", is_flag=True, help="Print each sentence in both languages.")
@raw_settings_options
def say(
    text: tuple[str, ...],
    file: Path | None,
    out: Path | None,
    format_name: str,
    captions: bool,
    config: Path | None,
    overrides: tuple[str, ...],
    profile: str | None,
) -> None:
    """Speak TEXT through the running pipeline; without one, or with --out, through one of its own."""
    if bool(text) == bool(file):
        raise UsageError(
            'say what? give a text or a file: voicectl say "All tests pass."  or  voicectl say -f notes.md'
        )
    if out:
        from voicectl.actors.sink.recording import SUFFIXES

        if out.suffix.lower() not in ("", *SUFFIXES):
            raise UsageError(f"cannot render to {out.name}, only to {' or '.join(SUFFIXES)}; name it {out.stem}.wav")
        overrides = (*overrides, f"sink.spec=wav:{out.absolute()}")
    with tempfile.TemporaryDirectory(prefix="voicectl-say-") as folder:
        if file is None:
            file = Path(folder) / "text"
            file.write_text(" ".join(text), encoding="utf-8")
        if out is None and running_book(runtime_dir()):
            raise SystemExit(speak(file, format_name, wait=captions, captions=captions))
        settings = load_settings(config, overrides, profile).settings
        os.environ["VOICECTL_RUNTIME_DIR"] = f"{folder}/r"
        os.environ["VOICECTL_STATE_DIR"] = f"{folder}/s"
        raise SystemExit(_with_own_pipeline(settings, file.absolute(), format_name, captions))


def _with_own_pipeline(settings: Settings, file: Path, format_name: str, captions: bool) -> int:
    launch = Launch(settings, lifeline=True)
    try:
        launch.wait_until_up(lambda *_: None)
        return speak(file, format_name, wait=True, captions=captions)
    finally:
        launch.close()
        launch.process.wait()
