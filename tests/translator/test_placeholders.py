"""Placeholders: protected spans leave a text before translation and come back after it."""

from hypothesis import given
from hypothesis import strategies as st

from voicectl.actors.translator.placeholders import Masked, is_carried, mask, restore, without
from voicectl.protocol.messages import Span


def _spans(*texts: str, kind: str = "code") -> tuple[Span, ...]:
    return tuple(Span(kind=kind, text=text) for text in texts)


def test_spans_are_numbered_by_their_place_in_the_text() -> None:
    """The numbers follow the text, whatever the order of the spans."""
    masked = mask("Copy a.py to b.py.", _spans("b.py", "a.py"), 6)
    assert masked == Masked("Copy ⟦0⟧ to ⟦1⟧.", ("a.py", "b.py"))


def test_the_same_span_twice_is_the_same_placeholder_twice() -> None:
    """One number stands for one text, as the model was trained."""
    assert mask("x = x", _spans("x", "x"), 6).text == "⟦0⟧ = ⟦0⟧"


def test_one_span_masks_one_occurrence_and_no_part_of_a_word() -> None:
    """The word ``list`` in the sentence stays, and so does ``listing``."""
    assert mask("listing: list returns a list", _spans("list"), 6).text == "listing: ⟦0⟧ returns a list"


def test_a_span_inside_a_longer_span_does_not_cut_it() -> None:
    """The longest span at a place wins."""
    assert mask("run git status in git", _spans("git", "git status"), 6).text == "run ⟦0⟧ in ⟦1⟧"


def test_spans_beyond_the_limit_stay_in_the_text() -> None:
    """A model has only so many placeholder pieces."""
    assert mask("a1 b2 c3", _spans("a1", "b2", "c3"), 2).text == "⟦0⟧ ⟦1⟧ c3"


def test_numbers_are_left_to_the_model() -> None:
    """A number is inflected by its language, so that it is no placeholder."""
    assert mask("42 tests", _spans("42", kind="number"), 6).text == "42 tests"


def test_a_text_that_looks_like_a_placeholder_is_not_taken_for_one() -> None:
    """Brackets of the text itself become plain ones."""
    assert mask("see ⟦0⟧ and x", _spans("x"), 6) == Masked("see [0] and ⟦0⟧", ("x",))


def test_lost_doubled_and_invented_placeholders_are_noticed() -> None:
    """Only an output with the same placeholders, none of them more often, can be restored."""
    masked = Masked("⟦0⟧ and ⟦1⟧ and ⟦0⟧", ("a", "b"))
    assert is_carried(masked, "⟦1⟧と⟦0⟧")
    assert is_carried(masked, "⟦0⟧と⟦1⟧と⟦0⟧")
    assert not is_carried(masked, "⟦0⟧と")
    assert not is_carried(masked, "⟦0⟧⟦1⟧⟦1⟧")
    assert not is_carried(masked, "⟦0⟧⟦1⟧⟦2⟧")


def test_what_is_left_without_the_spans_is_what_there_is_to_translate() -> None:
    """A text of one span alone leaves nothing."""
    assert without(mask("ls -la", _spans("ls -la"), 6)).strip() == ""


@given(st.text(), st.lists(st.text(min_size=1, max_size=8), max_size=8), st.integers(0, 6))
def test_restoring_what_was_masked_gives_the_text_back(text: str, spans: list[str], limit: int) -> None:
    """For any text and any spans the way there and back changes nothing but brackets."""
    masked = mask(text, _spans(*spans), limit)
    plain = text.replace("⟦", "[").replace("⟧", "]")
    assert is_carried(masked, masked.text)
    assert len(masked.spans) <= limit
    assert restore(masked, masked.text) == plain
