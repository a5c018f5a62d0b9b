"""Markdown (and plain text) source to its leaf blocks: paragraphs, headings, rows, code."""

import re
from dataclasses import dataclass, field
from typing import Literal

from markdown_it.token import Token

from voicectl.actors.parser import html
from voicectl.actors.parser.inline import make_markdown

Kind = Literal["paragraph", "heading", "row", "fence", "code", "html"]

SENTINEL = "\ue000"
"""Stands in kept source for text that was said already; a private character, so that it begins no markup."""

BULLETS = "•◦▪‣"
"""Begin a list item too, although Markdown does not know them."""

_MARKDOWN = make_markdown()
_SKIPPED = re.compile(rf"(?:{SENTINEL}+|\[\^[^\]\s]{{1,40}}\]:[ \t]*)?")
_SKIPPED_IN_ITEM = re.compile(rf"(?:{SENTINEL}+|\[[ xX]\](?:[ \t]+|$)|\[\^[^\]\s]{{1,40}}\]:[ \t]*)?")


@dataclass
class Leaf:
    """A block that holds text itself.

    ``first`` and ``last`` are its lines (``last`` exclusive); ``cells`` holds a row's cells, ``head`` those of
    the first row of its table (empty: it is the first row itself);
    ``chain`` the first lines of the list items around it, ``table`` the first line of its table;
    ``ended`` says that a fence was closed, ``silent`` that HTML is a comment (script, style) so far.
    """

    kind: Kind
    content: str
    first: int
    last: int
    chain: tuple[int, ...] = ()
    quoted: bool = False
    table: int = -1
    language: str = ""
    ended: bool = False
    silent: bool = False
    cells: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)

    @property
    def start(self) -> int:
        """The place in ``content`` at which the text to be said begins (behind a check box, a footnote's name)."""
        pattern = _SKIPPED_IN_ITEM if self.chain else _SKIPPED
        match = pattern.match(self.content)
        return match.end() if match else 0


def markdown_leaves(source: str) -> list[Leaf]:
    """Return the leaf blocks of Markdown ``source`` in order."""
    tokens: list[Token] = []
    _MARKDOWN.block.parse(source, _MARKDOWN, {}, tokens)
    leaves: list[Leaf] = []
    items: list[int] = []
    quotes = 0
    table = -1
    head: list[str] = []
    for token in tokens:
        first, last = token.map or (0, 0)
        if token.type == "list_item_open":
            items.append(first)
        elif token.type == "list_item_close":
            items.pop()
        elif token.type in {"blockquote_open", "blockquote_close"}:
            quotes += token.nesting
        elif token.type == "table_open":
            table, head = first, []
        elif token.type == "table_close":
            table = -1
        elif token.type in _LEAVES:
            leaf = Leaf(_LEAVES[token.type], token.content, first, last, tuple(items), quotes > 0, table, head=head)
            if leaf.kind == "row" and not head:
                head = leaf.cells
            _describe(leaf, token)
            leaves.append(leaf)
        elif token.type == "inline":
            _fill(leaves[-1], token.content)
    return leaves


_LEAVES: dict[str, Kind] = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "tr_open": "row",
    "fence": "fence",
    "code_block": "code",
    "html_block": "html",
}


def _describe(leaf: Leaf, token: Token) -> None:
    """Fill in what only some kinds of leaf have."""
    if leaf.kind == "fence":
        words = token.info.split()
        leaf.language = words[0].strip("{}.").lower() if words else ""
        # markdown-it counts the closing mark among the lines only where there is one.
        leaf.ended = leaf.last - leaf.first - 1 > token.content.count("\n")
    elif leaf.kind == "html":
        leaf.silent = bool(html.SILENT.match(token.content))
        leaf.content = html.block_text(token.content)


def _fill(leaf: Leaf, content: str) -> None:
    """Give a leaf the text of one of its inline tokens."""
    if leaf.kind == "row":
        leaf.cells.append(content)
    else:
        leaf.content = content


def text_leaves(source: str) -> list[Leaf]:
    """Return the paragraphs of plain text: runs of lines that are not blank."""
    leaves: list[Leaf] = []
    previous_blank = True
    for number, line in enumerate(source.split("\n")):
        blank = not line.strip()
        if not blank and previous_blank:
            leaves.append(Leaf("paragraph", line.strip(), number, number + 1))
        elif not blank:
            leaf = leaves[-1]
            leaf.content, leaf.last = f"{leaf.content}\n{line.strip()}", number + 1
        previous_blank = blank
    return leaves
