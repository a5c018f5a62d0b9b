"""Languages: BCP 47 tags become FLORES-200 codes."""

import json

import pytest

from voicectl.actors.translator.languages import LANGUAGES, flores, is_spaced
from voicectl.models.store import STARTER
from voicectl.protocol.errors import UsageError


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "eng_Latn"),
        ("ja", "jpn_Jpan"),
        ("EN-us", "eng_Latn"),
        ("de_AT", "deu_Latn"),
        ("zh", "zho_Hans"),
        ("zh-Hant", "zho_Hant"),
        ("zh-TW", "zho_Hant"),
        ("zh-Hant-HK", "zho_Hant"),
        ("sr-Cyrl", "srp_Cyrl"),
        ("ace_Arab", "ace_Arab"),
    ],
)
def test_a_tag_becomes_the_code_of_its_language(tag: str, code: str) -> None:
    """Regions and cases do not matter, scripts do, and a FLORES-200 code stands for itself."""
    assert flores(tag) == code


def test_every_code_of_the_table_is_one_that_nllb_has() -> None:
    """The starter's vocabulary lists all language tokens of NLLB-200."""
    known = set(json.loads((STARTER / "shared_vocabulary.json").read_text(encoding="utf-8")))
    assert {language.flores for language in LANGUAGES} <= known


@pytest.mark.parametrize(
    ("wrong", "advice"), [("japanes", "ja (Japanese)"), ("germn", "de (German)"), ("xx", "BCP 47"), ("", "BCP 47")]
)
def test_an_unknown_language_is_a_usage_error_that_names_a_near_one(wrong: str, advice: str) -> None:
    """A slip of the pen is answered with what was probably meant."""
    with pytest.raises(UsageError) as caught:
        flores(wrong)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_languages_with_blanks_are_joined_with_blanks() -> None:
    """Japanese and Thai sentences follow each other without a blank, German ones with one."""
    assert [is_spaced(flores(tag)) for tag in ("ja", "th", "zh-Hant", "de", "ko")] == [False, False, False, True, True]
