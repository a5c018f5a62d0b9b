"""Events end in a file as JSON lines; a broken file disturbs nobody."""

import datetime as dt
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from voicectl.config.logs import close_logging, human_line, set_up_logging
from voicectl.config.settings import LogSettings

SETTINGS = LogSettings(level="info", max_bytes=100_000, keep=2)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was."""
    level = logging.getLogger().level
    yield
    close_logging()
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def events(path: Path) -> list[dict[str, Any]]:
    """Return the events of a log file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_json_object(tmp_path: Path) -> None:
    """With time, level, stage, process, event and its own keys, in this order."""
    set_up_logging("sink", SETTINGS, tmp_path / "log", terminal=False)
    structlog.get_logger("voicectl.sink").warning("underrun", play=3, text="声 \udcff", path=Path("/x"))
    (event,) = events(tmp_path / "log" / "sink.jsonl")
    assert list(event)[:5] == ["timestamp", "level", "stage", "pid", "event"]
    assert event["timestamp"].endswith("Z")
    assert dt.datetime.fromisoformat(event["timestamp"]).tzinfo is dt.UTC
    del event["timestamp"]
    assert event == {
        "level": "warning",
        "stage": "sink",
        "pid": os.getpid(),
        "event": "underrun",
        "logger": "voicectl.sink",
        "play": 3,
        "text": "声 \udcff",
        "path": repr(Path("/x")),
    }


def test_the_standard_librarys_records_are_events_too(tmp_path: Path) -> None:
    """Libraries log through logging, tracebacks included."""
    set_up_logging("parser", SETTINGS, tmp_path, terminal=False)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("library").exception("could not %s", "read")
    (event,) = events(tmp_path / "parser.jsonl")
    assert (event["event"], event["level"], event["stage"]) == ("could not read", "error", "parser")
    assert "ValueError: broken" in event["exception"]


def test_events_below_the_level_are_dropped(tmp_path: Path) -> None:
    """The level holds for both ways to log."""
    set_up_logging("sink", SETTINGS, tmp_path, terminal=False)
    structlog.get_logger().debug("fine")
    logging.getLogger("library").debug("fine")
    structlog.get_logger().info("coarse")
    assert [event["event"] for event in events(tmp_path / "sink.jsonl")] == ["coarse"]


def test_the_file_is_rotated_by_size(tmp_path: Path) -> None:
    """As many old files are kept as the settings say, and none is larger."""
    set_up_logging("sink", LogSettings(level="info", max_bytes=2_000, keep=2), tmp_path, terminal=False)
    for number in range(100):
        structlog.get_logger().info("event", number=number)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sink.jsonl", "sink.jsonl.1", "sink.jsonl.2"]
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.iterdir())
    assert events(tmp_path / "sink.jsonl")[-1]["number"] == 99


def test_a_terminal_gets_lines_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, beside the file."""
    set_up_logging("sink", SETTINGS, tmp_path, terminal=True)
    structlog.get_logger().info("opened", device="USB Audio", rate=48000)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith('info    sink        opened device="USB Audio" rate=48000\n')
    assert len(events(tmp_path / "sink.jsonl")) == 1


def test_a_second_call_replaces_the_first(tmp_path: Path) -> None:
    """No event is written twice."""
    set_up_logging("one", SETTINGS, tmp_path, terminal=False)
    set_up_logging("two", SETTINGS, tmp_path, terminal=False)
    structlog.get_logger().info("event")
    assert [path.name for path in tmp_path.iterdir()] == ["two.jsonl"]
    assert len(events(tmp_path / "two.jsonl")) == 1


def test_a_folder_that_cannot_be_written_is_told_once_and_nothing_is_raised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file is where the folder should be."""
    (tmp_path / "file").touch()
    set_up_logging("sink", SETTINGS, tmp_path / "file" / "log", terminal=False)
    for _ in range(3):
        structlog.get_logger().info("event")
    path = tmp_path / "file" / "log" / "sink.jsonl"
    assert capsys.readouterr().err == (f"voicectl: cannot write {path} (Not a directory); going on without this log\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always full device")
def test_a_full_disk_is_told_once_and_nothing_is_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """/dev/full takes nothing; once there is room again, events are written."""
    path = tmp_path / "sink.jsonl"
    path.symlink_to("/dev/full")
    set_up_logging("sink", SETTINGS, tmp_path, terminal=False)
    for _ in range(3):
        structlog.get_logger().info("lost")
    assert capsys.readouterr().err.count("No space left on device") == 1
    path.unlink()
    structlog.get_logger().info("kept")
    assert [event["event"] for event in events(path)] == ["kept"]


def test_an_event_that_cannot_be_rendered_is_not_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even a list that holds itself disturbs the caller."""
    endless: list[object] = []
    endless.append(endless)
    set_up_logging("sink", SETTINGS, tmp_path, terminal=False)
    structlog.get_logger().info("event", value=endless)
    structlog.get_logger().info("next")
    assert [event["event"] for event in events(tmp_path / "sink.jsonl")] == ["next"]
    assert "cannot write" in capsys.readouterr().err


def test_control_characters_do_not_reach_the_terminal() -> None:
    """An agent's output can hold escape sequences."""
    line = human_line({"event": "\x1b[2Jgone", "key": "a\nb", "stage": "\x07"})
    assert "\\x1b[2Jgone key=a\\nb" in line
    assert line.isprintable()


ANYTHING = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(st.sampled_from(["timestamp", "level", "stage", "event", "exception"]) | st.text(), ANYTHING))
def test_any_json_object_can_be_shown(event: dict[str, Any]) -> None:
    """A log file may hold anything by the time it is read."""
    assert "\x1b" not in human_line(event)
