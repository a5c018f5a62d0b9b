"""English endings on words whose reading is known: tests, testing, tested.

The endings are said as in loanwords: テスト → テスツ, テスティング, テステッド.
"""

from collections.abc import Iterator

_VOWELS = "aeiou"
_SHORTEST = 3
"""Letters of a word that takes an ending of several."""

_PLURALS = {
    "ト": "ツ",
    "ド": "ズ",
    "ス": "シズ",
    "ズ": "ジズ",
    "ジ": "ジズ",
    "チ": "チズ",
    "シュ": "シズ",
}
_UNVOICED = ("ク", "プ", "フ")

_ROWS = {"ト": "テ", "ド": "デ"}
_GERUNDS = {
    "ト": "ティング",
    "ド": "ディング",
    "ク": "キング",
    "グ": "ギング",
    "ス": "シング",
    "ズ": "ジング",
    "シュ": "シング",
    "チ": "チング",
    "ジ": "ジング",
    "フ": "フィング",
    "プ": "ピング",
    "ブ": "ビング",
    "ム": "ミング",
    "ン": "ニング",
    "ル": "リング",
}


def stems(word: str) -> Iterator[tuple[str, str]]:
    """Yield the words that a word in lower case may be a form of, and the ending: ``s``, ``ing`` or ``ed``."""
    if word.endswith("ies"):
        yield word[:-3] + "y", "s"
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1], "s"
        if word.endswith("es") and len(word) >= _SHORTEST + 2:
            yield word[:-2], "s"
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) >= len(ending) + _SHORTEST:
            stem = word.removesuffix(ending)
            yield stem, ending
            yield stem + "e", ending
            if stem[-1] == stem[-2] and stem[-1] not in _VOWELS:
                yield stem[:-1], ending
    if word.endswith("ied"):
        yield word[:-3] + "y", "ed"


def inflected(reading: str, ending: str, stem: str = "") -> str:
    """Return the reading of a word with an ending, from the word's own in katakana; ``stem`` is how that is written."""
    if ending == "ing" and stem.removesuffix("e").endswith("r"):
        return reading.removesuffix("ー") + "リング"
    return {"s": _plural, "ing": _gerund, "ed": _past}[ending](reading)


def _plural(reading: str) -> str:
    for tail, plural in _PLURALS.items():
        if reading.endswith(tail):
            return reading.removesuffix(tail) + plural
    return reading + ("ス" if reading.endswith(_UNVOICED) else "ズ")


def _gerund(reading: str) -> str:
    for tail, gerund in _GERUNDS.items():
        if reading.endswith(tail):
            return reading.removesuffix(tail) + gerund
    return reading + "イング"


def _past(reading: str) -> str:
    if reading[-1] in _ROWS:
        return f"{reading[:-1]}{_ROWS[reading[-1]]}ッド"
    return reading + "ド"
