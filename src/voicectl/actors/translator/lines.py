"""Translates standard input line by line: ``python -m voicectl.actors.translator.lines --job FILE [--json]``.

A process of its own, so that ``voicectl translate`` never imports a model library.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from voicectl.actors.languages import AUTO, flores
from voicectl.actors.translator.backend import ORIGINAL, Result, Source, TranslatorBackend
from voicectl.actors.translator.factory import choose, load_backend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError, BackendUnavailable, UsageError, VoicectlError


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is told: the settings of the translator and the languages, as JSON in a file."""

    translator: TranslatorSettings
    language: LanguageSettings


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the output with ``--json``; ``ms`` is the time the translation took."""

    source: str
    translation: str
    backend: str
    ms: float
    notes: tuple[str, ...] = ()


def translate_lines(backend: TranslatorBackend, source: Iterable[str], out: TextIO, *, as_json: bool) -> None:
    """Write one line for each line of ``source`` as soon as it is there.

    A sentence that the backend fails on is written untranslated, and the rest goes on.

    Raises:
        BackendError: at the end, if the backend failed on a sentence.
    """
    errors = []
    for line in source:
        text = line.strip()
        begun = time.perf_counter()
        try:
            result = backend.translate([Source(text)])[0]
        except BackendError as exc:
            errors.append(str(exc))
            result = Result(text, (ORIGINAL, "failed"))
        ms = round((time.perf_counter() - begun) * 1000, 1)
        row = Line(source=text, translation=result.text, backend=backend.name, ms=ms, notes=result.notes)
        print(msgspec.json.encode(row).decode() if as_json else result.text, file=out, flush=True)
    if errors:
        raise BackendError(f"{len(errors)} sentences were left untranslated; the first: {errors[0]}")


def _load(job: Job) -> TranslatorBackend:
    """Load the backend; a translation that would be none because nothing is installed is an error here."""
    name, reason = choose(job.translator, job.language)
    differ = job.language.source == AUTO or flores(job.language.source) != flores(job.language.target)
    if name == "none" and job.translator.backend == "auto" and differ:
        raise BackendUnavailable(reason)
    return load_backend(job.translator, job.language, name, say=lambda text: print(text, file=sys.stderr))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the process and return its exit status: 0, 1 for a failure, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="voicectl.actors.translator.lines")
    parser.add_argument("--job", type=Path, required=True, help="a Job as JSON")
    parser.add_argument("--json", action="store_true", help="write JSON Lines")
    options = parser.parse_args(arguments)
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        job = msgspec.json.decode(options.job.read_bytes(), type=Job)
        backend = _load(job)
        translate_lines(backend, sys.stdin, sys.stdout, as_json=options.json)
    except VoicectlError as exc:
        print(exc, file=sys.stderr)
        return 2 if isinstance(exc, UsageError) else 1
    except BrokenPipeError:
        # The reader left; the flush at exit must not fail for that.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
