"""Guarded translation: what is tried, in which order, and what is said about it."""

import itertools

import pytest
from fakes import GARBLES, Garbage, Scripted

from voicectl.actors.translator import guarded
from voicectl.actors.translator.backend import Result, Source
from voicectl.protocol.message import Span

CODE = (Span(kind="code", text="make test"),)
BAD = [
    "",
    " \n\t",
    "\x00\x07\x1b[31m",
    "🎉🚀👩‍👩‍👧",
    "—…!?",
    "42",
    "\ud800",
    "⟦0⟧ ⟦9⟧",
    "`make test`",
    "if (x > 0) { return foo(bar); }",
    "こんにちは world привет 你好 مرحبا",
    "مرحبا بالعالم، هذه جملة",
    "שלום \u202eabc\u202c עולם",
    "a\u0301\u0302\u0303" * 50,
    "word " * 10_000,
    "This is one of many sentences. " * 2_000,
    "x" * 50_000,
    "`a` " * 3_000,
    "1,2," * 5_000,
]


def _translate(model: Scripted, *sources: Source, target: str = "jpn_Jpan") -> list[Result]:
    return guarded.translate(model, sources, source="eng_Latn", target=target)


def test_a_good_first_try_is_the_only_one() -> None:
    """The span comes back in its place and nothing is noted."""
    model = Scripted({"Run ⟦0⟧.": "⟦0⟧を実行します。"})
    assert _translate(model, Source("Run make test.", CODE)) == [Result("make testを実行します。")]
    assert model.asked == [("Run ⟦0⟧.", False)]


def test_a_bad_first_try_is_followed_by_a_careful_one_for_that_sentence_alone() -> None:
    """The other sentence of the batch keeps its translation; which guard spoke is noted."""
    model = Scripted({"Yes.": "はい。"}, {"No way.": "まさか。"})
    assert _translate(model, Source("Yes."), Source("No way.")) == [
        Result("はい。"),
        Result("まさか。", ("unknown piece",)),
    ]
    assert model.asked == [("Yes.", False), ("No way.", False), ("No way.", True)]


def test_a_number_stands_behind_a_placeholder_at_first_and_is_shown_later() -> None:
    """A model that loses the one may carry the other."""
    model = Scripted({"Only ⟦0⟧ tests": "テストだけ"}, {"Only 3 tests": "3つのテストだけ"})
    assert _translate(model, Source("Only 3 tests")) == [Result("3つのテストだけ", ("lost span",))]


def test_a_lost_placeholder_leads_to_a_try_without_any() -> None:
    """What counts is the span in the output, however it got there."""
    model = Scripted({"Run ⟦0⟧.": "実行します。"}, {"Run make test.": "make testを実行します。"})
    result = _translate(model, Source("Run make test.", CODE))[0]
    assert result == Result("make testを実行します。", ("lost span", "unknown piece"))


def test_a_span_that_is_always_lost_has_its_sentence_cut_around_it() -> None:
    """The last way that cannot lose it."""
    model = Scripted({"Run": "実行。", "now.": "今すぐ。"}, {"Run make test now.": "テストを今すぐ実行します。"})
    result = _translate(model, Source("Run make test now.", CODE))[0]
    assert result == Result("実行make test今すぐ。", ("unknown piece", "lost span", "rejoined"))


def test_a_piece_that_cannot_be_translated_stays_as_it_is() -> None:
    """The others are translated, the note says that not all is."""
    model = Scripted({}, {"Run": "実行"})
    result = _translate(model, Source("Run make test now.", CODE))[0]
    assert result == Result("実行make test now.", ("unknown piece", "rejoined", "original"))


def test_nothing_is_asked_twice_in_the_same_way() -> None:
    """Without spans a try without placeholders would be the second again."""
    model = Scripted({})
    assert _translate(model, Source("Hello.")) == [Result("Hello.", ("original", "unknown piece", "refused"))]
    assert model.asked == [("Hello.", False), ("Hello.", True)]


def test_where_nothing_helps_the_source_is_given_back_with_its_spans() -> None:
    """Also the emoji that the model was not shown; ``refused`` calls for the next backend."""
    [result] = _translate(Scripted({}), Source("Run make test. 🎉", CODE))
    assert result == Result("Run make test. 🎉", ("original", "unknown piece", "refused"))


def test_text_without_a_word_is_no_failure() -> None:
    """It is its own translation and the model is not asked."""
    model = Scripted({})
    assert _translate(model, Source("42"), Source("make test", CODE)) == [
        Result("42", ("original",)),
        Result("make test", ("original",)),
    ]
    assert model.asked == []


def test_several_sentences_are_translated_one_by_one() -> None:
    """A model that was trained on single ones loses some of several."""
    model = Scripted({"Yes, e.g. Monday.": "はい、例えば月曜日です。", "No.": "いいえ。"})
    result = _translate(model, Source("Yes, e.g. Monday. No."))[0]
    assert result == Result("はい、例えば月曜日です。いいえ。", ("split",))


def test_a_long_sentence_is_translated_clause_by_clause_and_joined_as_its_language_does() -> None:
    """The parts are one batch; the span is protected in the part that has it."""
    model = Scripted({"When it is done,": "終わったら、", "you can now run ⟦0⟧.": "⟦0⟧を実行できます。"})
    source = Source("When it is done, you can now run make test.", CODE)
    assert _translate(model, source) == [Result("終わったら、make testを実行できます。", ("split",))]
    german = Scripted({"When it is done,": "Danach", "you can now run ⟦0⟧.": "kann man ⟦0⟧ starten."})
    assert _translate(german, source, target="deu_Latn")[0].text == "Danach kann man make test starten."


def test_one_bad_part_is_left_in_the_original_and_said() -> None:
    """The other parts stay translated, so that no other backend need be asked."""
    model = Scripted({"When it is done,": "終わったら、"})
    result = _translate(model, Source("When it is done, you can now go home."))[0]
    assert result == Result("終わったら、you can now go home.", ("original", "unknown piece", "split"))


def test_when_the_time_is_up_the_rest_stays_as_it_is() -> None:
    """The clock is looked at between the chunks; the last ones are not decoded any more."""
    minutes = itertools.count(0, guarded.BUDGET_S * 0.6)
    model = Garbage(GARBLES["shuffle"], 0)
    source = Source("word " * 10_000)
    [result] = guarded.translate(model, [source], source="eng_Latn", target="deu_Latn", clock=lambda: next(minutes))
    assert {"late", "original", "split"} <= set(result.notes)
    assert 0 < model.decoded < 20
    assert result.text.endswith("word word")


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("garble", GARBLES.values(), ids=GARBLES)
def test_any_text_gives_a_result(garble, text: str) -> None:
    """Even from a model that talks rubbish: a text that can be encoded, never an exception, never without end."""
    [result] = guarded.translate(Garbage(garble, 6), [Source(text)], source="eng_Latn", target="jpn_Jpan")
    result.text.encode("utf-8")
    assert result.text or not guarded.guards.clean(text)
