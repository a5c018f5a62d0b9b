"""The starter: the real model that ships with voicectl translates, protects spans and survives any input."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicectl.actors.translator.backend import Source
from voicectl.actors.translator.ctranslate2 import CTranslate2Backend
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models.store import STARTER
from voicectl.protocol.errors import BackendUnavailable
from voicectl.protocol.message import Span

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
HARD = [
    "",
    " ",
    "\x00\x07",
    "🎉🎉",
    "—",
    "42",
    "\ud800",
    "⟦0⟧",
    "⟦9⟧ a",
    "Hello world!",
    "ж" * 50,
    "a" * 5000,
    "no " * 40,
]


@pytest.fixture(scope="module")
def starter(settings: Callable[..., TranslatorSettings]) -> Iterator[CTranslate2Backend]:
    """Return the starter, loaded once."""
    wanted = settings(backend="starter", fallback=(), device="auto")
    backend = CTranslate2Backend(STARTER, wanted, LanguageSettings(source="en", target="ja"))
    yield backend
    backend.close()


def test_its_search_has_four_beams_unless_another_number_is_set(settings: Callable[..., TranslatorSettings]) -> None:
    """They are worth their time for so small a model."""
    texts = [
        Source("The build failed because the compiler could not find the header file."),
        Source("The server takes a long time to start since it loads the whole model into memory."),
        Source("Nothing else needs to change, but you may want to run the tests again before you merge this."),
        Source("The second approach is simpler, although it gets slower when there are many users."),
    ]
    found = {}
    for beams in (0, 1, 4):
        wanted = settings(backend="starter", fallback=(), beam_size=beams)
        backend = CTranslate2Backend(STARTER, wanted, LanguageSettings(source="en", target="ja"))
        found[beams] = [result.text for result in backend.translate(texts)]
        backend.close()
    assert found[0] == found[4] != found[1]


def test_it_says_who_it_is(starter: CTranslate2Backend) -> None:
    """The starter has a name of its own and runs on the CPU."""
    assert (starter.name, starter.device, starter.placeholders) == ("starter", "cpu", 6)


def test_english_becomes_japanese(starter: CTranslate2Backend) -> None:
    """A sentence of an assistant comes out in Japanese, with the word for test in it."""
    [result] = starter.translate([Source("The tests pass now.")])
    assert "テスト" in result.text
    assert JAPANESE.search(result.text)
    assert result.notes == ()


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("The file config/app-3.yaml contains the settings.", Span(kind="path", text="config/app-3.yaml")),
        ("The function parse_args returns a list.", Span(kind="identifier", text="parse_args")),
        ("I ran pytest -x --lf, then fixed it.", Span(kind="code", text="pytest -x --lf")),
    ],
)
def test_a_protected_span_comes_out_verbatim(starter: CTranslate2Backend, text: str, span: Span) -> None:
    """The span is carried over by its placeholder, inside a Japanese sentence."""
    [result] = starter.translate([Source(text, (span,))])
    assert result.text.count(span.text) == 1
    assert JAPANESE.search(result.text)
    assert "⟦" not in result.text


def test_two_spans_keep_apart(starter: CTranslate2Backend) -> None:
    """Each span comes back where its own placeholder is."""
    spans = (Span(kind="code", text="make test"), Span(kind="path", text="build.log"))
    [result] = starter.translate([Source("Run make test to see build.log.", spans)])
    assert all(span.text in result.text for span in spans)


def test_a_batch_answers_each_sentence_in_order(starter: CTranslate2Backend) -> None:
    """A batch says the same as its sentences one by one, whatever their kind."""
    batch = [Source("The tests pass now."), Source(""), Source("🎉"), Source("The function returns a list.")]
    assert starter.translate(batch) == [starter.translate([source])[0] for source in batch]


def test_text_without_a_word_is_its_own_translation(starter: CTranslate2Backend) -> None:
    """Numbers, emoji and a span alone are not given to the model."""
    code = Span(kind="code", text="git status")
    results = starter.translate([Source("42"), Source("🎉"), Source("git status", (code,))])
    assert [result.text for result in results] == ["42", "🎉", "git status"]
    assert all(result.notes == ("original",) for result in results)


def test_a_sentence_longer_than_the_model_is_translated_in_parts(starter: CTranslate2Backend) -> None:
    """Ten times what the model can take is split, translated, joined without blanks and noted."""
    text = "When the file is missing, the parser returns an error, and the server writes it to the log, " * 20
    [result] = starter.translate([Source(text)])
    assert "split" in result.notes
    assert len(JAPANESE.findall(result.text)) > 200


def test_what_the_model_cannot_say_comes_back_in_the_original(starter: CTranslate2Backend) -> None:
    """Letters that the model has never seen make no sound translation, so that the source is spoken."""
    [result] = starter.translate([Source("ꙮ" * 30 + " ꙮ" * 30)])
    assert result.text.startswith("ꙮ")
    assert "original" in result.notes


def test_a_careful_try_writes_no_unknown_piece(starter: CTranslate2Backend) -> None:
    """Where a first try writes ⁇ for animals and garlic, the second has to use pieces that it knows."""
    outputs = starter.decode(["The fox jumped over a brook.", "We peeled garlic.", "Knit a scarf."], careful=True)
    assert not any("⁇" in output for output in outputs)


@pytest.mark.parametrize("text", HARD)
def test_any_text_gives_a_result(starter: CTranslate2Backend, text: str) -> None:
    """Empty, control characters, surrogates, a word of 5,000 letters: never an exception, never ⁇."""
    [result] = starter.translate([Source(text)])
    assert "⁇" not in result.text
    result.text.encode("utf-8")


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["code", "path", "number"]), st.text(max_size=8))
def test_no_text_and_no_span_makes_it_fail(starter: CTranslate2Backend, text: str, kind: str, span: str) -> None:
    """Random text with random spans always gives one result."""
    assert len(starter.translate([Source(text + span, (Span(kind=kind, text=span),))])) == 1


def test_it_only_translates_english_to_japanese(settings: Callable[..., TranslatorSettings]) -> None:
    """Any other pair is refused in one line that says what to install."""
    with pytest.raises(BackendUnavailable, match="pip install"):
        CTranslate2Backend(STARTER, settings(), LanguageSettings(source="en", target="fr"))


def test_it_loads_whatever_is_set_for_a_bigger_model(
    settings: Callable[..., TranslatorSettings], english_to_japanese: LanguageSettings
) -> None:
    """As a fallback of NLLB on a GPU in half precision it must not fail for these settings."""
    CTranslate2Backend(STARTER, settings(device="cuda:3", dtype="float16"), english_to_japanese).close()


def test_it_needs_no_torch() -> None:
    """A process that translates with the starter never imports torch or transformers."""
    script = (
        "import sys\n"
        "from voicectl.actors.translator.backend import Source\n"
        "from voicectl.actors.translator.factory import load_backend\n"
        "from voicectl.config.load import load_settings\n"
        "wanted = load_settings().settings\n"
        "backend = load_backend(wanted.translator, wanted.language, 'starter')\n"
        "print(backend.translate([Source('The tests pass now.')])[0].text)\n"
        "backend.close()\n"
        "del backend\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "テスト" in done.stdout


def test_it_has_translated_once_before_it_is_ready(
    settings: Callable[..., TranslatorSettings], english_to_japanese: LanguageSettings
) -> None:
    """The library's slow first sentence is not the listener's."""

    class Counting(CTranslate2Backend):
        decoded = 0

        def decode(self, texts: Sequence[str], *, careful: bool) -> list[str]:
            self.decoded += len(texts)
            return super().decode(texts, careful=careful)

    backend = Counting(STARTER, settings(), english_to_japanese)
    assert backend.decoded == 1
    backend.close()
