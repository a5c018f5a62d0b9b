"""How a start goes, told line by line to whoever started the supervisor."""

import os

import msgspec

FAILED = "failed: "
"""Begins the text of a line that says why the pipeline ends."""


class Progress(msgspec.Struct, frozen=True):
    """One line to whoever started us: a stage and what became of it (no stage: the whole pipeline)."""

    stage: str
    text: str


class ProgressPipe:
    """Writes ``Progress`` as JSON lines to an inherited pipe, until its reader goes away."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        if descriptor >= 0:
            os.set_blocking(descriptor, False)  # a reader who does not read must not stop us

    def __call__(self, stage: str, text: str) -> None:
        """Send one line."""
        if self._descriptor < 0:
            return
        try:
            os.write(self._descriptor, msgspec.json.encode(Progress(stage, text)) + b"\n")
        except BlockingIOError:
            return
        except OSError:
            self._descriptor = -1
