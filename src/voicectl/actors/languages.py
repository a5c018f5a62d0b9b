"""Languages: from BCP 47 tags to the FLORES-200 codes that NLLB models use.

The codes are those of the FLORES-200 benchmark (NLLB Team, "No Language Left Behind", 2022).
"""

import re
from difflib import get_close_matches
from importlib import resources
from typing import NamedTuple

from voicectl.protocol.errors import UsageError


class Language(NamedTuple):
    """One language: its BCP 47 tag, its FLORES-200 code, its English name."""

    tag: str
    flores: str
    name: str


_TABLE = resources.files("voicectl.actors").joinpath("languages.tsv").read_text(encoding="utf-8")

LANGUAGES: tuple[Language, ...] = tuple(Language(*line.split("\t")) for line in _TABLE.splitlines())
"""All languages that NLLB-200 knows; several tags may stand for the same, the plain one first."""

AUTO = "auto"
"""The source language that is to be detected."""

_BY_TAG = {
    **{language.flores[:3]: language.flores for language in reversed(LANGUAGES) if "-" not in language.tag},
    **{language.flores.lower().replace("_", "-"): language.flores for language in LANGUAGES},
    **{language.tag.lower(): language.flores for language in LANGUAGES},
}
_OLD = frozenset({"cmn", "fil", "in", "iw", "no"})
"""Tags that are understood but not written."""
_TAGS: dict[str, str] = {}
for _language in LANGUAGES:
    if _language.tag not in _OLD:
        _TAGS.setdefault(_language.flores, _language.tag)
_NAMES = {language.flores: language.name for language in LANGUAGES if _TAGS[language.flores] == language.tag}
_FLORES = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
_UNSPACED = {"jpn_Jpan", "zho_Hans", "zho_Hant", "yue_Hant", "tha_Thai", "lao_Laoo", "khm_Khmr", "mya_Mymr", "bod_Tibt"}


def flores(language: str) -> str:
    """Return the FLORES-200 code of a BCP 47 tag; a code of that form is returned as it is.

    Subtags that make no difference are dropped from the right (``de-AT`` is German).

    Raises:
        UsageError: the language is not known; the text names near ones.
    """
    if _FLORES.fullmatch(language):
        return language
    wanted = language.lower().replace("_", "-")
    while wanted:
        if wanted in _BY_TAG:
            return _BY_TAG[wanted]
        wanted = wanted.rpartition("-")[0]
    raise UsageError(f"unknown language {language!r}; {_advice(language)}")


def tag(code: str) -> str:
    """Return the BCP 47 tag of a FLORES-200 code."""
    return _TAGS.get(code, code.partition("_")[0])


def bcp47(language: str) -> str:
    """Return the BCP 47 tag of a language that may be named by its FLORES-200 code, by three letters or as it once was.

    Other tags are returned as they are: a region may matter to a voice, and a user's own backend may know more.
    """
    known = _BY_TAG.get(language.lower().replace("_", "-"))
    return tag(known) if known and (len(language.partition("-")[0]) > 2 or language in _OLD) else language


def name(code: str) -> str:
    """Return the English name of the language of a FLORES-200 code."""
    return _NAMES.get(code, code)


def is_spaced(code: str) -> bool:
    """Say whether the language of this FLORES-200 code puts blanks between sentences."""
    return code not in _UNSPACED


def _advice(language: str) -> str:
    names = {spelling.lower(): entry for entry in LANGUAGES for spelling in (entry.name, entry.tag)}
    near = dict.fromkeys(names[match] for match in get_close_matches(language.lower(), names, n=3, cutoff=0.5))
    if near:
        return "did you mean " + " or ".join(f"{entry.tag} ({entry.name})" for entry in near) + "?"
    return "use a BCP 47 tag such as ja, de or zh-Hant, or a FLORES-200 code such as jpn_Jpan"
