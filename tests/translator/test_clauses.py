"""Clauses: what is too long for a model is cut where it hurts least."""

import re

from hypothesis import given
from hypothesis import strategies as st

from voicectl.actors.translator.clauses import sentences, split


def _words(text: str) -> int:
    return len(text.split())


def test_a_short_sentence_stays_whole() -> None:
    """Nothing is cut that fits, whatever its commas."""
    assert split("First, wait.", 10, _words) == ["First, wait."]


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    """The parts end at commas and are filled as far as they fit."""
    text = "when it rains, we stay in, and when it is dry, we go out"
    assert split(text, 8, _words) == ["when it rains, we stay in,", "and when it is dry,", "we go out"]


def test_a_clause_that_is_too_long_is_cut_between_words() -> None:
    """Without a comma the words are the borders."""
    assert [len(part.split()) for part in split("word " * 25, 10, _words)] == [5, 5, 5, 5, 5]


def test_japanese_is_cut_after_its_own_punctuation() -> None:
    """A language without blanks has borders too."""
    assert split("雨なら、家にいる。晴れなら、出かける。", 8, len) == [
        "雨なら、",
        "家にいる。",
        "晴れなら、",
        "出かける。",
    ]


@given(st.text(max_size=400))
def test_nothing_is_lost_and_no_part_is_too_long(text: str) -> None:
    """Whatever the text, the parts hold all of it but blanks, each within the limit."""
    parts = split(text, 70, len)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)
    assert all(len(part) <= 70 for part in parts)


def test_a_text_is_cut_into_its_sentences() -> None:
    """Abbreviations end none, and signs alone are none."""
    text = "I ran it, e.g. Monday. Why? See no. 5 at ⟦0⟧. It failed! 🎉"
    assert sentences(text, "en") == ["I ran it, e.g. Monday.", "Why?", "See no. 5 at ⟦0⟧.", "It failed! 🎉"]


def test_a_placeholder_is_never_cut() -> None:
    """A run of them without blanks is longer than a word may be."""
    text = "".join(f"⟦{number}⟧" for number in range(100))
    parts = split(text, 20, len)
    assert len(parts) > 1
    assert all(re.fullmatch(r"(?:⟦\d+⟧ ?)+", part) for part in parts)
    assert "".join(parts).replace(" ", "") == text
