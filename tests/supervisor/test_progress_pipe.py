"""The pipe that tells how a start goes."""

import os

import msgspec

from voicectl.supervisor.progress import Progress, ProgressPipe


def test_every_line_is_one_step() -> None:
    """JSON, so that a text may hold what it likes."""
    read, write = os.pipe()
    report = ProgressPipe(write)
    report("sink", "ready null")
    report("", 'failed: "quoted"\nand broken')
    os.close(write)
    with os.fdopen(read, "rb") as lines:
        assert [msgspec.json.decode(line, type=Progress) for line in lines] == [
            Progress("sink", "ready null"),
            Progress("", 'failed: "quoted"\nand broken'),
        ]


def test_a_reader_that_went_away_is_no_error() -> None:
    """``up --detach`` has returned; the supervisor lives on."""
    read, write = os.pipe()
    os.close(read)
    report = ProgressPipe(write)
    report("sink", "ready")
    report("sink", "ready")
    os.close(write)


def test_nobody_need_listen() -> None:
    """A supervisor that was started by hand has no pipe."""
    ProgressPipe(-1)("sink", "ready")
