"""Pulling a model from a server that speaks the hub's HTTP interface, over a bad line."""

import fcntl
import hashlib
import socket
from collections import namedtuple
from pathlib import Path

import pytest
from fake_hub import FakeHub, etag

from voicectl.models import store
from voicectl.models.pull import Pulled, look_up, needed, pull
from voicectl.protocol.errors import BackendUnavailable

_Usage = namedtuple("_Usage", "total used free")
NLLB = "facebook/nllb-200-distilled-600M"
WEIGHTS = "pytorch_model.bin"
GGUF = "someone/Model-GGUF"
WANTED = ["config.json", "sentencepiece.bpe.model", "tokenizer.json", WEIGHTS]


def _pull() -> Pulled:
    return pull(look_up(NLLB), lambda *_: None, pause_s=0.0)


def _whole(hub: FakeHub) -> bool:
    """Say whether the cache has the model as it is on the hub."""
    snapshot = store.locate(NLLB)
    return all((snapshot / name).read_bytes() == hub.files[name] for name in WANTED)


def test_a_pulled_model_is_found_where_every_library_looks(hub: FakeHub, cache: Path) -> None:
    """In the hub's own layout: blobs by their hash, links to them in the snapshot, a reference to the commit."""
    done = _pull()
    assert done.folder == store.locate(NLLB) == cache / f"models--{NLLB.replace('/', '--')}" / "snapshots" / hub.commit
    assert _whole(hub)
    assert str((done.folder / WEIGHTS).readlink()) == f"../../blobs/{etag(hub.files[WEIGHTS])}"
    assert {path.name for path in done.folder.iterdir()} == set(WANTED) == set(hub.fetched)


def test_the_first_pull_records_the_hashes_and_says_so(hub: FakeHub, cache: Path) -> None:
    """The second one finds them, and fetches nothing."""
    first = _pull()
    assert first.is_first
    assert {file.name: file.sha256 for file in first.files}[WEIGHTS] == hashlib.sha256(hub.files[WEIGHTS]).hexdigest()
    hub.requests.clear()
    assert (_pull().is_first, hub.requests) == (False, [])
    record = store.record(NLLB)
    assert record is not None
    assert (record.commit, store.pulled(), store.verify(record, first.folder)) == (hub.commit, [NLLB], [])


def test_a_cut_connection_goes_on_where_it_stopped(hub: FakeHub, cache: Path) -> None:
    """Within one pull, by a range; no byte is fetched twice."""
    hub.files = {name: hub.files[name] for name in ("config.json", WEIGHTS)}
    hub.cuts = [10**6, 100_000, 50_000]  # the first is for config.json
    _pull()
    assert hub.requests[1:] == [
        (f"/{WEIGHTS}", None),
        (f"/{WEIGHTS}", "bytes=100000-"),
        (f"/{WEIGHTS}", "bytes=150000-"),
    ]
    assert (store.locate(NLLB) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_a_pull_that_was_given_up_goes_on_in_the_next(hub: FakeHub, cache: Path) -> None:
    """Until then there is no model, only a part; the error says how far it came."""
    hub.cuts = [10**6, 10**6, 10**6, 120_000, *[0] * 5]
    with pytest.raises(BackendUnavailable, match=r"120000 of 300000 bytes .*pull again: it goes on"):
        _pull()
    assert store.cached(NLLB) is None
    _pull()
    assert hub.requests[-1] == (f"/{WEIGHTS}", "bytes=120000-")
    assert _whole(hub)


def test_a_server_without_ranges_is_asked_from_the_first_byte(hub: FakeHub, cache: Path) -> None:
    """What had come before does not end up in the file twice."""
    hub.ranges = False
    hub.cuts = [10**6, 10**6, 10**6, 100_000]
    _pull()
    assert _whole(hub)


def test_a_byte_that_was_changed_on_the_way_is_fetched_again(hub: FakeHub, cache: Path) -> None:
    """Once; both kinds of hash are checked, so no file of the model can be wrong."""
    hub.flips = 1
    _pull()
    assert (hub.fetched.count("config.json"), _whole(hub)) == (2, True)


def test_what_stays_damaged_never_becomes_a_model(hub: FakeHub, cache: Path) -> None:
    """The error names the file, and nothing of it is kept to be gone on from."""
    hub.flips = 2
    with pytest.raises(BackendUnavailable, match=r"config\.json came damaged twice"):
        _pull()
    assert store.cached(NLLB) is None
    assert [path.stat().st_size for path in cache.rglob("*.incomplete")] == [0]
    _pull()
    assert _whole(hub)


def test_a_wrong_part_of_an_earlier_pull_does_no_harm(hub: FakeHub, cache: Path) -> None:
    """Neither one with other bytes nor one that is too long."""
    blobs = store.repository(NLLB) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{etag(hub.files[WEIGHTS])}.incomplete").write_bytes(b"x" * 1000)
    (blobs / f"{etag(hub.files['config.json'])}.incomplete").write_bytes(b"x" * 1000)
    _pull()
    assert _whole(hub)


def test_a_pull_repairs_what_was_damaged_since(hub: FakeHub, cache: Path) -> None:
    """Verifying finds it, and only that file is fetched."""
    blob = (_pull().folder / WEIGHTS).resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    record = store.record(NLLB)
    assert record is not None
    assert [WEIGHTS in problem for problem in store.verify(record, store.locate(NLLB))] == [True]
    hub.requests.clear()
    _pull()
    assert (hub.fetched, _whole(hub)) == ([WEIGHTS], True)


def test_a_new_revision_takes_over_when_it_is_whole(hub: FakeHub, cache: Path) -> None:
    """Files that are the same are not fetched again; the old revision is used until the new one is there."""
    old = _pull().folder
    hub.commit, hub.files[WEIGHTS] = "feed" * 10, b"new" * 5000
    hub.cuts = [0] * 5
    with pytest.raises(BackendUnavailable):
        _pull()
    assert store.locate(NLLB) == old
    hub.requests.clear()
    assert _pull().is_first
    assert (hub.fetched, _whole(hub)) == ([WEIGHTS], True)


def test_two_pulls_do_not_write_into_one_file(hub: FakeHub, cache: Path) -> None:
    """The second one says that the first is at work."""
    blobs = store.repository(NLLB) / "blobs"
    blobs.mkdir(parents=True)
    with (blobs / f"{etag(hub.files['config.json'])}.incomplete").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BackendUnavailable, match=r"another process is downloading config\.json"):
            _pull()
    _pull()


def test_files_that_do_not_fit_are_not_begun(hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how much is missing."""
    hub.files[WEIGHTS] = b"x" * 5000
    monkeypatch.setattr("shutil.disk_usage", lambda folder: _Usage(total=10_000, used=9_990, free=10))
    with pytest.raises(BackendUnavailable, match="make room"):
        _pull()
    assert hub.requests == []


def test_a_model_that_the_hub_does_not_have_is_named(hub: FakeHub, cache: Path) -> None:
    """The hub answers 401 for it, as for private ones."""
    with pytest.raises(BackendUnavailable, match="has no public someone/else"):
        look_up("someone/else")


@pytest.mark.parametrize("variable", ["HF_ENDPOINT", "HF_HUB_OFFLINE"])
def test_without_the_hub_one_line_says_so(
    hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A hub that nobody answers at, and the variable that forbids the network."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setenv(variable, address if variable == "HF_ENDPOINT" else "1")
        with pytest.raises(BackendUnavailable) as error:
            _pull()
    words = "cannot reach the hub" if variable == "HF_ENDPOINT" else "HF_HUB_OFFLINE is set"
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_an_address_that_is_no_hub_is_recognised(hub: FakeHub, cache: Path) -> None:
    """A list of files without a commit is not the hub's answer."""
    hub.commit = "../../etc"
    with pytest.raises(BackendUnavailable, match="does not answer like the hub"):
        look_up(NLLB)


def test_one_file_of_many_is_pulled_by_its_name(hub: FakeHub, cache: Path) -> None:
    """A language model in GGUF, say: nothing else is fetched; it is on record and found by the same name."""
    hub.hub_id, hub.files = GGUF, {"README.md": b"", "q4.gguf": b"4" * 9000, "more/q8.gguf": b"8" * 9000}
    done = pull(look_up(GGUF, "q4.gguf"), lambda *_: None)
    assert (hub.fetched, [file.name for file in done.files]) == (["q4.gguf"], ["q4.gguf"])
    assert store.locate_file(f"{GGUF}/q4.gguf").read_bytes() == hub.files["q4.gguf"]
    record = store.record(GGUF)
    assert record is not None
    assert store.verify(record, done.folder) == []


def test_a_second_file_leaves_the_first_where_it_is(hub: FakeHub, cache: Path) -> None:
    """Also one in a folder; after a new revision both are of that one, and what is the same is not fetched again."""
    hub.hub_id, hub.files = GGUF, {"q4.gguf": b"4" * 9000, "more/q8.gguf": b"8" * 9000}
    pull(look_up(GGUF, "q4.gguf"), lambda *_: None)
    hub.commit = "feed" * 10
    pull(look_up(GGUF, "more/q8.gguf"), lambda *_: None)
    assert hub.fetched == ["q4.gguf", "q8.gguf"]
    for name, content in hub.files.items():
        path = store.locate_file(f"{GGUF}/{name}")
        assert (path.read_bytes(), hub.commit in str(path)) == (content, True)


def test_a_file_that_the_model_does_not_have_names_its_neighbours(hub: FakeHub, cache: Path) -> None:
    """A wrong letter; and a model of files only, without the name of one, says how to name it."""
    hub.hub_id, hub.files = GGUF, {"README.md": b"", "model-q4.gguf": b"4" * 9000}
    with pytest.raises(BackendUnavailable, match=r"has no file model-q5\.gguf; it has model-q4\.gguf"):
        look_up(GGUF, "model-q5.gguf")
    with pytest.raises(BackendUnavailable, match=rf"1 GGUF files; name the one to pull, such as {GGUF}/model-q4\.gguf"):
        look_up(GGUF)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["config.json", "model.safetensors", "pytorch_model.bin"], ["config.json", "model.safetensors"]),
        (["config.json", "model.bin", "shared_vocabulary.txt"], ["config.json", "shared_vocabulary.txt", "model.bin"]),
        (
            ["config.json", "model-1.safetensors", "model.safetensors.index.json", "source.spm"],
            ["config.json", "source.spm", "model-1.safetensors", "model.safetensors.index.json"],
        ),
        (["config.json", "tf_model.h5", "training_args.bin"], []),
        (["model.safetensors"], []),
        (["config.json", "../model.bin", "sub/model.bin"], []),
    ],
)
def test_only_what_is_needed_is_pulled(names: list[str], expected: list[str]) -> None:
    """One form of the weights, and nothing outside the model's own folder."""
    assert needed(names) == expected
