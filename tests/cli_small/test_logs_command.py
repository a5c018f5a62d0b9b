"""``voicectl logs`` prints all log files as one."""

import json
from pathlib import Path

import pytest

from voicectl.cli.logs import Tail, followed
from voicectl.protocol.errors import UsageError


def event(second: int, stage: str, text: str, **more: object) -> str:
    """Return one line of a log file."""
    timestamp = f"2026-01-02T03:04:{second:02}.500000Z"
    return json.dumps({"timestamp": timestamp, "level": "info", "stage": stage, "pid": 1, "event": text, **more}) + "\n"


@pytest.fixture
def folder(isolated: Path) -> Path:
    """Return the folder of the logs."""
    path = isolated / "state" / "log"
    path.mkdir(parents=True)
    return path


def shown(output: str) -> list[str]:
    """Return the events of lines for people, in their order."""
    return [line.split()[4] for line in output.splitlines()]


def test_files_are_merged_by_time(run, folder: Path) -> None:
    """Whichever stage wrote them."""
    (folder / "parser.jsonl").write_text(event(1, "parser", "one") + event(3, "parser", "three"))
    (folder / "sink.jsonl").write_text(event(2, "sink", "two") + event(4, "sink", "four", rate=48000))
    result = run("logs")
    assert shown(result.stdout) == ["one", "two", "three", "four"]
    assert result.stdout.endswith("04.500 info    sink        four rate=48000\n")


def test_one_stage_can_be_named(run, folder: Path) -> None:
    """The others are left out."""
    (folder / "parser.jsonl").write_text(event(1, "parser", "one"))
    (folder / "sink.jsonl").write_text(event(2, "sink", "two"))
    assert shown(run("logs", "sink").stdout) == ["two"]


def test_the_last_lines_reach_back_into_rotated_files(run, folder: Path) -> None:
    """As many as were asked for, the oldest first."""
    (folder / "sink.jsonl.2").write_text(event(1, "sink", "one") + event(2, "sink", "two"))
    (folder / "sink.jsonl.1").write_text(event(3, "sink", "three\u2028still"))
    (folder / "sink.jsonl").write_text(event(4, "sink", "four"))
    assert shown(run("logs", "--lines", "3").stdout) == ["two", "three\\u2028still", "four"]
    assert shown(run("logs", "-n", "1").stdout) == ["four"]
    assert run("logs", "-n", "0").stdout == ""
    assert len(shown(run("logs").stdout)) == 4


def test_broken_lines_are_shown_as_they_are_in_their_place(run, folder: Path) -> None:
    """Cut lines, other objects, bytes that are not UTF-8 and escape sequences."""
    broken = [b'{"timestamp": "2026', b"[1]", b"caf\xe9", b"\x1b[2Jx"]
    content = event(1, "sink", "one").encode() + b"\n".join(broken) + b"\n" + event(3, "sink", "three").encode()
    (folder / "sink.jsonl").write_bytes(content)
    (folder / "parser.jsonl").write_text(event(2, "parser", "two") + "last and cut")
    lines = run("logs").stdout.splitlines()
    assert lines[1:5] == ['{"timestamp": "2026', "[1]", "caf\ufffd", "\\x1b[2Jx"]
    assert [line.split()[-1] for line in lines] == [
        "one",
        '"2026',
        "[1]",
        "caf\ufffd",
        "\\x1b[2Jx",
        "two",
        "cut",
        "three",
    ]


def test_a_traceback_is_shown_indented(run, folder: Path) -> None:
    """Below its event."""
    (folder / "sink.jsonl").write_text(event(1, "sink", "one", exception="Traceback:\nValueError: no"))
    assert run("logs").stdout.splitlines()[1:] == ["    Traceback:", "    ValueError: no"]


def test_json_lines_stay_json_lines(run, folder: Path) -> None:
    """A broken line is wrapped, so that every line can be parsed."""
    (folder / "sink.jsonl").write_text(event(1, "sink", "声\udcff") + "broken\n")
    first, second = run("logs", "--json").stdout.splitlines()
    assert json.loads(first)["event"] == "声\udcff"
    assert json.loads(second) == {"stage": "sink", "raw": "broken"}


def test_half_a_surrogate_pair_is_shown_escaped(run, folder: Path) -> None:
    """Names of files that are not UTF-8 are logged so, and no terminal takes them."""
    (folder / "sink.jsonl").write_text(event(1, "sink", "\udcff"))
    assert shown(run("logs").stdout) == ["\\udcff"]


def test_without_logs_it_says_so(run, isolated: Path) -> None:
    """On stderr, and it is no failure."""
    result = run("logs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"no logs yet in {isolated}/state/log; 'voicectl up' writes them\n"
    assert run("logs", "sink").exit_code == 0


def test_a_stage_that_does_not_exist_is_wrong_usage(run, folder: Path) -> None:
    """The line names the logs that there are."""
    (folder / "sink.jsonl").touch()
    error = run("logs", "snik").exception
    assert isinstance(error, UsageError)
    assert str(error) == f"no log of 'snik' in {folder}; there are: sink"


def test_follow_prints_what_is_added_over_rotation_and_in_new_files(folder: Path) -> None:
    """Nothing twice, nothing lost, half lines only when they are whole."""
    path = folder / "sink.jsonl"
    path.write_text(event(1, "sink", "one"))
    tails = {"sink": Tail(path)}
    assert len(tails["sink"].read()) == 1

    def rotate() -> None:
        with path.open("a") as file:
            file.write(event(4, "sink", "four"))
        path.rename(folder / "sink.jsonl.1")
        path.write_text(event(5, "sink", "five"))

    cut = event(3, "sink", "three")
    steps = iter(
        [
            lambda: path.open("a").close(),
            lambda: path.write_text(path.read_text() + event(2, "sink", "two") + cut[:20]),
            lambda: path.write_text(path.read_text() + cut[20:]),
            rotate,
            lambda: (folder / "parser.jsonl").write_text(event(6, "parser", "six")),
        ]
    )

    def step() -> None:
        action = next(steps, None)
        if action is None:
            raise KeyboardInterrupt
        action()

    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        seen.extend(line.event["event"] for line in followed(folder, None, tails, step) if line.event)
    for tail in tails.values():
        tail.close()
    assert seen == ["two", "three", "four", "five", "six"]
