"""Writing systems: which one a letter belongs to, and which ones a language is written in."""

import unicodedata
from collections.abc import Iterable

_NAMES = {
    "Arab": "ARABIC", "Armn": "ARMENIAN", "Beng": "BENGALI", "Cyrl": "CYRILLIC", "Deva": "DEVANAGARI",
    "Ethi": "ETHIOPIC", "Geor": "GEORGIAN", "Grek": "GREEK", "Gujr": "GUJARATI", "Guru": "GURMUKHI",
    "Hang": "HANGUL", "Hans": "CJK", "Hant": "CJK", "Hebr": "HEBREW", "Jpan": "CJK HIRAGANA KATAKANA",
    "Khmr": "KHMER", "Knda": "KANNADA", "Laoo": "LAO", "Latn": "LATIN", "Mlym": "MALAYALAM",
    "Mymr": "MYANMAR", "Olck": "OL", "Orya": "ORIYA", "Sinh": "SINHALA", "Taml": "TAMIL",
    "Telu": "TELUGU", "Tfng": "TIFINAGH", "Thai": "THAI", "Tibt": "TIBETAN",
}  # fmt: skip
"""ISO 15924 codes, and how Unicode begins the names of their letters."""
KNOWN = frozenset(" ".join(_NAMES.values()).split())
"""Every script that a language of FLORES-200 is written in."""


def of(character: str) -> str:
    """Return the script of a letter, as Unicode begins its name."""
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]


def of_language(code: str) -> frozenset[str]:
    """Return the scripts of a language by its FLORES-200 code, whose second part is an ISO 15924 code."""
    return frozenset(_NAMES.get(code.rpartition("_")[2], "").split())


def of_letters(text: Iterable[str]) -> list[str]:
    """Return the script of each letter of ``text``, in order."""
    return [of(c) for c in text if c.isalpha()]
