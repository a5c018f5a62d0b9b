"""``voicectl translate``: the child process, and the command that runs it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from voicectl.actors.translator.backend import Result, Source
from voicectl.actors.translator.lines import Job, translate_lines
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.protocol.errors import BackendError

Settings = Callable[..., TranslatorSettings]
CHILD = [sys.executable, "-m", "voicectl.actors.translator.lines"]
COMMAND = [sys.executable, "-c", "from voicectl.cli.translate import translate; translate()"]


class Moody:
    """A backend that fails on one sentence and turns the others round."""

    name = "moody"
    device = "cpu"

    def translate(self, batch: list[Source]) -> list[Result]:
        """Fail on ``bad``."""
        if batch[0].text == "bad":
            raise BackendError("out of memory; free the GPU")
        return [Result(source.text[::-1]) for source in batch]

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def job(tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings) -> Callable[..., list[str]]:
    """Return a maker of the arguments that give the child these settings."""

    def write(**changes: object) -> list[str]:
        path = tmp_path / "job.json"
        path.write_bytes(msgspec.json.encode(Job(translator=settings(**changes), language=english_to_japanese)))
        return ["--job", str(path)]

    return write


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment without the user's own configuration and models."""
    return {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "HF_HUB_CACHE": str(tmp_path)}


def test_every_line_gives_one_object(job: Callable[..., list[str]]) -> None:
    """Source, translation, backend, milliseconds and notes; an empty line and bad UTF-8 keep the count."""
    done = subprocess.run(
        [*CHILD, *job(backend="starter"), "--json"],
        input=b"The tests pass now.\n\nSee `a.py`.\n\xff\n",
        capture_output=True,
    )
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0, done.stderr
    assert [row["source"] for row in rows] == ["The tests pass now.", "", "See `a.py`.", "\ufffd"]
    assert set(rows[0]) == {"source", "translation", "backend", "ms", "notes"}
    assert ("テスト" in rows[0]["translation"], rows[0]["backend"], rows[1]["translation"]) == (True, "starter", "")
    assert "`a.py`" in rows[2]["translation"]
    assert rows[0]["ms"] > 0


def test_a_line_is_answered_before_the_next_is_written(job: Callable[..., list[str]]) -> None:
    """The child is a filter that can be talked to."""
    with subprocess.Popen([*CHILD, *job(backend="none")], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        for text in (b"one\n", b"two\n"):
            child.stdin.write(text)
            child.stdin.flush()
            assert child.stdout.readline() == text


def test_a_reader_that_leaves_is_no_error(job: Callable[..., list[str]]) -> None:
    """``voicectl translate | head -1`` ends without a traceback."""
    with subprocess.Popen(
        [*CHILD, *job(backend="none")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.close()
        assert child.communicate(b"one\n" * 5)[1] == b""
        assert child.returncode == 0


def test_a_sentence_that_fails_is_left_in_the_original_and_reported_at_the_end() -> None:
    """The sentences after it are translated."""
    out = io.StringIO()
    with pytest.raises(BackendError, match=r"1 .*free the GPU"):
        translate_lines(Moody(), ["abc\n", "bad\n", "def\n"], out, as_json=False)
    assert out.getvalue() == "cba\nbad\nfed\n"


def test_the_command_translates_a_file(tmp_path: Path, environment: dict[str, str]) -> None:
    """FILE goes through the child with the settings of the options."""
    text = tmp_path / "text"
    text.write_text("The tests pass now.\n")
    done = subprocess.run(
        [*COMMAND, str(text), "--backend", "starter", "--json"], capture_output=True, encoding="utf-8", env=environment
    )
    assert json.loads(done.stdout)["backend"] == "starter", done.stderr


def test_the_command_takes_both_languages_and_imports_no_model_library(environment: dict[str, str]) -> None:
    """German to German needs no translator; standard input is used without FILE."""
    script = (
        "import sys\n"
        "from voicectl.cli.translate import translate\n"
        "translate(['--from', 'de', '--to', 'de'], standalone_mode=False)\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'ctranslate2')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input="Hallo.\n", capture_output=True, encoding="utf-8", env=environment
    )
    assert (done.returncode, done.stdout) == (0, "Hallo.\n"), done.stderr


@pytest.mark.parametrize(
    ("options", "error", "advice"),
    [
        (["--to", "japanes"], "UsageError", "ja (Japanese)"),
        (["--backend", "starter", "--to", "fr"], "BackendError", "pip install"),
        (["--to", "fr"], "BackendError", "nothing installed translates en to fr"),
    ],
)
def test_errors_of_the_child_are_raised_in_one_line(
    environment: dict[str, str], options: list[str], error: str, advice: str
) -> None:
    """Wrong usage is a UsageError, a failure a BackendError, each with the child's own line."""
    done = subprocess.run([*COMMAND, *options], input="x\n", capture_output=True, encoding="utf-8", env=environment)
    last = done.stderr.strip().splitlines()[-1]
    assert error in last
    assert advice in last
