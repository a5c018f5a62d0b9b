"""The project's own sentences: every line can be trained on."""

import re
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "tools" / "train_starter" / "register").glob("*.tsv"))
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_BLANK = re.compile("(?<=[\u3040-\u30ff\u4e00-\u9fff、。]) | (?=[\u3040-\u30ff\u4e00-\u9fff])")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_sides_say_the_same_code_and_numbers(path: Path) -> None:
    """English, tab, Japanese in one style; no English sentence twice in a file."""
    from train_starter import clean

    seen = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        english, japanese = line.split("\t")
        assert english.casefold() not in seen, line
        seen.add(english.casefold())
        assert clean.pair(english, japanese), line
        assert _JAPANESE.search(japanese), line
        assert not _BLANK.search(japanese), line
        numbers = re.findall(r"\d+", re.sub("`[^`]+`", "", english))
        assert all(number in japanese for number in numbers), line
    assert len(seen) > 1000
