"""Brings a model from the hub into the Hugging Face cache, where every library that uses that cache finds it.

The cache's layout is the hub's own: ``blobs/ETAG`` are the contents, ``snapshots/COMMIT/NAME`` links to them, and
``refs/REVISION``, written last, names the commit. Beside them ``voicectl.json`` keeps the SHA-256 of every file.
"""

import re
import shutil
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import msgspec

from voicectl.models import hub, store
from voicectl.models.download import Report, download
from voicectl.models.hub import RemoteFile
from voicectl.models.store import ModelFile, Record
from voicectl.protocol.errors import BackendUnavailable

_WEIGHTS = tuple(
    map(
        re.compile,
        (
            r"model[\w.-]*\.safetensors(\.index\.json)?",
            r"pytorch_model[\w.-]*\.bin(\.index\.json)?",
            r"model\.bin",
        ),
    )
)
"""The forms of weights that voicectl can load, the best first."""
_BESIDE_WEIGHTS = (".json", ".txt", ".model", ".spm", ".vocab")
_SINGLE = ".gguf"
"""Models that are one file each; the hub keeps several in one place, in different sizes."""
_OTHER_LIBRARIES = ("tf_", "flax_", "rust_", "onnx", "openvino", "training", "README", "pytorch_model", "model.safe")


class Pulled(NamedTuple):
    """What a pull brought: the model's folder, its files, and whether their SHA-256 was recorded for the first time."""

    folder: Path
    files: tuple[ModelFile, ...]
    is_first: bool


class Offer(NamedTuple):
    """What a pull would bring: the commit, the licence that the hub names, the files."""

    hub_id: str
    revision: str
    commit: str
    licence: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)


def look_up(hub_id: str, file: str = "") -> Offer:
    """Ask the hub what belongs to a model, or for one file of it; downloads nothing.

    With one file come those that were pulled before, so that all of them are of one revision.

    Raises:
        BackendUnavailable: the hub cannot be reached, has no such model or file, or none that voicectl could load.
    """
    known = store.manifest().get(hub_id)
    revision = known.revision if known else "main"
    there = hub.listing(hub_id, revision)
    names = _with_earlier(hub_id, file, there.names) if file else needed(there.names)
    if not names:
        raise BackendUnavailable(_useless(hub_id, there.names))
    files = tuple(hub.describe(hub_id, there.commit, name) for name in names)
    return Offer(hub_id, revision, there.commit, known.licence if known else there.licence, files)


def needed(names: Sequence[str]) -> list[str]:
    """Return which files of a model are needed: one form of its weights, and what stands beside them.

    Empty if there are no weights, or no ``config.json``. Files in folders belong to other libraries.
    """
    names = [name for name in names if "/" not in name and "\\" not in name and not name.startswith(".")]
    weights = next(filter(None, ([name for name in names if form.fullmatch(name)] for form in _WEIGHTS)), [])
    if not weights or "config.json" not in names:
        return []
    beside = [name for name in names if name.endswith(_BESIDE_WEIGHTS) and not name.startswith(_OTHER_LIBRARIES)]
    return [*beside, *(name for name in weights if name not in beside)]


def _with_earlier(hub_id: str, file: str, names: Sequence[str]) -> list[str]:
    """Return a file that the hub has, and those pulled before that it still has."""
    if file not in names:
        near = get_close_matches(file, names, n=3) or [name for name in names if name.endswith(_SINGLE)][:3]
        advice = f"; it has {', '.join(near)}" if near else ""
        raise BackendUnavailable(f"{hub_id} has no file {file}{advice}")
    record = store.record(hub_id)
    earlier = [each.name for each in record.files if each.name in names and each.name != file] if record else []
    return [*earlier, file]


def _useless(hub_id: str, names: Sequence[str]) -> str:
    """Return what to say of a model that cannot be loaded as a whole."""
    single = [name for name in names if name.endswith(_SINGLE)]
    if single:
        return f"{hub_id} has {len(single)} GGUF files; name the one to pull, such as {hub_id}/{single[0]}"
    return (
        f"{hub_id} has no weights that voicectl can load; it takes model.safetensors, pytorch_model.bin or "
        "CTranslate2's model.bin, beside a config.json"
    )


def pull(offer: Offer, report: Report, pause_s: float = 1.0) -> Pulled:
    """Download the files of an offer that are not here yet, check all of them, and make the model known.

    Args:
        offer: what ``look_up`` returned.
        report: told how far each file is.
        pause_s: seconds to wait after a connection was cut.

    Raises:
        BackendUnavailable: a file cannot be had; what has come is kept, and the next pull goes on from there.
    """
    folder = store.repository(offer.hub_id)
    snapshot = folder / "snapshots" / offer.commit
    try:
        (folder / "blobs").mkdir(parents=True, exist_ok=True)
        snapshot.mkdir(parents=True, exist_ok=True)
        _require_room(offer, folder / "blobs")
        files = []
        for file in offer.files:
            sha256 = download(file, folder / "blobs" / file.etag, report, pause_s)
            report(file.name, file.bytes, file.bytes)
            _link(snapshot / file.name, Path("../" * file.name.count("/"), "../../blobs", file.etag))
            files.append(ModelFile(name=file.name, bytes=file.bytes, sha256=sha256))
    except OSError as exc:
        raise BackendUnavailable(
            f"cannot write to {folder} ({exc.strerror}); set HF_HOME to a folder of yours"
        ) from exc
    known = store.manifest().get(offer.hub_id)
    if known and (problems := store.verify(known, snapshot)):
        raise BackendUnavailable(f"{problems[0]}; the hub sends something else than before, so it is not used")
    record = Record(commit=offer.commit, licence=offer.licence, files=tuple(files))
    is_first = store.record(offer.hub_id) != record
    _write(folder / store.RECORD, msgspec.json.format(msgspec.json.encode(record)))
    _write(folder / "refs" / offer.revision, offer.commit.encode())
    return Pulled(snapshot, record.files, is_first)


def _require_room(offer: Offer, blobs: Path) -> None:
    """Check that the disk has room for what is still to come."""
    missing = 0
    for file in offer.files:
        if not (blobs / file.etag).exists():
            part = blobs / f"{file.etag}.incomplete"
            missing += file.bytes - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(blobs).free
    if missing > free:
        raise BackendUnavailable(
            f"{offer.hub_id} needs {missing / 1e9:.1f} GB more and {blobs} has {free / 1e9:.1f} GB; make room, or set "
            "HF_HOME to a folder on another disk"
        )


def _link(path: Path, target: Path) -> None:
    """Make ``path`` a link to ``target``, whatever it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)


def _write(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
