"""Where models are: the manifest of known ones, the starter in the package, the Hugging Face cache."""

import hashlib
import json
import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from voicectl.protocol.errors import BackendUnavailable

STARTER_ID = "starter-en-ja"
STARTER = Path(__file__).resolve().parent / STARTER_ID
"""The folder of the translator that ships with voicectl."""

RECORD = "voicectl.json"
"""The file in a model's folder of the hub's cache where a pull records what it brought."""

Form = Literal["ctranslate2", "transformers"]
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


class ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a model: its name in the model's folder, its size in bytes, its SHA-256 in hex."""

    name: str
    bytes: int
    sha256: str


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A known model.

    ``origin`` says where it comes from: with voicectl, from the Hugging Face hub, with the Python
    package named in ``package``. ``languages`` are BCP 47 tags, ``*`` stands for many. ``bytes`` is the
    size of all files. ``files`` is empty where nobody has computed their checksums.
    """

    id: str
    kind: Literal["translator", "voice"]
    origin: Literal["bundled", "hub", "package"]
    revision: str
    licence: str
    languages: tuple[str, ...]
    bytes: int
    note: str = ""
    package: str = ""
    files: tuple[ModelFile, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull brought: the commit on the hub, the licence named there, each file with its SHA-256."""

    commit: str
    licence: str
    files: tuple[ModelFile, ...]


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """What is on record of a converted model: a hash of which weights it was made from, and its files."""

    source: str
    files: tuple[ModelFile, ...]


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[Model, ...]


@cache
def manifest() -> dict[str, Model]:
    """Return every known model by its id."""
    text = resources.files("voicectl.models").joinpath("manifest.toml").read_bytes()
    return {model.id: model for model in msgspec.toml.decode(text, type=_Manifest).model}


def locate(model: str) -> Path:
    """Return the folder of a model: the starter ('' or its id), a folder, or a hub id in the Hugging Face cache.

    Raises:
        BackendUnavailable: it is not on this machine; the text says how to get it.
    """
    if model in ("", STARTER_ID):
        return STARTER
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if not is_hub_id(model):
        raise BackendUnavailable(f"there is no model folder {model}; set translator.model to a folder or a hub id")
    snapshot = cached(model)
    if snapshot is None:
        known = manifest().get(model)
        licence = f" ({known.licence}: {known.note})" if known else ""
        raise BackendUnavailable(f"{model} is not on this machine; get it with: voicectl models pull {model}{licence}")
    return snapshot


def locate_file(model: str) -> Path:
    """Return one file: a path, or ``OWNER/NAME/FILE`` of a hub model in the Hugging Face cache.

    Raises:
        BackendUnavailable: it is not on this machine; the text says how to get it.
    """
    path = Path(model).expanduser()
    if path.is_file():
        return path
    if not is_hub_file(model):
        raise BackendUnavailable(f"there is no file {model}; name one, or one of the hub as OWNER/NAME/FILE")
    hub_id, name = split_hub_file(model)
    folder = snapshot(hub_id)
    if folder is None or not (folder / name).is_file():
        raise BackendUnavailable(f"{model} is not on this machine; get it with: voicectl models pull {model}")
    return folder / name


def cached(hub_id: str) -> Path | None:
    """Return the snapshot of a hub model in the Hugging Face cache, or None if it is not there with all its weights."""
    folder = snapshot(hub_id)
    return folder if folder and form(folder) else None


def snapshot(hub_id: str) -> Path | None:
    """Return the folder of a hub model's revision in the Hugging Face cache, or None if nothing of it was downloaded.

    The layout is the hub's own: ``models--OWNER--NAME/refs/main`` names the folder under ``snapshots``.
    """
    folder = repository(hub_id)
    reference = folder / "refs" / manifest()[hub_id].revision if hub_id in manifest() else folder / "refs" / "main"
    if not reference.is_file():
        return None
    return folder / "snapshots" / reference.read_text(encoding="ascii").strip()


def repository(hub_id: str) -> Path:
    """Return the folder of a hub model in the Hugging Face cache, whether it is there or not."""
    return _hub_cache() / ("models--" + hub_id.replace("/", "--"))


def record(hub_id: str) -> Record | None:
    """Return what was recorded when a hub model was pulled, None if ``voicectl models pull`` has not brought it."""
    try:
        return msgspec.json.decode((repository(hub_id) / RECORD).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


def pulled() -> list[str]:
    """Return the ids of the hub models that ``voicectl models pull`` has brought."""
    found = sorted(path.parent.name for path in _hub_cache().glob(f"models--*--*/{RECORD}"))
    return [name.removeprefix("models--").replace("--", "/", 1) for name in found]


def form(folder: Path) -> Form | None:
    """Return which library can load the model in ``folder``, or None if there is no whole model."""
    if not (folder / "config.json").is_file():
        return None
    if (folder / "model.bin").is_file():
        return "ctranslate2"
    if any((folder / name).is_file() for name in _WEIGHTS):
        return "transformers"
    return "transformers" if any(_has_shards(folder / name) for name in _INDEXES) else None


def verify(model: Model | Record | Conversion, folder: Path) -> list[str]:
    """Return what is wrong with the files of ``model`` in ``folder``, a line a file; empty if all is well."""
    problems = []
    for file in model.files:
        path = folder / file.name
        if not path.is_file():
            problems.append(f"{path} is missing")
        elif (size := path.stat().st_size) != file.bytes:
            problems.append(f"{path} has {size} bytes instead of {file.bytes}")
        elif _sha256(path) != file.sha256:
            problems.append(f"{path} is damaged: its SHA-256 is not the one on record")
    return problems


def is_hub_id(model: str) -> bool:
    """Say whether ``model`` has the shape of a hub id: ``OWNER/NAME``."""
    owner, _, name = model.partition("/")
    return bool(owner and name) and "/" not in name and not model.startswith((".", "~"))


def is_hub_file(model: str) -> bool:
    """Say whether ``model`` names a file of a hub model: ``OWNER/NAME/FILE``, the file perhaps in folders."""
    parts = model.split("/")
    is_plain = all(part and part not in (".", "..") and "\\" not in part for part in parts)
    return len(parts) > 2 and is_plain and not model.startswith("~")


def split_hub_file(model: str) -> tuple[str, str]:
    """Return the hub id and the name of the file of ``OWNER/NAME/FILE``."""
    owner, name, file = model.split("/", 2)
    return f"{owner}/{name}", file


def _hub_cache() -> Path:
    """Return the folder of the hub's cache; the variables are those of huggingface_hub."""
    if folder := os.environ.get("HF_HUB_CACHE"):
        return Path(folder).expanduser()
    if folder := os.environ.get("HF_HOME"):
        return Path(folder).expanduser() / "hub"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface" / "hub"


def _has_shards(index: Path) -> bool:
    if not index.is_file():
        return False
    names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    return all((index.parent / name).is_file() for name in names)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
