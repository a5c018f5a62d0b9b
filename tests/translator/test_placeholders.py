"""Placeholders: protected spans leave a text before translation and come back after it."""

from hypothesis import given
from hypothesis import strategies as st

from voicectl.actors.translator.guards import clean
from voicectl.actors.translator.placeholders import Shown, is_carried, is_verbatim, mask, restore, show, unmask, without
from voicectl.protocol.message import Span


def _spans(*texts: str, kind: str = "code") -> tuple[Span, ...]:
    return tuple(Span(kind=kind, text=text) for text in texts)


def _texts(text: str, *marked: str) -> tuple[str, tuple[str, ...]]:
    masked = mask(text, _spans(*marked))
    return masked.text, tuple(span.text for span in masked.spans)


def test_spans_are_numbered_by_their_place_in_the_text() -> None:
    """The numbers follow the text, whatever the order of the spans."""
    assert _texts("Copy one to two.", "two", "one") == ("Copy ⟦0⟧ to ⟦1⟧.", ("one", "two"))


def test_the_same_span_twice_is_the_same_placeholder_twice() -> None:
    """One number stands for one text, as the model was trained."""
    assert _texts("x = x", "x", "x")[0] == "⟦0⟧ = ⟦0⟧"


def test_one_span_masks_one_occurrence_and_no_part_of_a_word() -> None:
    """The word ``list`` in the sentence stays, and so does ``listing``."""
    assert _texts("listing: list returns a list", "list")[0] == "listing: ⟦0⟧ returns a list"


def test_a_span_that_is_only_a_part_of_a_word_is_protected_there() -> None:
    """Inline code can have letters right behind it."""
    assert _texts("Two items left", "item") == ("Two ⟦0⟧s left", ("item",))


def test_a_span_inside_a_longer_span_does_not_cut_it() -> None:
    """The longest span at a place wins."""
    assert _texts("run git status in git", "git", "git status")[0] == "run ⟦0⟧ in ⟦1⟧"


def test_what_nobody_marked_is_found() -> None:
    """A path, a quantity and a number beside a span of the parser."""
    assert _texts("make a.py in 30 ms 5 times", "make") == ("⟦0⟧ ⟦1⟧ in ⟦2⟧ ⟦3⟧ times", ("make", "a.py", "30 ms", "5"))


def test_blanks_inside_a_span_stay_while_the_text_around_it_is_cleaned() -> None:
    """A span is verbatim to the last blank."""
    masked = mask("Run\x00 a  b   now", _spans("a  b"))
    assert (masked.text, unmask(masked)) == ("Run ⟦0⟧ now", "Run a  b now")


def test_spans_beyond_the_limit_are_written_out() -> None:
    """A model has only so many placeholder pieces, numbered from 0 in every text."""
    masked = mask("one two three", _spans("one", "two", "three"))
    assert show(masked, 2, numbers=True) == Shown("⟦0⟧ ⟦1⟧ three", ("one", "two"))
    later = masked._replace(text="⟦2⟧ and ⟦1⟧")
    assert show(later, 2, numbers=True) == Shown("⟦0⟧ and ⟦1⟧", ("three", "two"))


def test_numbers_can_be_left_to_the_model() -> None:
    """With and without their units."""
    masked = mask("42 tests in 30 ms by a.py", ())
    assert show(masked, 6, numbers=False).text == "42 tests in 30 ms by ⟦0⟧"


def test_a_text_that_looks_like_a_placeholder_is_not_taken_for_one() -> None:
    """Brackets of the text itself become plain ones, those of a span stay."""
    assert _texts("see ⟦x⟧ and ⟦9⟧", "⟦9⟧") == ("see [x] and ⟦0⟧", ("⟦9⟧",))


def test_lost_doubled_and_invented_placeholders_are_noticed() -> None:
    """Only an output with the same placeholders, each as often, can be restored."""
    shown = Shown("⟦0⟧ and ⟦1⟧ and ⟦0⟧", ("a", "b"))
    assert is_carried(shown, "⟦1⟧と⟦0⟧⟦0⟧")
    assert not is_carried(shown, "⟦1⟧と⟦0⟧")
    assert not is_carried(shown, "⟦0⟧⟦0⟧")
    assert not is_carried(shown, "⟦0⟧⟦0⟧⟦1⟧⟦1⟧")
    assert not is_carried(shown, "⟦0⟧⟦0⟧⟦1⟧⟦2⟧")


def test_spans_that_were_apart_are_put_back_apart() -> None:
    """The model set them side by side; they must not be read as one word."""
    assert restore(Shown("⟦0⟧ with ⟦1⟧", ("a", "b")), "⟦1⟧⟦0⟧です") == "b aです"
    assert restore(Shown("⟦0⟧⟦1⟧", ("a", "b")), "⟦0⟧⟦1⟧です") == "abです"


def test_verbatim_means_every_span_as_often_and_not_inside_another() -> None:
    """A plain number is one of them."""
    masked = mask("foo and foo.bar and foo, 1,000 times", _spans("foo", "foo.bar", "foo"))
    assert is_verbatim(masked, "1,000回fooとfooとfoo.bar")
    assert not is_verbatim(masked, "1,000回fooとfoo.bar")
    assert not is_verbatim(masked, "1,000回foo.barとfoo.barとfoo")
    assert not is_verbatim(masked, "1.000回fooとfooとfoo.bar")


def test_what_is_left_without_the_spans_is_what_there_is_to_translate() -> None:
    """A text of one span alone leaves nothing."""
    assert without(mask("ls -la", _spans("ls -la")).text).strip() == ""


@given(st.text(), st.lists(st.text(min_size=1, max_size=8), max_size=8), st.integers(0, 6), st.booleans())
def test_restoring_what_was_shown_gives_the_text_back(text: str, spans: list[str], limit: int, numbers: bool) -> None:
    """For any text and any spans the way there and back changes nothing but what was cleaned."""
    masked = mask(text, _spans(*spans))
    shown = show(masked, limit, numbers=numbers)
    assert len(shown.spans) <= limit
    assert is_carried(shown, shown.text) or any("⟦" in span.text for span in masked.spans)
    assert is_verbatim(masked, unmask(masked))
    if not any(span.strip() for span in spans):
        assert unmask(masked) == clean(text.replace("⟦", "[").replace("⟧", "]"))
