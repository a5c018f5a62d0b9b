"""Giving back the pages of mapped files: the process shrinks, and reads the same as before."""

import mmap
from pathlib import Path

import psutil
import pytest

from voicectl.actors.synthesizer.mapped_files import MappedFiles
from voicectl.actors.synthesizer.openjtalk import OpenJTalkBackend

MB = 1 << 20
CONTENT = b"".join(number.to_bytes(8, "little") for number in range(4 * MB))
"""32 MB of which no two parts are the same."""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/map_files").is_dir(), reason="the system does not tell what is mapped"
)


def resident():
    """Return the bytes that this process holds."""
    return psutil.Process().memory_info().rss


@pytest.fixture
def path(tmp_path):
    """Return a large file with a space in its name."""
    path = tmp_path / "a b.dic"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def mapped(path):
    """Return a file in memory, every page of it read."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        assert memory[:] == CONTENT
        yield memory


def test_a_file_that_was_read_is_given_back_and_can_be_read_again(path, mapped):
    """Its 32 MB leave the process, and nothing of it has changed."""
    files = MappedFiles(path.name)
    before = resident()
    files.give_back()
    assert before - resident() > 24 * MB
    assert files.files == [str(path)]
    assert mapped[:] == CONTENT


def test_only_large_files_with_the_suffix_are_given_back(path, mapped):
    """Neither others nor small ones."""
    assert MappedFiles(".other").files == []
    assert MappedFiles(path.name, at_least=len(mapped) + 1).files == []


def test_a_mapping_that_can_be_written_is_left_alone(path):
    """What was written there would be lost."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as memory:
        memory[:5] = b"mine!"
        files = MappedFiles(path.name)
        files.give_back()
        assert files.files == []
        assert memory[:5] == b"mine!"


def test_what_lies_where_a_closed_file_lay_is_left_alone(path):
    """A library may drop its file; that memory then belongs to somebody else."""
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        files = MappedFiles(path.name)
        memory.close()
    with mmap.mmap(-1, len(CONTENT)) as other:  # takes the same place, as a rule
        other[:] = CONTENT
        files.give_back()
        assert other[:] == CONTENT


def test_the_dictionaries_of_the_japanese_voice_are_given_back_with_every_sentence(settings):
    """Both of them: a sentence is read in them, and then the voice holds no more than before."""
    backend = OpenJTalkBackend(settings(), "ja")
    assert list(backend.synthesize("設定を確認しました。"))
    held = {Path(each.path).name: each.rss for each in psutil.Process().memory_maps() if each.path.endswith(".dic")}
    assert held["sys.dic"] == held["system.dic"] == 0
