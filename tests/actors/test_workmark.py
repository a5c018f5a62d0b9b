"""The mark of the work in hand."""

from pathlib import Path

import pytest

from voicectl.actors.workmark import WorkMark, take_mark, work_path


def test_the_last_number_is_read_and_the_file_removed(tmp_path: Path) -> None:
    """Whoever asks a second time is told of no work."""
    path = work_path(tmp_path, "translator.1")
    mark = WorkMark.create(path)
    mark.write(5)
    mark.write(2**40)
    assert take_mark(path) == (2**40, 1)
    assert not path.exists()
    assert take_mark(path).play == 0


def test_a_new_mark_names_no_work(tmp_path: Path) -> None:
    """Also where a file of that name was left behind."""
    path = work_path(tmp_path, "translator.1")
    path.write_bytes(b"\xff" * 8)
    WorkMark.create(path)
    assert take_mark(path).play == 0


def test_a_closed_mark_leaves_no_file(tmp_path: Path) -> None:
    """A stage that ends in order is suspected of nothing."""
    mark = WorkMark.create(work_path(tmp_path, "sink.2"))
    mark.write(3)
    mark.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01" * 9])
def test_a_file_of_another_size_names_no_work(tmp_path: Path, content: bytes) -> None:
    """A stage that died while it made the file had none."""
    path = work_path(tmp_path, "sink.2")
    path.write_bytes(content)
    assert take_mark(path).play == 0
