"""The cutting of growing text into units."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicectl.actors.parser.units import Units

ATOMS = ["?! (x) ", "?", "! ", "...", "。", "」", "\n", "She ", "said so. ", "the U.S. ", "- ", "“So ", "**"]
ATOMS += ["— x", ", and ", "a; "]


@given(st.lists(st.sampled_from(ATOMS), max_size=30).map("".join), st.booleans())
@example("?! (x) She", False)
@example("a; \n?! (x) ", True)
@settings(max_examples=200, deadline=None)
def test_units_do_not_depend_on_how_the_text_is_cut(text: str, clauses: bool) -> None:
    """Whole, letter by letter, or restored before each letter: the same units."""
    whole = [unit.text for unit in Units(clauses=clauses).push(text, 0)]
    units = Units(clauses=clauses)
    single = [unit.text for letter in text for unit in units.push(letter, 0)]
    restored = Units(clauses=clauses)
    again = []
    for letter in text:
        restored = Units(restored.held, restored.line_start, restored.ink, restored.word, clauses)
        again += [unit.text for unit in restored.push(letter, 0)]
    assert whole == single == again
