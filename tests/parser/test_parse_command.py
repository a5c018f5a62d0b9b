"""``voicectl parse`` as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from parser_kit import OWN

COMMAND = [sys.executable, "-c", "from voicectl.cli import main; main()", "parse"]


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, check=False)


def test_parse_prints_a_sentence_a_line() -> None:
    """Standard input is read where no file is named."""
    done = run(stdin=b"# Title\n\nOne. Two `x`.")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Title\nOne.\nTwo x.\n", b"")


def test_parse_json_prints_an_object_a_line(tmp_path: Path) -> None:
    """Each has its number, text, spans and pause."""
    file = tmp_path / "a.md"
    file.write_text("Run `make`. Then go.")
    lines = run(str(file), "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"seq": 1, "text": "Run make.", "spans": [{"kind": "code", "text": "make"}], "pause": "sentence"},
        {"seq": 2, "text": "Then go.", "spans": [], "pause": "paragraph"},
    ]


def test_parse_reads_a_session() -> None:
    """The format is found from the first bytes."""
    done = run(str(OWN / "tool.partial.jsonl"))
    assert done.stdout.decode().splitlines() == (OWN / "tool.partial.spoken.txt").read_text().splitlines()


def test_parse_says_what_it_skipped() -> None:
    """One line on standard error; the text goes on."""
    done = run("--format", "stream-json", stdin=b'{"type": \n')
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"voicectl: skipped 1 line(s) that are not JSON\n"


@pytest.mark.parametrize("arguments", [["--format", "yaml"], ["/no/such/file"]])
def test_parse_refuses_wrong_usage(arguments: list[str]) -> None:
    """Exit status 2 and an error."""
    done = run(*arguments)
    assert done.returncode == 2
    assert b"Error:" in done.stderr


def test_parse_is_quiet_when_its_reader_goes_away(tmp_path: Path) -> None:
    """A broken pipe is no error message."""
    file = tmp_path / "long.md"
    file.write_text("One sentence. " * 20_000)
    with subprocess.Popen([*COMMAND, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"One sentence.\n"
        process.stdout.close()
        assert process.stderr.read() == b""
