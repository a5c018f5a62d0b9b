"""Languages: BCP 47 tags become FLORES-200 codes."""

import json
import re

import pytest

from voicectl.actors.languages import LANGUAGES, bcp47, flores, is_spaced, name, tag
from voicectl.models.store import STARTER
from voicectl.protocol.errors import UsageError

VOCABULARY = json.loads((STARTER / "shared_vocabulary.json").read_text(encoding="utf-8"))
NLLB = {token for token in VOCABULARY if re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}", token)}
"""The starter's vocabulary lists all language tokens of NLLB-200."""


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("en", "eng_Latn"),
        ("ja", "jpn_Jpan"),
        ("jpn", "jpn_Jpan"),
        ("EN-us", "eng_Latn"),
        ("de_AT", "deu_Latn"),
        ("zh", "zho_Hans"),
        ("zh-Hant", "zho_Hant"),
        ("zh-TW", "zho_Hant"),
        ("zh-Hant-HK", "zho_Hant"),
        ("sr-Cyrl", "srp_Cyrl"),
        ("fa-AF", "prs_Arab"),
        ("iw", "heb_Hebr"),
        ("fil", "tgl_Latn"),
        ("ace-Arab", "ace_Arab"),
        ("ace_Arab", "ace_Arab"),
    ],
)
def test_a_tag_becomes_the_code_of_its_language(wanted: str, code: str) -> None:
    """Regions and cases do not matter, scripts do, old and long codes are known, and a FLORES-200 code is itself."""
    assert flores(wanted) == code


def test_every_language_of_nllb_has_a_tag_and_no_other_has() -> None:
    """All 202 codes, there and back."""
    assert {language.flores for language in LANGUAGES} == NLLB
    assert len(NLLB) >= 200
    assert all(flores(tag(code)) == code for code in NLLB)
    assert (tag("jpn_Jpan"), tag("zho_Hans"), tag("heb_Hebr"), tag("nob_Latn")) == ("ja", "zh", "he", "nb")
    assert (name("jpn_Jpan"), name("zho_Hant")) == ("Japanese", "Chinese (traditional)")


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ("japanes", "ja (Japanese)"),
        ("germn", "de (German)"),
        ("yoruva", "yo (Yoruba)"),
        ("qxq-9", "BCP 47"),
        ("", "BCP 47"),
    ],
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


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("jpn_Jpan", "ja"),
        ("deu", "de"),
        ("zho_Hant", "zh-Hant"),
        ("iw", "he"),
        ("ceb", "ceb"),
        ("de-AT", "de-AT"),
        ("pt-BR", "pt-BR"),
        ("tlh", "tlh"),
        ("", ""),
    ],
)
def test_a_code_becomes_the_tag_that_voices_know(named: str, wanted: str) -> None:
    """A region is kept, and so is a language that only a backend of the user's own knows."""
    assert bcp47(named) == wanted
