"""Sentence ends against a labelled set, ``tests/data/sentences.tsv``."""

from pathlib import Path

import pytest
from parser_kit import settings, texts

from voicectl.actors.parser.reader import FeedParser
from voicectl.actors.parser.sentences import split
from voicectl.actors.parser.speakable import literal

CASES = [
    line.split("\t")[1]
    for line in (Path(__file__).parents[1] / "data" / "sentences.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("case", CASES)
def test_a_sentence_ends_where_a_reader_would_end_it(case: str) -> None:
    """Each labelled text is cut at its marks, and nowhere else."""
    text = case.replace("|||", "").replace(" || ", " ")
    plain = literal(text)
    got = [plain.text[part.start : part.end] for part in split(plain.veiled(), 800)]
    expected = [literal(part).text for part in case.replace("|||", " || ").split(" || ")]
    assert got == expected


def test_a_doubtful_end_waits_for_the_next_word_and_no_longer() -> None:
    """After initials and single letters the first letter does not decide, but the word does."""
    parser = FeedParser(settings(), "markdown")
    assert texts(parser.feed(b"He lives in the U.S. S")) == []
    assert texts(parser.feed(b"he")) == []
    assert texts(parser.feed(b" ")) == ["He lives in the U.S."]
    assert texts(parser.feed(b"knows J. S")) == []
    assert texts(parser.feed(b"mith well. T")) == ["She knows J. Smith well."]
