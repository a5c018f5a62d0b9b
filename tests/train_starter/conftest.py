"""The training is a program beside the package: its folder comes into the path here."""

import lzma
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

PAIRS = [
    ("The tests passed.", "テストは合格しました。"),
    ("The tests failed.", "テストは失敗しました。"),
    ("I am reading the file.", "ファイルを読んでいます。"),
    ("I fixed the bug in `auth.py`.", "`auth.py` のバグを修正しました。"),
    ("The server is running.", "サーバは動いています。"),
    ("All changes are saved.", "すべての変更が保存されました。"),
    ("There are three problems.", "問題が三つあります。"),
    ("Run `make test` before `git push`.", "`git push` の前に `make test` を実行してください。"),
]


def write_lines(path: Path, pairs: list[tuple[str, str]]) -> None:
    """Write pairs as the corpus has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{english}\t{japanese}\n" for english, japanese in pairs)
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a tiny corpus: a documentation, sentences in the register, a dev set."""
    folder = tmp_path / "corpus"
    write_lines(folder / "train" / "python_docs.tsv.xz", PAIRS)
    write_lines(folder / "train" / "register_a.tsv.xz", [("Let me look.", "見てみます。"), ("Done.", "終わりました。")])
    write_lines(folder / "dev" / "held_out_en-ja.tsv", [("The build passed.", "ビルドは合格しました。")])
    return folder
