"""What is said of HTML: the text between the tags."""

import re

from markdown_it.common.html_blocks import block_names

SILENT = re.compile(r"\s*(?:<!--(?!.*-->)|<(script|style)\b(?!.*</\1))", re.DOTALL | re.IGNORECASE)
"""The beginning of a block that is a comment (script, style) so far."""

_UNHEARD = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|svg)\b.*?(?:</\1\s*>|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL | re.I)
_BETWEEN_CELLS = re.compile(r"</t[dh]\s*>\s*(?=<t[dh]\b)", re.IGNORECASE)
_BREAKING = [name for name in block_names if name not in {"td", "th"}]
_BLOCK_TAG = re.compile(rf"</?(?:{'|'.join(_BREAKING)}|button|pre)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<![A-Z][^<>]*>")
_INLINE_NAMES = (
    "a|abbr|acronym|audio|b|bdi|bdo|big|br|button|canvas|cite|code|data|datalist|del|dfn|em|embed|font|i|img|input|ins|"
    "kbd|label|map|mark|meter|nobr|object|output|picture|pre|progress|q|rp|rt|ruby|s|samp|script|select|slot|small|span|"
    "strike|strong|style|sub|sup|svg|template|textarea|time|tt|u|var|video|wbr"
)
_NAME = re.compile(rf"{_INLINE_NAMES}|{'|'.join(block_names)}", re.IGNORECASE)
_BARE = re.compile(r"<([A-Za-z][\w-]*)>")


def block_text(source: str) -> str:
    """Return the text of an HTML block, each of its paragraphs, headings, rows and items on a line of its own."""
    text = _UNHEARD.sub("", source)
    if "<pre" not in text.lower():
        text = text.replace("\n", " ")
    text = _BLOCK_TAG.sub("\n", _BETWEEN_CELLS.sub(", ", text))
    return _TAG.sub("", _BREAK.sub(" ", text))


def placeholder(tag: str, before: str, following: str) -> str:
    """Return what is said for a tag inside text: of ``<your-name>`` its words, of ``Vec<T>`` all; of HTML nothing.

    ``before`` and ``following`` are the characters around it.
    """
    bare = _BARE.fullmatch(tag)
    if not bare or _NAME.fullmatch(bare[1]) or following.isalnum():
        return ""
    return tag if before.isalnum() else bare[1]
