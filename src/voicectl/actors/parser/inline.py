"""The Markdown reader (markdown-it-py) with our own inline rules: formulas, footnote marks, marks meant literally."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_FORMULA = re.compile(
    r"\$\$(?P<display>.*?)\$\$|\\\[(?P<bracket>.*?)\\\]|\\\((?P<paren>.*?)\\\)"
    r"|\$(?P<dollar>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\d)",
    re.DOTALL,
)
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,40}\]")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SPACING = re.compile(r"\\(?:[,;:!> ]|(?:left|right|big|Big|quad|qquad|displaystyle|limits)(?![A-Za-z]))")
_MACRO = re.compile(r"\\(?:(?:text|math|operator)[a-z]*(?=\{)|(?P<name>[A-Za-z]+|[%$#&_]))")
_SIGNS = {
    "times": "×",
    "cdot": "·",
    "div": "÷",
    "pm": "±",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "ne": "≠",
    "neq": "≠",
    "approx": "≈",
    "to": "→",
    "rightarrow": "→",
    "ldots": "...",
    "dots": "...",
    "cdots": "...",
    "infty": "infinity",
    "sqrt": "√",
    "sum": "sum",
}
# Products of numbers, and Python's names with double underscores.
PRODUCT = r"(?<=\d)\*+(?=[\d(])|(?<=\))\*+(?=\d)"
_LITERAL = re.compile(rf"{PRODUCT}|(?:(?<=\.)|(?<!\w))__\w+?__(?=\.\w|\()|(?<=\.)__\w+?__(?!\w)")


def make_markdown() -> MarkdownIt:
    """Return a reader of CommonMark with tables and strikethrough; its nesting is bounded."""
    markdown = MarkdownIt("commonmark", {"maxNesting": 20}).enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "formula", _formula)
    markdown.inline.ruler.before("link", "footnote_mark", _footnote_mark)
    markdown.inline.ruler.before("emphasis", "literal", _literal)
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
        token.content = _formula_words(inner)
    state.pos = match.end()
    return True


def _formula_words(source: str) -> str:
    """Return a formula without its markup."""
    source = _SPACING.sub(" ", _FRACTION.sub(r"\1/\2", source))
    source = _MACRO.sub(lambda match: _SIGNS.get(match["name"], match["name"] or ""), source)
    return " ".join(source.replace("{", "").replace("}", "").split())


def _footnote_mark(state: StateInline, silent: bool) -> bool:
    """Skip a footnote mark such as ``[^1]``."""
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    state.pos = match.end()
    return True


def _literal(state: StateInline, silent: bool) -> bool:
    """Leave marks alone that look like emphasis and are none."""
    if state.src[state.pos] not in "*_":
        return False
    match = _LITERAL.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.pending += match.group()
    state.pos = match.end()
    return True
