"""Makes the two sides of a pair uniform, and puts placeholders where inline code stands."""

import re
import unicodedata

PLACEHOLDERS = 8
"""How many different pieces of code a sentence may have: ``⟦0⟧`` … ``⟦7⟧``."""

_CODE = re.compile(r"`([^`]+)`")
_ASIDE = re.compile(r"⟦\d⟧")
_CJK = r"\u3005\u3040-\u30ff\u4e00-\u9fff\uff01-\uff60、。「」（）"
_BLANK = re.compile(rf"(?<=[{_CJK}]) +(?=[!-~⟦])|(?<=[!-~⟧]) +(?=[{_CJK}])|(?<=[{_CJK}]) +(?=[{_CJK}])")
_HALF_WIDTH = re.compile(r"[\uff61-\uff9f]+")
_LATIN = re.compile(r"[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_LABEL = re.compile(r"\[([^\[\]]{1,40})\]")
_SHORT = re.compile(
    "(ユーザ|サーバ|コンピュータ|フォルダ|プリンタ|パラメータ|ヘッダ|フッタ|ブラウザ|エディタ|コンパイラ|ドライバ|インタプリタ|"
    "デバッガ|プロバイダ|コントローラ|メンバ|マネージャ|フィルタ|バッファ|カウンタ|モニタ|ルータ|スケジューラ|ハンドラ|リスナ|"
    "ローダ|エンコーダ|デコーダ|イテレータ|ジェネレータ|デコレータ|オペレータ|プロセッサ|レイヤ|ビルダ|レンダラ)(?![ァ-ヺー])"
)
_ENDS_ENGLISH = re.compile(r"[.!?:…\"')\]⟧]$")
_ENDS_JAPANESE = re.compile(r"[。！？：」）…⟧!?:.]$")


def pair(english: str, japanese: str) -> tuple[str, str] | None:
    """Return both sides cleaned, with placeholders for inline code; None if they differ in their code.

    The placeholders are numbered by first appearance in the English.
    """
    spans: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match.group(1) not in spans:
            spans.append(match.group(1))
        return f"⟦{spans.index(match.group(1))}⟧"

    if "⟦" in english + japanese:
        return None
    has_labels = "[" not in english
    english = _CODE.sub(number, english)
    known = len(spans)
    japanese = _CODE.sub(number, _LABEL.sub(r"\1", japanese) if has_labels else japanese)
    if not len(spans) == known <= PLACEHOLDERS or set(_ASIDE.findall(english)) != set(_ASIDE.findall(japanese)):
        return None
    return unicodedata.normalize("NFC", english).strip(), clean_japanese(japanese)


def clean_japanese(text: str) -> str:
    """Return Japanese in one style.

    No blanks beside Japanese characters, full width for katakana and its punctuation, half width for Latin letters and
    digits, the long vowel at the end of loanwords.
    """
    text = unicodedata.normalize("NFC", text)
    text = _HALF_WIDTH.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    text = _LATIN.sub(lambda match: chr(ord(match.group()) - 0xFEE0), text)
    text = text.replace("，", "、").replace("．", "。")
    return _SHORT.sub(r"\1ー", _BLANK.sub("", text)).strip()


def is_sentence(english: str, japanese: str) -> bool:
    """Say whether a pair is a sentence of a length one can listen to, not a title or a table's cell."""
    ends = _ENDS_ENGLISH.search(english) and _ENDS_JAPANESE.search(japanese)
    return bool(ends) and 2 <= len(english.split()) <= 45 and 2 <= len(japanese) <= 160
