"""A corpus of a few sentences; a helper of the tests."""

import lzma
from pathlib import Path

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
