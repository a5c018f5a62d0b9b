"""The trained model as it ships: CTranslate2 int8, its tokenizer, its card, and its line in the manifest."""

import hashlib
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from train_starter.tokens import SPM
from train_starter.train import NLLB

SHIPPED = ("CARD.md", "config.json", "model.bin", SPM, "shared_vocabulary.json")
"""What git holds of a model, and nothing else."""
_BLOCK = re.compile(r'(\[\[model\]\]\nid = "starter-en-ja"\n.*?)(?=\n\[\[model\]\]|\Z)', re.DOTALL)


def convert(work: Path, into: Path) -> None:
    """Write the model of ``work/nllb`` into ``into`` as CTranslate2 int8; what was there is replaced at the end."""
    from ctranslate2.converters import TransformersConverter

    new = work / "ctranslate2"
    converter = TransformersConverter(str(work / NLLB), copy_files=[SPM])
    converter.convert(str(new), quantization="int8", force=True)
    into.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED[1:]:
        shutil.copyfile(new / name, into / name)


def record(folder: Path, manifest: Path) -> None:
    """Write the date, sizes and hashes of a shipped model into the manifest; the rest of it stays as it is."""
    text = manifest.read_text(encoding="utf-8")
    block = _BLOCK.search(text)
    assert block is not None, f"{manifest} has no starter"
    head = block.group(1).partition("[[model.files]]")[0].rstrip()
    sizes = {name: (folder / name).stat().st_size for name in SHIPPED}
    head = re.sub(r"^bytes = .*$", f"bytes = {sum(sizes.values())}", head, flags=re.MULTILINE)
    head = re.sub(r"^revision = .*$", f'revision = "{datetime.now(UTC):%Y-%m-%d}"', head, flags=re.MULTILINE)
    files = "".join(
        f'\n[[model.files]]\nname = "{name}"\nbytes = {size}\nsha256 = "{_sha256(folder / name)}"\n'
        for name, size in sizes.items()
    )
    manifest.write_text(text.replace(block.group(1), f"{head}\n{files}"), encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
