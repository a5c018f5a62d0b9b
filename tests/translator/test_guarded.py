"""Guarded translation: what is tried, in which order, and what is said about it."""

from collections.abc import Sequence

from voicectl.actors.translator import guarded
from voicectl.actors.translator.backend import Result, Source
from voicectl.protocol.messages import Span

CODE = (Span(kind="code", text="make test"),)


class Scripted:
    """A model that knows its answers by heart, and one placeholder piece; counts words as pieces."""

    max_pieces = 6
    placeholders = 1

    def __init__(self, fast: dict[str, str], careful: dict[str, str] | None = None) -> None:
        self._answers = {False: fast, True: careful or {}}
        self.asked: list[tuple[str, bool]] = []

    def pieces(self, text: str) -> int:
        """Return the number of words."""
        return len(text.split())

    def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
        """Return the answers of the script, ``⁇`` where there is none."""
        self.asked += [(text, careful) for text in texts]
        return [self._answers[careful].get(text, "⁇") for text in texts]


def _translate(model: Scripted, *sources: Source, spaced: bool = False) -> list[Result]:
    return guarded.translate(model, sources, spaced=spaced)


def test_a_good_first_try_is_the_only_one() -> None:
    """The span comes back in its place and nothing is noted."""
    model = Scripted({"Run ⟦0⟧.": "⟦0⟧を実行します。"})
    assert _translate(model, Source("Run make test.", CODE)) == [Result("make testを実行します。")]
    assert model.asked == [("Run ⟦0⟧.", False)]


def test_a_bad_first_try_is_followed_by_a_careful_one_for_that_sentence_alone() -> None:
    """The other sentence of the batch keeps its translation."""
    model = Scripted({"Yes.": "はい。"}, {"No way.": "まさか。"})
    assert _translate(model, Source("Yes."), Source("No way.")) == [Result("はい。"), Result("まさか。")]
    assert model.asked == [("Yes.", False), ("No way.", False), ("No way.", True)]


def test_a_lost_placeholder_ends_in_a_translation_without_any() -> None:
    """The model lost it twice; what it made of the bare text is taken, with a warning if the span has changed."""
    model = Scripted({"Run ⟦0⟧.": "実行します。"}, {"Run ⟦0⟧.": "⟦0⟧⟦0⟧", "Run make test.": "テストを実行します。"})
    assert _translate(model, Source("Run make test.", CODE)) == [Result("テストを実行します。", ("unprotected",))]


def test_a_span_that_survives_without_its_placeholder_needs_no_warning() -> None:
    """What counts is the span in the output, however it got there."""
    model = Scripted({}, {"Run make test.": "make testを実行します。"})
    assert _translate(model, Source("Run make test.", CODE)) == [Result("make testを実行します。")]


def test_a_text_without_spans_is_not_tried_a_third_time() -> None:
    """Without placeholders the third try would be the second again."""
    model = Scripted({})
    assert _translate(model, Source("Hello.")) == [Result("Hello.", ("original",))]
    assert model.asked == [("Hello.", False), ("Hello.", True)]


def test_where_nothing_helps_the_source_is_given_back_with_its_spans() -> None:
    """Also the emoji that the model was not shown."""
    assert _translate(Scripted({}), Source("Run make test. 🎉", CODE)) == [Result("Run make test. 🎉", ("original",))]


def test_a_long_sentence_is_translated_clause_by_clause_and_joined_as_its_language_does() -> None:
    """The parts are one batch; the span is protected in the part that has it."""
    model = Scripted({"When it is done,": "終わったら、", "you can now run ⟦0⟧.": "⟦0⟧を実行できます。"})
    source = Source("When it is done, you can now run make test.", CODE)
    assert _translate(model, source) == [Result("終わったら、make testを実行できます。", ("split",))]
    assert _translate(model, source, spaced=True)[0].text == "終わったら、 make testを実行できます。"


def test_one_bad_part_is_left_in_the_original_and_said() -> None:
    """The other parts stay translated."""
    model = Scripted({"When it is done,": "終わったら、"})
    result = _translate(model, Source("When it is done, you can now go home."))[0]
    assert result == Result("終わったら、you can now go home.", ("original", "split"))
