"""Spools: what a feed read and the journal does not have yet."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from voicectl.actors.parser.spool import HEADER_BYTES, SHRINK_BYTES, OrphanSpool, Spool, SpoolHeader

HEADER = SpoolHeader(feed="feed-1", session="s", format="markdown")

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from voicectl.actors.parser.spool import Spool, SpoolHeader

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit, *pieces = map(int, sys.argv[2:])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
spool = Spool(Path(sys.argv[1]), SpoolHeader(feed="feed-1"))
whole = b""
for size in pieces:
    if size == pieces[-1]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    piece = bytes(i % 251 for i in range(len(whole), len(whole) + size))
    whole += piece
    spool.append(piece)
read = b""
while piece := spool.read(len(read), 777):
    read += piece
assert read == whole, (len(read), len(whole))
spool.acknowledged(spool.end - 10)
assert spool.read(spool.end - 10, 100) == whole[-10:]
spool.close(keep=True)
"""
"""A feed whose spool may have only so many bytes until its last piece; its text is the bytes 0, 1, 2 … 250, 0 …"""


def full_disk(folder: Path, limit: int, *pieces: int) -> str:
    """Append pieces of these sizes where a file may have ``limit`` bytes; return what was logged."""
    command = [sys.executable, "-c", FULL_DISK, str(folder), str(limit), *map(str, pieces)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def take(path: Path) -> OrphanSpool:
    """Adopt a spool that must be an orphan."""
    orphan = OrphanSpool.take(path)
    assert orphan
    return orphan


def test_what_is_appended_can_be_read_from_any_offset(tmp_path: Path) -> None:
    """Offsets are those of the feed's whole input."""
    spool = Spool(tmp_path, HEADER)
    spool.append(b"Hello ")
    spool.append("世界".encode())
    assert spool.end == 12
    assert (spool.read(0, 100), spool.read(6, 3), spool.read(12, 5)) == ("Hello 世界".encode(), "世".encode(), b"")
    spool.close(keep=False)


def test_a_spool_whose_feed_lives_is_not_taken(tmp_path: Path) -> None:
    """Its feed sends the text itself."""
    spool = Spool(tmp_path, HEADER)
    spool.append(b"text")
    assert OrphanSpool.take(spool.path) is None
    spool.close(keep=True)
    with take(spool.path) as orphan:
        assert orphan.header == HEADER
        assert orphan.read(0, 100) == b"text"


def test_a_spool_is_never_seen_without_lock_and_header(tmp_path: Path) -> None:
    """A parser that looks in between finds no file of that name."""
    spool = Spool(tmp_path, HEADER)
    assert [path.name for path in tmp_path.iterdir()] == ["feed-1.spool"]
    spool.close(keep=False)
    assert list(tmp_path.iterdir()) == []


def test_an_orphan_is_taken_by_one(tmp_path: Path) -> None:
    """Two parsers of two pipelines do not speak it twice."""
    spool = Spool(tmp_path, HEADER)
    spool.close(keep=True)
    with take(spool.path):
        assert OrphanSpool.take(spool.path) is None
    with take(spool.path) as orphan:
        orphan.remove()
    assert list(tmp_path.iterdir()) == []


def test_an_orphan_is_read_from_where_the_journal_is(tmp_path: Path) -> None:
    """Its feed died in the middle of what was acknowledged."""
    spool = Spool(tmp_path, HEADER)
    spool.append(b"0123456789")
    spool.close(keep=True)
    with take(spool.path) as orphan:
        assert orphan.read(4, 3) == b"456"
        assert orphan.read(10, 3) == b""


def test_a_feed_that_removes_its_spool_as_it_is_taken_is_no_error(tmp_path: Path) -> None:
    """It ends between the parser's look at the folder and its lock."""
    spool = Spool(tmp_path, HEADER)
    path = tmp_path / "seen.spool"
    path.hardlink_to(spool.path)
    spool.close(keep=False)
    with take(path) as orphan:
        assert orphan.written_at > 0
    assert OrphanSpool.take(spool.path) is None


def test_acknowledged_bytes_free_the_disk(tmp_path: Path) -> None:
    """A feed that runs for days keeps its spool small; what follows lies at the right offsets."""
    spool = Spool(tmp_path, HEADER)
    spool.append(b"x" * (SHRINK_BYTES + 1))
    spool.acknowledged(spool.end)
    assert spool.path.stat().st_size == HEADER_BYTES
    base = spool.end
    spool.append(b"after")
    assert spool.read(base, 10) == b"after"
    spool.close(keep=True)
    with take(spool.path) as orphan:
        assert orphan.header.base == base
        assert (orphan.read(base, 10), orphan.read(base + 2, 10)) == (b"after", b"ter")


@pytest.mark.parametrize(("size", "acknowledged"), [(SHRINK_BYTES + 1, SHRINK_BYTES), (1000, 1000)])
def test_a_spool_is_kept_while_some_of_it_may_be_needed(tmp_path: Path, size: int, acknowledged: int) -> None:
    """Or while there is little to gain."""
    spool = Spool(tmp_path, HEADER)
    spool.append(b"x" * size)
    spool.acknowledged(acknowledged)
    assert spool.read(0, 10) == b"x" * 10
    spool.close(keep=False)


def test_a_death_while_a_spool_shrinks_leaves_no_byte_under_a_wrong_offset(tmp_path: Path) -> None:
    """The bytes are gone and the header still says 0: the journal has everything, nothing is read."""
    spool = Spool(tmp_path, HEADER)
    spool.append(b"x" * 5000)
    spool.close(keep=True)
    with spool.path.open("r+b") as file:
        file.truncate(HEADER_BYTES)
    with take(spool.path) as orphan:
        assert orphan.read(5000, 100) == b""


@pytest.mark.parametrize("content", [b"", b"no header", b'{"feed": "a"'.ljust(HEADER_BYTES), b"[]".ljust(HEADER_BYTES)])
def test_a_spool_without_a_header_is_removed(tmp_path: Path, content: bytes) -> None:
    """Nobody can tell whose it is; it must not be tried again every second."""
    path = tmp_path / "strange.spool"
    path.write_bytes(content)
    with capture_logs() as logs:
        assert OrphanSpool.take(path) is None
    assert not path.exists()
    assert [entry["event"] for entry in logs] == ["a spool without a header was removed"]


def test_a_session_name_that_fits_no_header_keeps_the_text_in_memory(tmp_path: Path) -> None:
    """The feed goes on; what it cannot do is said."""
    told: list[str] = []
    spool = Spool(tmp_path, SpoolHeader(feed="feed-1", session="s" * 600), told.append)
    spool.append(b"text")
    assert spool.read(0, 10) == b"text"
    spool.close(keep=True)
    assert len(told) == 1
    assert "session names have at most 200 characters" in told[0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_keeps_the_text_in_memory(tmp_path: Path) -> None:
    """As on a disk that is full from the beginning."""
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file" / "spool", HEADER)
    spool.append(b"one ")
    spool.append(b"two")
    assert (spool.read(0, 10), spool.read(4, 10)) == (b"one two", b"two")
    spool.acknowledged(4)
    assert spool.read(4, 10) == b"two"
    spool.close(keep=True)


@pytest.mark.parametrize("limit", [0, 100, HEADER_BYTES, HEADER_BYTES + 1, HEADER_BYTES + 3000])
def test_a_full_disk_keeps_the_rest_in_memory(tmp_path: Path, limit: int) -> None:
    """The feed reads on, every byte is still there, and it is said once."""
    log = full_disk(tmp_path, limit, 1000, 1500, 4000, 10)
    assert log.count("cannot be written (File too large); the text is kept in memory") == 1


def test_the_spool_of_a_feed_that_died_on_a_full_disk_has_no_gap(tmp_path: Path) -> None:
    """What was appended after the first failure must not follow a part of what failed."""
    full_disk(tmp_path, HEADER_BYTES + 1700, 1000, 1500, 500, 100)
    with take(tmp_path / "feed-1.spool") as orphan:
        text = orphan.read(0, 10_000)
    assert text == bytes(i % 251 for i in range(len(text)))
    assert len(text) >= 1000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.tuples(st.binary(max_size=300), st.booleans()), max_size=12),
    start=st.floats(0, 1),
    shrink=st.sampled_from([0, 200, SHRINK_BYTES]),
)
def test_nothing_unacknowledged_is_lost(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pieces: list[tuple[bytes, bool]],
    start: float,
    shrink: int,
) -> None:
    """Whatever is appended and acknowledged in between, the feed and its heir read the same."""
    monkeypatch.setattr("voicectl.actors.parser.spool.SHRINK_BYTES", shrink)
    spool = Spool(tmp_path, HEADER)
    whole, acknowledged = b"", 0
    for data, all_acknowledged in pieces:
        spool.append(data)
        whole += data
        if all_acknowledged:
            acknowledged = len(whole)
            spool.acknowledged(acknowledged)
    offset = acknowledged + int(start * (len(whole) - acknowledged))
    assert spool.read(offset, 10_000) == whole[offset:]
    spool.close(keep=True)
    with take(spool.path) as orphan:
        assert orphan.read(offset, 10_000) == whole[offset:]
