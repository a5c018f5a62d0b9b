"""What symbols between words are called."""

import re

NAMES = {
    "->": "やじるし",
    "=>": "やじるし",
    "===": "イコールイコールイコール",
    "==": "イコールイコール",
    "!=": "ノットイコール",
    "<=": "小なりイコール",
    ">=": "大なりイコール",
    "+=": "プラスイコール",
    "-=": "マイナスイコール",
    "&&": "アンドアンド",
    "||": "パイプパイプ",
    "::": "コロンコロン",
    "**": "アスタリスクアスタリスク",
    "//": "スラッシュスラッシュ",
    "--": "ハイフンハイフン",
    ">>": "大なり大なり",
    "<<": "小なり小なり",
    "$": "ドル",
    "@": "アットマーク",
    "#": "シャープ",
    "%": "パーセント",
    "&": "アンド",
    "*": "アスタリスク",
    "+": "プラス",
    "-": "ハイフン",
    ".": "ドット",
    "/": "スラッシュ",
    ":": "コロン",
    "<": "小なり",
    "=": "イコール",
    ">": "大なり",
    "?": "クエスチョン",
    "\\": "バックスラッシュ",
    "^": "ハット",
    "_": "アンダーバー",
    "|": "パイプ",
    "~": "チルダ",
}
PATTERN = "|".join(re.escape(symbol) for symbol in sorted(NAMES, key=len, reverse=True))

_ALONE = re.compile(rf"(?:{PATTERN})")
_RULE = re.compile(r"(.)\1{3,}")
_PROSE = re.compile(r"[.,:;!?<>'\"`()\[\]{}…-]|\.{2,}|[!?]+|[()\[\]{}]+")


def alone(run: str) -> str | None:
    """Return what symbols that stand by themselves are called; None for punctuation and rules, which are not said.

    Args:
        run: ASCII characters without a letter or a digit.
    """
    if _PROSE.fullmatch(run) or _RULE.search(run):
        return None
    names = [NAMES[symbol] for symbol in _ALONE.findall(run)]
    return " ".join(names) if names else None
