"""Shortlists: a part of the vocabulary gives the same translations as all of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_nllb import PAIRS
from voicectl.actors.translator.backend import Source
from voicectl.actors.translator.ctranslate2 import CTranslate2Backend
from voicectl.actors.translator.shortlist import always, mapping
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models.convert import convert
from voicectl.models.store import STARTER

Settings = Callable[..., TranslatorSettings]

# As in a model of ours: special pieces, languages, the others.
VOCABULARY = [
    "<s>", "<pad>", "</s>", "<unk>", "eng_Latn", "jpn_Jpan", "rus_Cyrl",
    "▁", "。", "3", "!", "🎉", "ー", "々", "設定", "▁ファ", "ж", "▁мир", "한", "é", "▁A", "API", "▁Python", "Python",
    "▁Rust", "Rus", "t", "café",
]  # fmt: skip
SENTENCES = [
    "I have read the configuration file.", "The tests pass now, but one of them is slow.", "No.", "The cache is empty.",
    "Run `make test` in src/app.", "It took 3.5 seconds.", "Python 3.12 is required.", "Please restart the server.",
    "Open README.md first.", "I renamed parse_args to parse_options.", "Is this what you want?", "日本語 and English",
]  # fmt: skip


def test_the_scripts_of_the_target_are_always_allowed() -> None:
    """With what has no letters, short ASCII pieces, marks that belong to the script, and the special pieces."""
    chosen = set(always(VOCABULARY, "jpn_Jpan"))
    assert chosen >= {"▁", "。", "3", "!", "🎉", "ー", "々", "設定", "▁ファ", "▁A", "API", "t", "Rus"}
    assert chosen >= set(VOCABULARY[:6])
    assert chosen.isdisjoint({"ж", "▁мир", "한", "é", "▁Python", "Python", "café"})
    assert {"ж", "▁мир"} <= set(always(VOCABULARY, "rus_Cyrl"))
    assert {"é", "café", "▁Python"} <= set(always(VOCABULARY, "eng_Latn"))


def test_a_piece_of_the_source_brings_itself_along() -> None:
    """Without the blank before it too; where there is no such piece, the ways to write it in two."""
    lines = dict(line.split("\t") for line in mapping(VOCABULARY, "jpn_Jpan"))
    assert lines["▁Python"].split() == ["▁Python", "Python"]
    assert lines["Python"].split() == ["Python", "▁Python"]
    assert lines["▁мир"].split() == ["▁мир"]
    assert "設定" in lines[""].split()
    assert "設定" not in lines


def test_what_comes_before_the_language_is_allowed_always_or_never() -> None:
    """CTranslate2 would look for the language in a wrong place; foreign words in Latin letters are always allowed."""
    languages_last = [*VOCABULARY[:4], *VOCABULARY[7:], *VOCABULARY[4:7]]
    lines = dict(line.split("\t") for line in mapping(languages_last, "jpn_Jpan"))
    assert {"▁Python", "é", "eng_Latn"} <= set(lines[""].split())
    assert list(lines) == ["", "rus_Cyrl"]


def test_the_starter_says_the_same_with_a_shortlist(settings: Settings, english_to_japanese: LanguageSettings) -> None:
    """Sentence by sentence, each with other pieces of its own, and as one batch."""
    sources = [Source(text) for text in SENTENCES]
    whole = CTranslate2Backend(STARTER, settings(), english_to_japanese)
    short = CTranslate2Backend(STARTER, settings(), english_to_japanese, worthwhile=0)
    assert [short.translate([source]) for source in sources] == [whole.translate([source]) for source in sources]
    assert short.translate(sources) == whole.translate(sources)
    whole.close()
    short.close()


@pytest.mark.torch
def test_a_model_says_what_it_learnt_with_a_shortlist(
    tiny_nllb: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """In any order, since each sentence changes what is allowed in the next."""
    short = CTranslate2Backend(convert(tiny_nllb), settings(), english_to_japanese, worthwhile=0)
    for english, japanese in [*PAIRS.items(), *reversed(PAIRS.items())]:
        assert short.translate([Source(english)])[0].text == japanese
    assert [result.text for result in short.translate([Source(text) for text in PAIRS])] == list(PAIRS.values())
    short.close()


@pytest.mark.torch
def test_nothing_outside_the_shortlist_is_said_unless_with_care(tiny_nllb: Path, settings: Settings) -> None:
    """A model that only knows Japanese has none of it to say in Russian; a careful try has all pieces."""
    russian = LanguageSettings(source="en", target="ru")
    short = CTranslate2Backend(convert(tiny_nllb), settings(), russian, worthwhile=0)
    japanese = set("".join(PAIRS.values())) - {"。"}
    quick, careful = ("".join(short.decode(list(PAIRS), careful=careful)) for careful in (False, True))
    assert (japanese.isdisjoint(quick), japanese.isdisjoint(careful)) == (True, False)
    short.close()
