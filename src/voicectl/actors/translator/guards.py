"""What goes into a model and what is fit to be heard of what comes out.

The limits were set by the references of development sets (7,000 pairs, English to Japanese): human translations raise
an alarm once in 800, except for ``missing number``, where a sum was written in another way.
"""

import re
import unicodedata
from collections import Counter

from voicectl.actors.translator import scripts

EMPTY = "empty"
UNKNOWN = "unknown piece"
LOOPING = "looping"
TOO_LONG = "too long"
TRUNCATED = "truncated"
WRONG_SCRIPT = "wrong script"
MISSING_NUMBER = "missing number"

_UNSPEAKABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_LOOP = re.compile(r"(.{2,40}?)\1{3,}|(.{4,40}?)\2{2,}")
_UNKNOWN_PIECE = re.compile("⁇|<unk>")
"""What sentencepiece and transformers write for a piece that the model does not know."""
_NUMBER = re.compile(r"\d+(?:[.,:'’]\d+)*")
_CUT_OFF = re.compile(r"[、，,をはが]\s*\Z")
_STOP = re.compile(r"[.!?。！？][\"')\]」』]*\s*\Z")

_DENSE = {"Jpan", "Hans", "Hant"}
"""Scripts that need far fewer characters than an alphabet for the same."""
_SHORTEST = {True: 0.15, False: 0.3}
"""Letters of the output for each letter of the source, to a dense script and to any other."""
_WORDY_LETTERS = 40
_WORDY_WORDS = 3
_KANJI_ALONE = 12
"""So many letters of Japanese without any kana are Chinese, or a title."""


def clean(text: str) -> str:
    """Return ``text`` without control characters, lone surrogates and double blanks."""
    return " ".join("".join(" " if unicodedata.category(c) in _UNSPEAKABLE else c for c in text).split())


def without_symbols(text: str) -> str:
    """Return ``text`` without emoji and other pictures, which small models do not know."""
    return " ".join("".join(" " if _is_picture(c) else c for c in text).split())


def has_words(text: str) -> bool:
    """Say whether there is a letter in ``text``, so that there is something to translate."""
    return any(c.isalpha() for c in text)


def alarm(source: str, output: str, target: str) -> str:
    """Return what is wrong with an output as a translation, or an empty string.

    Both texts are without the protected spans; ``target`` is a FLORES-200 code, whose second part is the script.
    """
    script = target.rpartition("_")[2]
    if _UNKNOWN_PIECE.search(output):
        return UNKNOWN
    if not any(c.isalnum() for c in output):
        return EMPTY
    if _LOOP.search(output) and not _LOOP.search(source):
        return LOOPING
    if len(output) > 4 * len(source) + 40:
        return TOO_LONG
    if _is_wrong_script(source, output, target):
        return WRONG_SCRIPT
    if _is_truncated(source, output, script):
        return TRUNCATED
    return MISSING_NUMBER if numbers(source) - numbers(output) else ""


def numbers(text: str) -> Counter[str]:
    """Return the numbers in ``text``, digits only: each language separates thousands in its own way."""
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return Counter(re.sub(r"\D", "", number) for number in found)


def is_in_script(text: str, code: str) -> bool:
    """Say whether ``text`` has a letter of the script of this FLORES-200 code."""
    return not scripts.of_language(code).isdisjoint(scripts.of_letters(text))


def _is_wrong_script(source: str, output: str, target: str) -> bool:
    letters = scripts.of_letters(output)
    if not letters or len(source.split()) < _WORDY_WORDS:
        return False
    if target == "jpn_Jpan" and len(letters) >= _KANJI_ALONE:
        return not {"HIRAGANA", "KATAKANA"} & set(letters)
    return not is_in_script(output, target)


def _is_truncated(source: str, output: str, script: str) -> bool:
    if _STOP.search(source) and _CUT_OFF.search(output):
        return True
    letters = sum(map(str.isalpha, source))
    shortest = _SHORTEST[script in _DENSE] * letters
    return letters >= _WORDY_LETTERS and sum(map(str.isalpha, output)) < shortest


def _is_picture(character: str) -> bool:
    return unicodedata.category(character) == "So" or "\ufe00" <= character <= "\ufe0f"
