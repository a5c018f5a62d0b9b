"""The Markdown reader (markdown-it-py) with two inline rules of our own: formulas and footnote marks."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_FORMULA = re.compile(
    r"\$\$(?P<display>.*?)\$\$|\\\[(?P<bracket>.*?)\\\]|\\\((?P<paren>.*?)\\\)"
    r"|\$(?P<dollar>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\d)",
    re.DOTALL,
)
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,40}\]")
_MACRO = re.compile(r"\\([A-Za-z]+)")


def make_markdown() -> MarkdownIt:
    """Return a reader of CommonMark with tables and strikethrough; its nesting is bounded."""
    markdown = MarkdownIt("commonmark", {"maxNesting": 20}).enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "formula", _formula)
    markdown.inline.ruler.before("link", "footnote_mark", _footnote_mark)
    return markdown


def _formula(state: StateInline, silent: bool) -> bool:
    """Read ``$O(n)$`` and its kin; a display formula gives nothing, an inline one its letters."""
    if state.src[state.pos] not in "$\\":
        return False
    match = _FORMULA.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        inner = match["paren"] or match["dollar"] or ""
        token = state.push("formula", "", 0)
        token.content = " ".join(_MACRO.sub(r"\1", inner).replace("{", "").replace("}", "").split())
    state.pos = match.end()
    return True


def _footnote_mark(state: StateInline, silent: bool) -> bool:
    """Skip a footnote mark such as ``[^1]``."""
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    state.pos = match.end()
    return True
