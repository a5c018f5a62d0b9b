"""A hub of the test's own, and an empty cache for it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import FakeHub, serve

NLLB = "facebook/nllb-200-distilled-600M"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty Hugging Face cache that is used instead of the user's."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Return a running hub that has a small model under NLLB's name, beside files that nobody here needs."""
    content = random.Random(1).randbytes
    files = {
        ".gitattributes": b"*.bin filter=lfs",
        "README.md": b"---\nlicense: cc-by-nc-4.0\n---",
        "config.json": b'{"model_type": "marian"}',
        "flax_model.msgpack": content(5000),
        "onnx/model.onnx": content(5000),
        "pytorch_model.bin": content(300_000),
        "sentencepiece.bpe.model": content(5000),
        "tokenizer.json": b"{}",
    }
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve(FakeHub(NLLB, files)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.origin)
        yield running
