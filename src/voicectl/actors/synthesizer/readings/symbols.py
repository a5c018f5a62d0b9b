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
_PROSE = re.compile(r"[.,:;!?'\"`()\[\]{}-]+")
_OWN = re.compile(r"--|::|\.\.")
_TAIL = re.compile(r"(?<=[^.,:;!?])[.,:;!?]+$")


def alone(run: str) -> str | None:
    """Return what symbols that stand by themselves are called; None for punctuation and rules, which are not said.

    Args:
        run: ASCII characters without a letter or a digit.
    """
    tail = _TAIL.search(run)
    run = run.removesuffix(tail[0]) if tail else run
    if _RULE.search(run) or (_PROSE.fullmatch(run) and not _OWN.fullmatch(run)):
        return None
    names = [NAMES[symbol] for symbol in _ALONE.findall(run)]
    return " ".join(names) + (tail[0] if tail else "") if names else None
