"""Converts NLLB for the CPU: CTranslate2's form with int8 weights, once, into a folder beside the model's own files.

That form takes a quarter of the disk and of the memory, loads without torch and is the fastest on a CPU. The work is
done by a process of its own, ``python -m voicectl.models.convert FOLDER``: torch and the weights are gone with it.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from voicectl.models import store
from voicectl.models.store import Conversion, ModelFile
from voicectl.protocol.errors import BackendUnavailable

FOLDER = "ctranslate2-int8"
"""The folder of the converted form, in the folder of the model."""
EXTRA = "pip install 'voicectl[nllb]'"
LANGUAGE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
"""A language's token: its FLORES-200 code."""
_TOKENIZER = "sentencepiece.bpe.model"
_FAMILY = "m2m_100"
"""What NLLB's configuration calls its architecture."""
_SPECIAL = 4
"""The pieces at the beginning of a vocabulary: <s>, <pad>, </s>, <unk>."""
_QUIET = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_SHRINKS = 2
"""How much smaller the converted form is at least: float16 weights are halved, float32 ones are a quarter."""
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


def converted(folder: Path) -> Path | None:
    """Return the converted form of the model in ``folder``, or None if there is none of the weights that are there."""
    done = folder / FOLDER
    record = _record(done)
    if record is None or record.source != _fingerprint(folder):
        return None
    is_whole = all(
        path.is_file() and path.stat().st_size == file.bytes for file in record.files for path in (done / file.name,)
    )
    return done if is_whole else None


def is_convertible(folder: Path) -> bool:
    """Say whether the model in ``folder`` is an NLLB with its weights and its sentencepiece model."""
    try:
        family = json.loads((folder / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError, AttributeError):
        return False
    return family == _FAMILY and store.form(folder) == "transformers" and (folder / _TOKENIZER).is_file()


def verify(folder: Path) -> list[str]:
    """Return what is wrong with the converted form beside a model, a line a file; empty if there is none."""
    record = _record(folder / FOLDER)
    return store.verify(record, folder / FOLDER) if record else []


def convert(folder: Path, timeout_s: float | None = None) -> Path:
    """Return the converted form of the model in ``folder``; it is made now where there is none.

    It appears under its name when it is whole and was loaded once. Another process that is at it is waited for.

    Raises:
        BackendUnavailable: torch or transformers is missing, there is no room, it took longer than ``timeout_s``
            seconds, or the libraries failed.
    """
    if done := converted(folder):
        return done
    if not all(find_spec(package) for package in ("torch", "transformers")):
        raise BackendUnavailable(f"converting {folder} needs torch and transformers: {EXTRA}")
    _require_room(folder)
    command = [sys.executable, "-P", "-m", __name__, str(folder)]
    try:
        child = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=timeout_s,
            env={**os.environ, **_QUIET},
        )
    except subprocess.TimeoutExpired as exc:
        raise BackendUnavailable(f"converting {folder} takes longer than {timeout_s:.0f} s") from exc
    done = converted(folder)
    if child.returncode or done is None:
        lines = child.stderr.decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"status {child.returncode}"
        raise BackendUnavailable(f"cannot convert {folder}: {why}")
    return done


def make(folder: Path) -> None:
    """Convert the model in ``folder`` in this process, unless that was done while it waited for another one.

    Raises:
        OSError: a file cannot be read or written.
        RuntimeError, ValueError: the libraries cannot read the model or load what came out.
    """
    with (folder / f".{FOLDER}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if converted(folder):
            return
        source, new = _fingerprint(folder), folder / f".{FOLDER}.new"
        _write(folder, new)
        files = tuple(
            ModelFile(name=path.name, bytes=path.stat().st_size, sha256=_sha256(path)) for path in sorted(new.iterdir())
        )
        (new / store.RECORD).write_bytes(msgspec.json.encode(Conversion(source=source, files=files)))
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        new.replace(folder / FOLDER)


def _write(folder: Path, new: Path) -> None:
    """Write the converted form into ``new``, whatever is left there, and load it once.

    The weights are read as float16: half the memory, and far finer than int8. The languages' tokens come first in the
    vocabulary: the shortlists of ``actors/translator/shortlist.py`` need that.
    """
    import ctranslate2
    import torch
    from ctranslate2.converters import TransformersConverter
    from transformers import AutoTokenizer

    order = languages_first(AutoTokenizer.from_pretrained(str(folder), local_files_only=True).get_vocab())

    class Converter(TransformersConverter):  # type: ignore[misc]
        """Gives the rows of the embedding and the pieces of the tokenizer their new order."""

        def load_model(self, model_class: Any, name: str, **options: Any) -> Any:
            model = super().load_model(model_class, name, **options)
            rows = model.get_input_embeddings().weight.data
            rows[: len(order)] = rows[torch.tensor(order)]
            return model

        def load_tokenizer(self, tokenizer_class: Any, name: str, **options: Any) -> Any:
            tokenizer = super().load_tokenizer(tokenizer_class, name, **options)
            pieces = tokenizer.convert_ids_to_tokens(order)
            tokenizer.get_vocab = lambda: {piece: number for number, piece in enumerate(pieces)}
            return tokenizer

    converter = Converter(str(folder), copy_files=[_TOKENIZER], load_as_float16=True, low_cpu_mem_usage=True)
    converter.convert(str(new), quantization="int8", force=True)
    ctranslate2.Translator(str(new), device="cpu", compute_type="int8").unload_model()


def languages_first(vocabulary: Mapping[str, int]) -> list[int]:
    """Return the numbers of a vocabulary in their new order: special pieces, languages, all others."""
    pieces = sorted(vocabulary, key=lambda piece: vocabulary[piece])
    head, tail = pieces[:_SPECIAL], pieces[_SPECIAL:]
    is_last = [not LANGUAGE.fullmatch(piece) for piece in tail]
    ordered = [piece for _, piece in sorted(zip(is_last, tail, strict=True), key=lambda pair: pair[0])]
    return [vocabulary[piece] for piece in [*head, *ordered]]


def _record(done: Path) -> Conversion | None:
    try:
        return msgspec.json.decode((done / store.RECORD).read_bytes(), type=Conversion)
    except (OSError, msgspec.DecodeError):
        return None


def _fingerprint(folder: Path) -> str:
    """Return what changes with the weights in ``folder``: their names, sizes and times."""
    weights = sorted({path for pattern in _WEIGHTS for path in folder.glob(pattern)})
    told = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in weights if path.is_file()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _require_room(folder: Path) -> None:
    """Check that the disk has room for the converted form."""
    weights = sum(path.stat().st_size for pattern in _WEIGHTS for path in folder.glob(pattern) if path.is_file())
    free, needed = shutil.disk_usage(folder).free, weights / _SHRINKS
    if free < needed:
        raise BackendUnavailable(
            f"{folder} has {free / 1e9:.1f} GB free and its converted form needs up to {needed / 1e9:.1f} GB"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
