"""Assembles growing source into blocks and lets each sentence go as soon as its end is certain.

``markdown-it-py`` reads the source of the block that is still open again and again; that source is
kept short, because what was said is cut away from it (``_compact``). What must be incremental is
ours: how much of the open block was said, the emphasis open at that place, and how far a code block
has come.
"""

import re

from voicectl.actors.parser.assembly import AssemblerState
from voicectl.actors.parser.blocks import BULLETS, Leaf
from voicectl.actors.parser.compaction import compact
from voicectl.actors.parser.dialect import (
    MAX_SOURCE,
    Certain,
    closed,
    first_clause,
    first_sentence,
    make_dialect,
)
from voicectl.actors.parser.emphasis import COMMENT
from voicectl.actors.parser.endings import complete
from voicectl.actors.parser.pieces import Piece, Pieces
from voicectl.actors.parser.speakable import Plain
from voicectl.actors.parser.wording import Wording
from voicectl.config.settings import ParserSettings

MAX_TAIL = 32_768
"""Characters of source kept for one open block; beyond this the block is ended by force."""

_COMPACT_FROM = 160
_LONG_LINE = 65_536
# A paragraph that so far reads like this may yet turn out to be none.
_UNSURE = re.compile(r"[\[|<`~>]|(?:[-+*_=\#:]*|\d+[.)]?)[ \t]*$")
_HTML_END_CHARS = 10
_HTML_END = re.compile(r"-->|\?>|\]\]>|</(?:pre|script|style|textarea)|<!", re.IGNORECASE)
# An answer of one number, which looks like a list item without text.
_NUMBER = re.compile(r"\s*\d{1,9}\.\s*")
_BULLET = re.compile(rf"\A([ \t>]*)[{BULLETS}](?=[ \t])")
_FENCE_END = re.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*$")


class Assembler:
    """Takes source in units, gives out pieces."""

    def __init__(self, settings: ParserSettings, markdown: bool = True, state: AssemblerState | None = None) -> None:
        self.state = state or AssemblerState()
        self._is_markdown = markdown
        self._dialect = make_dialect(markdown, Wording(settings.urls, settings.emoji))
        self._most = settings.max_sentence_chars
        self._early_clause = settings.early_clause_chars
        self._early = False
        self._open: Leaf | None = None  # the paragraph at the end of the tail, where it is known
        self._pieces = Pieces(settings, self._dialect)
        # How far the text behind (done, said) was searched: no sentence ends before.
        self._passed: tuple[tuple[int, int], int] = ((0, 0), 0)

    @property
    def waiting(self) -> bool:
        """Whether there is text whose end is not certain yet."""
        if self.state.code >= 0:
            return False
        leaf = self._last_leaf()
        return leaf is not None and bool(leaf.content[max(self.state.said, leaf.start) :].strip())

    def push(self, unit: str, early: bool = False) -> list[Piece]:
        """Add a unit of source; return what became certain, ``early``: perhaps only a clause."""
        state = self.state
        self._early = early and self._early_clause > 0
        if not unit.isascii() and self._is_markdown and state.code < 0 and state.tail[-1:] in {"", "\n"}:
            unit = _BULLET.sub(r"\1-", unit)
        if state.code >= 0:
            self._code_lines(unit)
        elif self._open is not None and not state.tail.endswith("\n") and len(state.tail) < MAX_TAIL:
            self._same_line(self._open, unit)
        elif state.html and len(state.tail) < MAX_TAIL and not self._may_end_html(state.line + unit):
            if state.html == "silent":
                state.line = (state.line + unit)[-_HTML_END_CHARS:]
            else:
                state.tail += unit
        else:
            state.tail += state.line + unit
            state.line = ""
            self._read()
        return self._pieces.taken()

    def settle(self) -> list[Piece]:
        """The source pauses: let go what looks complete."""
        leaf = self._last_leaf() if self.state.code < 0 else None
        if leaf is not None and leaf.kind in {"paragraph", "heading"}:
            rest = self._rest(leaf)
            closed_line = self.state.tail.endswith("\n") and (leaf.kind == "heading" or bool(leaf.chain))
            if rest.text and (closed_line or complete(rest.masked()) or rest.text.endswith(":")):
                self._pieces.say(rest, "sentence")
                self.state.said = len(leaf.content)
        return self._pieces.taken()

    def close(self, cut: bool = False) -> list[Piece]:
        """The source ends; ``cut``: in the middle, so an unfinished last sentence is dropped."""
        self._close(cut)
        return self._pieces.taken()

    def _close(self, cut: bool = False) -> None:
        if self.state.code >= 0:
            self._code_lines("\n" if self.state.line else "")
        if self.state.code >= 0:
            self._pieces.announce(self._dialect.leaves(self.state.tail)[-1].language, self.state.code)
        else:
            leaves = self._dialect.leaves(self.state.tail)
            if not leaves and _NUMBER.fullmatch(self.state.tail):
                self._pieces.say(self._dialect.words(self.state.tail.strip()), "paragraph")
            for leaf in leaves[self.state.done :]:
                self._finish(leaf, cut=cut and leaf is leaves[-1] and not self._is_closed(leaf))
        self._start_anew()

    def _start_anew(self) -> None:
        """Forget all source."""
        self.state = AssemblerState()
        self._open = None
        self._passed = ((0, 0), 0)

    def _last_leaf(self) -> Leaf | None:
        """Return the leaf at the end of the tail, if it was not said in full."""
        if self._open is not None:
            return self._open
        leaves = self._dialect.leaves(self.state.tail)
        return leaves[-1] if len(leaves) > self.state.done else None

    # -- reading -------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read the tail again, say what is closed and what is certain of the rest."""
        state = self.state
        if len(state.tail) > MAX_TAIL:
            self._close()
            return
        self._open = None
        state.html = ""
        leaves = self._dialect.leaves(state.tail)
        state.done = min(state.done, len(leaves))
        for number in range(state.done, len(leaves)):
            leaf = leaves[number]
            if number < len(leaves) - 1 or self._is_closed(leaf):
                self._finish(leaf)
            elif leaf.kind == "fence" and state.tail.endswith("\n"):
                self._enter_code(leaf)
                return
            elif leaf.kind == "html" and leaf.silent:
                # In a list or a quote each line must be looked at: it may be the first one behind it.
                state.html = "" if leaf.chain or leaf.quoted else "silent"
            elif leaf.kind == "html" and state.tail.endswith("\n"):
                state.html = "element"
            elif leaf.kind == "code":
                whole = leaf.content.count("\n") - (not state.tail.endswith("\n"))
                self._pieces.read_out(leaf.content.split("\n")[state.told : whole])
                state.told = max(state.told, whole)
            elif leaf.kind == "paragraph":
                self._say_certain(leaf)
                on_last_line = leaf.last > state.tail.count("\n")
                self._open = leaf if on_last_line and not _UNSURE.match(leaf.content) else None
        self._compact(leaves)

    def _same_line(self, leaf: Leaf, unit: str) -> None:
        """Add a unit to the line of the open paragraph: no need to read its block again."""
        blanks = self.state.tail[len(self.state.tail.rstrip(" \t")) :]
        self.state.tail += unit
        leaf.content = (leaf.content + blanks + unit).rstrip()
        self._say_certain(leaf)
        if len(self.state.tail) >= _COMPACT_FROM:
            self._read()

    def _may_end_html(self, unit: str) -> bool:
        """Say whether a unit can end the open HTML block; only then is the block read again."""
        blank_line = not unit.strip(" \t>\n") and self.state.tail.endswith("\n") and self.state.html == "element"
        return blank_line or bool(_HTML_END.search(unit))

    def _is_closed(self, leaf: Leaf) -> bool:
        """Say whether nothing that follows can add to the last leaf of the tail."""
        lines = self.state.tail.count("\n")
        if leaf.kind == "fence":
            return leaf.ended and lines >= leaf.last
        if leaf.kind in {"heading", "row"}:
            return lines >= leaf.last
        return lines > leaf.last and leaf.kind in {"paragraph", "html"}

    def _compact(self, leaves: list[Leaf]) -> None:
        """Cut away source that was said."""
        state = self.state
        if not leaves:
            # Link definitions, rules and blank lines: nothing here is ever said.
            if state.tail.endswith("\n") and not _NUMBER.fullmatch(state.tail):
                state.tail = ""
            return
        last = leaves[-1]
        is_done = state.done == len(leaves)
        if is_done and not last.chain and last.table < 0 and last.kind != "code" and state.tail.endswith("\n"):
            self._start_anew()
        elif len(state.tail) >= _COMPACT_FROM and (again := compact(state, leaves, self._dialect)):
            self._passed = ((0, 0), 0)
            self._open = again if self._open is not None else None

    # -- saying --------------------------------------------------------------------------------

    def _finish(self, leaf: Leaf, cut: bool = False) -> None:
        """Say what is left of a leaf that is closed, and go on to the next one."""
        state = self.state
        if leaf.kind in {"fence", "code"}:
            self._pieces.announce(leaf.language, state.gone + leaf.content.count("\n"))
            self._pieces.read_out(leaf.content.split("\n")[state.told :])
            state.gone = state.told = 0
        elif leaf.kind == "row":
            self._pieces.row(leaf)
        elif leaf.kind == "html":
            for line in leaf.content.split("\n"):
                self._pieces.say(self._dialect.words(line.strip()), "sentence")
        else:
            self._say_certain(leaf)
            rest = self._rest(leaf)
            if not cut or complete(rest.masked()):
                self._pieces.say(rest, "sentence" if leaf.chain else "paragraph")
        state.done += 1
        state.said = 0
        state.marks = ""
        self._passed = ((state.done, 0), 0)

    def _say_certain(self, leaf: Leaf) -> None:
        """Say the sentences of an open paragraph whose ends are certain."""
        state = self.state
        may_be_table = leaf.content.startswith("|") or ("|" in leaf.content and "\n" not in leaf.content)
        if may_be_table and not self._is_closed(leaf) and len(leaf.content) < MAX_SOURCE:
            return
        start = max(state.said, leaf.start)
        # A blank behind the last word, which the content has not, says that it is whole.
        blank = " " if self.state.tail[-1:].isspace() else ""
        while certain := self._certain(leaf.content[start:] + blank):
            self._early = False
            self._pieces.say(certain.plain, certain.pause)
            state.marks = certain.marks
            start += certain.end
            while start < len(leaf.content) and leaf.content[start].isspace():
                start += 1
            state.said = start
            self._passed = ((state.done, start), 0)

    def _certain(self, rest: str) -> Certain | None:
        """Return the first sentence of ``rest``, if its end is certain."""
        place = (self.state.done, self.state.said)
        passed = self._passed[1] if self._passed[0] == place else 0
        certain, passed = first_sentence(self._dialect, self.state.marks, rest, passed, self._most)
        self._passed = (place, passed)
        if certain is None and self._early:
            return first_clause(self._dialect, self.state.marks, rest, self._early_clause)
        return certain

    def _rest(self, leaf: Leaf) -> Plain:
        """Return the words of a paragraph or heading that were not said."""
        source = leaf.content[max(self.state.said, leaf.start) :].rstrip()
        opened = self._dialect.still_open(source).since if COMMENT in source else -1
        if opened >= 0 and source.startswith(COMMENT, opened):  # it was never closed
            source = source[:opened].rstrip()
        return self._dialect.words(closed(self._dialect, self.state.marks + source)) if source else Plain("")

    # -- code ----------------------------------------------------------------------------------

    def _enter_code(self, leaf: Leaf) -> None:
        """Count the lines of an open fence from here on, instead of keeping them."""
        state = self.state
        lines = state.tail.split("\n")
        state.code = 0
        body = lines[leaf.first + 1 :]
        state.tail = "\n".join(lines[: leaf.first + 1]) + "\n"
        self._code_lines("\n".join(body))

    def _code_lines(self, unit: str) -> None:
        """Take source inside a fence; read it as Markdown only where the fence may end."""
        state = self.state
        lines = (state.line + unit).split("\n")
        state.line = lines.pop()[:_LONG_LINE]
        for number, line in enumerate(lines):
            if self._may_end(line):
                leaves = self._dialect.leaves(state.tail + line + "\n")
                fence = leaves[state.done]
                if fence.ended or len(leaves) > state.done + 1:
                    self._pieces.announce(fence.language, state.code)
                    state.tail += "\n".join([*lines[number:], state.line])
                    state.done, state.code, state.line = state.done + 1, -1, ""
                    self._read()
                    return
            state.code += 1
            self._pieces.read_out([line])

    def _may_end(self, line: str) -> bool:
        """Say whether ``line`` could end the open fence (only then is it read)."""
        opening = self.state.tail[self.state.tail.rfind("\n", 0, -1) + 1 :]
        nested = not opening.lstrip(" ").startswith(("`", "~")) or opening.startswith(" ")
        return bool(_FENCE_END.match(line)) or (nested and bool(line.strip()) and not line.startswith("    "))
