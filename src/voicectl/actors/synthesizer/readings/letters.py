"""Letters and digits said one by one."""

_NAMES = {
    "a": "エー",
    "b": "ビー",
    "c": "シー",
    "d": "ディー",
    "e": "イー",
    "f": "エフ",
    "g": "ジー",
    "h": "エイチ",
    "i": "アイ",
    "j": "ジェー",
    "k": "ケー",
    "l": "エル",
    "m": "エム",
    "n": "エヌ",
    "o": "オー",
    "p": "ピー",
    "q": "キュー",
    "r": "アール",
    "s": "エス",
    "t": "ティー",
    "u": "ユー",
    "v": "ブイ",
    "w": "ダブリュー",
    "x": "エックス",
    "y": "ワイ",
    "z": "ゼット",
    "0": "ゼロ",
    "1": "イチ",
    "2": "ニー",
    "3": "サン",
    "4": "ヨン",
    "5": "ゴー",
    "6": "ロク",
    "7": "ナナ",
    "8": "ハチ",
    "9": "キュー",
}

_MOST = 40
"""Characters that are said one by one at most: more than any hash or identifier has that somebody would listen to."""


def spelled(text: str) -> str:
    """Return the names of the ASCII letters and digits of a text; everything else is left out."""
    return "".join(_NAMES.get(character, "") for character in text.lower()[:_MOST])
