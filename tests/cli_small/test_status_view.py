"""The table of ``voicectl status``."""

import io
from typing import Any

from rich.console import Console

from voicectl.cli.inspect import status_view
from voicectl.protocol.supervising import STAGES

PATH = "wav:/home/somebody/recordings/of-a-long-name/{session}.flac"


def answer() -> dict[str, Any]:
    """A running pipeline that records into a file with a long path."""
    figures = {"state": "starting", "pid": 123456, "uptime_s": 86400.5, "restarts": 12, "queued": 1234}
    stages = [
        {"name": stage, "backend": PATH, "device": PATH, "rss_mb": 3210.5, "cpu_percent": 100.1} | figures
        for stage in STAGES
    ]
    state = {"paused": False, "stopping": False, "queued": 3, "queued_s": 8.2, "spoken": 4, "sink": PATH}
    return state | {
        "stages": stages,
        "speed": 1.0,
        "volume": 1.0,
        "backlog": {"policy": "all", "speed": 1.0},
        "last": None,
        "notices": [],
    }


def test_a_narrow_terminal_shows_every_figure() -> None:
    """Only the backend's name is broken into several lines, nothing is cut off."""
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(status_view(answer()))
    text = console.export_text()
    for word in (*STAGES, "restarts", "queued", "123456", "86400.5", "3210.5", "100.1"):
        assert word in text
    assert "…" not in text
