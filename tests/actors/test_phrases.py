"""The catalogues of voicectl's own words."""

import re
import tomllib
from importlib.resources import files

import pytest

from voicectl.actors.phrases.catalogue import Catalogue
from voicectl.actors.phrases.english import ONE, PHRASES, say

FILES = {file.name.removesuffix(".toml"): file for file in files("voicectl.actors.phrases").iterdir()}
LANGUAGES = sorted(tag for tag, file in FILES.items() if file.name.endswith(".toml"))
VALUES = {"backend": "nllb", "successor": "starter", "language": "Python", "tool": "github - create_issue (MCP)"}


def _names(phrase: str) -> list[str]:
    return sorted(re.findall(r"{(\w+)}", phrase))


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_catalogue_has_every_phrase_with_all_its_values(tag: str) -> None:
    """And no other; a form for one may be missing, or say the one in words."""
    phrases = tomllib.loads(FILES[tag].read_text(encoding="utf-8"))["phrases"]
    assert {key for key in PHRASES if not key.endswith(ONE)} <= set(phrases) <= set(PHRASES)
    for key, phrase in phrases.items():
        assert set(_names(PHRASES[key])) - set(_names(phrase)) <= ({"count"} if key.endswith(ONE) else set()), key


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("count", [1, 12])
def test_every_phrase_is_found_and_said_with_its_values(tag: str, count: int) -> None:
    """With or without its full stop."""
    catalogue = Catalogue(tag)
    for key in PHRASES:
        english = say(key.removesuffix(ONE), count=count, **VALUES)
        translation = catalogue.translate(english)
        assert translation == catalogue.translate(english.rstrip("."))
        assert translation
        assert "{" not in translation
        values = [VALUES[name] for name in _names(PHRASES[key]) if name != "count"]
        assert all(value in translation for value in values)
        assert count == 1 or "count" not in _names(PHRASES[key]) or "12" in translation


def test_numbers_and_words_that_are_no_names_are_said_as_the_language_does() -> None:
    """A form for one where there is one; the name of a programming language stays."""
    assert say("code", count=1) == "Code block, 1 line."
    german, japanese = Catalogue("de"), Catalogue("ja")
    assert german.translate("Code block, 1 line of Rust.") == "Codeblock, eine Zeile, Rust."
    assert japanese.translate("Code block, 1 line of Rust.") == "Rustのコードブロック、1行です。"
    assert japanese.translate("Code block, 3 lines of shell script.") == "シェルスクリプトのコードブロック、3行です。"


def test_japanese_is_polite() -> None:
    """Every sentence ends in です or ます."""
    phrases = tomllib.loads(FILES["ja"].read_text(encoding="utf-8"))["phrases"]
    for phrase in phrases.values():
        assert all(re.search("(です|ます|ました)$", part) for part in phrase.split("。") if part), phrase


@pytest.mark.parametrize("text", ["The tests pass.", "I said: The old text was omitted.", ""])
def test_other_sentences_are_no_phrases(text: str) -> None:
    """A phrase is the whole sentence."""
    assert Catalogue("ja").translate(text) is None


def test_a_language_without_a_file_has_no_phrases() -> None:
    """The translator then does what it can."""
    assert Catalogue("sw").translate(say("skipped")) is None
    assert Catalogue("en").translate(say("skipped")) == say("skipped")
