"""The file that survives the sink."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicectl.actors.sink.progress import SIZE, Heard, Place, Plan, Progress
from voicectl.protocol.errors import SinkError

KILLED = """
import itertools, sys
from pathlib import Path
from voicectl.actors.sink.progress import Place, Plan, Progress

progress = Progress(Path(sys.argv[1]))
print("running", flush=True)
for n in itertools.count(1):
    progress.publish(Plan(settled=n, epoch=n, sample_rate=n, places=(Place(n + 1, 0, None),)))
    progress.consumed(n % 1000 + 1, 0)
"""


def test_what_was_published_is_read_by_the_next(tmp_path: Path) -> None:
    """Settled is the last utterance that ended; of the current one its samples."""
    progress = Progress(tmp_path / "p")
    assert progress.heard == Heard()
    places = (Place(7, 0, 100), Place(8, 100, 100), Place(9, 150, None))
    progress.publish(Plan(settled=6, epoch=2, sample_rate=8000, places=places))
    progress.consumed(400, 0)
    assert Progress(tmp_path / "p").heard == Heard(settled=8, current=9, samples=250, sample_rate=8000, epoch=2)


def test_an_older_position_does_not_count_for_a_new_plan(tmp_path: Path) -> None:
    """A new incarnation counts from 0: its plan is never read with the last one's position."""
    old = Progress(tmp_path / "p")
    old.publish(Plan(settled=1, sample_rate=8000, places=(Place(2, 0, None),)))
    old.consumed(5000, 0)
    new = Progress(tmp_path / "p")
    new.publish(Plan(settled=1, sample_rate=8000, places=(Place(2, 0, None),)))
    assert Progress(tmp_path / "p").heard.current == 0


@given(cut=st.integers(0, SIZE), plan=st.booleans())
def test_a_write_that_is_cut_anywhere_leaves_the_old_or_the_new(
    tmp_path_factory: pytest.TempPathFactory, cut: int, plan: bool
) -> None:
    """Every byte string between the two states of the file reads as one of them."""
    path = tmp_path_factory.mktemp("p") / "p"
    progress = Progress(path)
    for settled in (1, 2, 3):
        progress.publish(Plan(settled=settled, sample_rate=8000, places=(Place(settled + 1, 0, None),)))
        progress.consumed(1000 * settled, 0)
    before = path.read_bytes()
    if plan:
        progress.publish(Plan(settled=9, sample_rate=8000, places=(Place(10, 0, None),)))
    else:
        progress.consumed(7000, 0)
    after = path.read_bytes()
    progress.close()
    path.write_bytes(after[:cut] + before[cut:])
    torn = Progress(path).heard
    path.write_bytes(before)
    old = Progress(path).heard
    path.write_bytes(after)
    assert torn in (old, Progress(path).heard)


def test_a_kill_leaves_a_readable_file(tmp_path: Path) -> None:
    """A process that is killed while it writes without a pause leaves one of its states."""
    path = tmp_path / "p"
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout
            child.stdout.readline()
            child.kill()
        heard = Progress(path).heard
        assert heard.settled == heard.epoch == heard.sample_rate
        assert heard.current in (0, heard.settled + 1)


@given(st.binary(max_size=2 * SIZE))
def test_garbage_reads_as_nothing_heard(tmp_path_factory: pytest.TempPathFactory, garbage: bytes) -> None:
    """A foreign file of any length is replaced, not believed."""
    path = tmp_path_factory.mktemp("p") / "p"
    path.write_bytes(garbage[:SIZE].ljust(SIZE, garbage[:1]) if len(garbage) % 2 else garbage)
    assert Progress(path).heard == Heard()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """The error names the file and the way out."""
    with pytest.raises(SinkError, match="VOICECTL_RUNTIME_DIR"):
        Progress(tmp_path / "missing" / "p")
