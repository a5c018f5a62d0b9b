"""The training is a program beside the package: its folder comes into the path here."""

import sys
from pathlib import Path

import pytest
from tiny_corpus import PAIRS, write_lines

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a tiny corpus: a documentation, sentences in the register, a dev set."""
    folder = tmp_path / "corpus"
    write_lines(folder / "train" / "python_docs.tsv.xz", PAIRS)
    write_lines(folder / "train" / "register_a.tsv.xz", [("Let me look.", "見てみます。"), ("Done.", "終わりました。")])
    write_lines(folder / "dev" / "held_out_en-ja.tsv", [("The build passed.", "ビルドは合格しました。")])
    return folder
