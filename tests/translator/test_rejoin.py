"""Split and rejoin: where a sentence is cut, and how its pieces come together."""

import pytest

from voicectl.actors.translator.placeholders import mask
from voicectl.actors.translator.rejoin import cut, join, trimmed


def _rejoined(text: str, *, spaced: bool, numbers: bool = False) -> str:
    pieces = cut(mask(text, ()), numbers=numbers)
    words = {piece.text: "はい" for piece in pieces if not piece.verbatim}
    return join(pieces, [words.get(piece.text, piece.text) for piece in pieces], spaced=spaced)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Run `x` now.", ["Run", "`x`", "now."]),
        ("`x`: see a.py.", ["`x`", ":", "see", "a.py", "."]),
        ("Only 3 of foo_bar", ["Only 3 of", "foo_bar"]),
        ("Took 30 ms here", ["Took", "30 ms", "here"]),
    ],
)
def test_a_sentence_is_cut_at_its_spans(text: str, pieces: list[str]) -> None:
    """Punctuation behind a span is a piece of its own, a plain number is none."""
    assert [piece.text for piece in cut(mask(text, ()), numbers=False)] == pieces


def test_the_last_cut_takes_numbers_out_as_well() -> None:
    """So that no model can lose them."""
    assert [piece.text for piece in cut(mask("Only 3 of them", ()), numbers=True)] == ["Only", "3", "of them"]


def test_japanese_needs_no_blanks_and_has_its_own_stops() -> None:
    """Between two Latin words the blank of the source stays, or they would be one."""
    assert _rejoined("Run `x`, then a.py.", spaced=False) == "はい`x`、はいa.py。"
    assert _rejoined("foo_bar --dry-run", spaced=False) == "foo_bar --dry-run"


def test_other_languages_keep_the_blanks_of_the_source() -> None:
    """Behind a span its full stop stands where it stood."""
    assert _rejoined("Run (`x`), then a.py.", spaced=True) == "はい (`x`), はい a.py."


def test_a_stop_that_the_source_has_not_is_taken_away() -> None:
    """Models end everything with a full stop."""
    assert [trimmed("Run", "走る。"), trimmed("Run.", "走る。")] == ["走る", "走る。"]
