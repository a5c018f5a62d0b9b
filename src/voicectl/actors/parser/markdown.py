"""Assembles growing source into blocks and lets each sentence go as soon as its end is certain.

``markdown-it-py`` reads the source of the block that is still open again and again; that source is
kept short, because what was said is cut away from it (``_compact``). What must be incremental is
ours: how much of the open block was said, the emphasis open at that place, and how far a code block
has come.
"""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from voicectl.actors.parser import sentences
from voicectl.actors.parser.blocks import SENTINEL, Leaf, markdown_leaves, text_leaves
from voicectl.actors.parser.code import announcement
from voicectl.actors.parser.emphasis import Open, still_open
from voicectl.actors.parser.speakable import Plain, literal, speakable
from voicectl.protocol.messages import Pause, Span

MAX_TAIL = 32_768
"""Characters of source kept for one open block; beyond this the block is ended by force."""

_COMPACT_FROM = 512
_LONG_LINE = 65_536
_MOST_MARKS = 6
_ITEM_MARKS = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)+")
# A paragraph that so far reads like this may yet turn out to be none.
_UNSURE = re.compile(r"[\[|<`~>]|(?:[-+*_=\#:]*|\d+[.)]?)[ \t]*$")
_FENCE_END = re.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*$")


class Piece(NamedTuple):
    """A sentence that may be spoken."""

    text: str
    spans: tuple[Span, ...]
    pause: Pause


class Certain(NamedTuple):
    """The first sentence of some source: the length of its source, the emphasis left open there, its words."""

    end: int
    marks: str
    plain: Plain


class Dialect(NamedTuple):
    """How source is read: its blocks, what inline markup is open at its end, its words."""

    leaves: Callable[[str], list[Leaf]]
    still_open: Callable[[str], Open]
    words: Callable[[str], Plain]


MARKDOWN = Dialect(markdown_leaves, still_open, speakable)
TEXT = Dialect(text_leaves, lambda source: Open("", -1), literal)


class AssemblerState(msgspec.Struct):
    """All that the assembler remembers between two units.

    ``tail`` is the source kept, ``done`` the number of its leaves that were said in full, ``said`` the
    number of characters said of the next one, ``marks`` the emphasis open there. ``code`` counts the
    lines of the open fence (-1: none), ``line`` is its unfinished line.
    """

    tail: str = ""
    done: int = 0
    said: int = 0
    marks: str = ""
    code: int = -1
    line: str = ""


class Assembler:
    """Takes source in units, gives out pieces."""

    def __init__(
        self, dialect: Dialect, code: Literal["drop", "announce"], state: AssemblerState | None = None
    ) -> None:
        self.state = state or AssemblerState()
        self._dialect = dialect
        self._code = code
        self._open: Leaf | None = None  # the paragraph at the end of the tail, where it is known
        self._pieces: list[Piece] = []
        # How far the text behind (done, said) was searched: no sentence ends before.
        self._passed: tuple[tuple[int, int], int] = ((0, 0), 0)

    @property
    def waiting(self) -> bool:
        """Whether there is text whose end is not certain yet."""
        if self.state.code >= 0:
            return False
        leaf = self._last_leaf()
        return leaf is not None and bool(leaf.content[max(self.state.said, leaf.start) :].strip())

    def push(self, unit: str) -> list[Piece]:
        """Add a unit of source; return what became certain."""
        state = self.state
        if state.code >= 0:
            self._code_lines(unit)
        elif self._open is not None and not state.tail.endswith("\n") and len(state.tail) < MAX_TAIL:
            self._same_line(self._open, unit)
        else:
            state.tail += unit
            self._read()
        return self._taken()

    def settle(self) -> list[Piece]:
        """The source pauses: let go what looks complete."""
        leaf = self._last_leaf() if self.state.code < 0 else None
        if leaf is not None and leaf.kind in {"paragraph", "heading"}:
            rest = leaf.content[max(self.state.said, leaf.start) :].rstrip()
            closed_line = self.state.tail.endswith("\n") and (leaf.kind == "heading" or bool(leaf.chain))
            plain = self._dialect.words(self._closed(rest)).masked()
            if rest and (closed_line or sentences.complete(plain) or plain.endswith(":")):
                self._say_rest(leaf, "sentence")
                self.state.said = len(leaf.content)
        return self._taken()

    def close(self, cut: bool = False) -> list[Piece]:
        """The source ends; ``cut``: in the middle, so an unfinished last sentence is dropped."""
        if self.state.code >= 0:
            self._code_lines("\n" if self.state.line else "")
        if self.state.code >= 0:
            self._announce(self._dialect.leaves(self.state.tail)[-1].language, self.state.code)
        else:
            leaves = self._dialect.leaves(self.state.tail)
            for leaf in leaves[self.state.done :]:
                self._finish(leaf, cut=cut and leaf is leaves[-1] and not self._is_closed(leaf))
        self._start_anew()
        return self._taken()

    def _start_anew(self) -> None:
        """Forget all source."""
        self.state = AssemblerState()
        self._open = None
        self._passed = ((0, 0), 0)

    def _taken(self) -> list[Piece]:
        pieces, self._pieces = self._pieces, []
        return pieces

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
            self._pieces = self.close()
            return
        self._open = None
        leaves = self._dialect.leaves(state.tail)
        state.done = min(state.done, len(leaves))
        for number in range(state.done, len(leaves)):
            leaf = leaves[number]
            if number < len(leaves) - 1 or self._is_closed(leaf):
                self._finish(leaf)
            elif leaf.kind == "fence" and state.tail.endswith("\n"):
                self._enter_code(leaf)
                return
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

    def _is_closed(self, leaf: Leaf) -> bool:
        """Say whether nothing that follows can add to the last leaf of the tail."""
        lines = self.state.tail.count("\n")
        if leaf.kind == "fence":
            return leaf.ended and lines >= leaf.last
        if leaf.kind in {"heading", "row"}:
            return lines >= leaf.last
        return lines > leaf.last and leaf.kind in {"paragraph", "html"}

    def _compact(self, leaves: list[Leaf]) -> None:
        """Cut away source that was said, if what remains still reads the same."""
        state = self.state
        if not leaves:
            # Link definitions, rules and blank lines: nothing here is ever said.
            state.tail = "" if state.tail.endswith("\n") else state.tail
            return
        last = leaves[-1]
        is_done = state.done == len(leaves)
        if is_done and not last.chain and last.table < 0 and last.kind != "code" and state.tail.endswith("\n"):
            self._start_anew()
            return
        if len(state.tail) < _COMPACT_FROM:
            return
        tail = self._shortened(last, 0 if is_done else state.said)
        again = self._dialect.leaves(tail)
        if len(tail) >= len(state.tail) or not again or again[-1].kind != last.kind:
            return
        rest = "" if is_done else last.content[state.said :]
        if last.kind == "paragraph" and not is_done and state.said:
            if again[-1].content[again[-1].start :] != _on_one_line(rest):
                return
            state.said = again[-1].start
        elif again[-1].content != last.content and last.kind != "code":
            return
        state.tail = tail
        self._passed = ((0, 0), 0)
        state.done = len(again) if is_done else len(again) - 1
        self._open = again[-1] if self._open is not None else None

    def _shortened(self, last: Leaf, said: int) -> str:
        """Return the least source that keeps the last leaf of the tail in its place."""
        lines = self.state.tail.split("\n")
        kept: list[str] = []
        for number in sorted({number for number in last.chain if number < last.first}):
            marks = _ITEM_MARKS.match(lines[number])
            kept.append(marks.group() + SENTINEL if marks else lines[number])
        if kept:
            kept.append("")  # or a paragraph that follows would go on the item's own one
        first = last.last - 1 if last.kind == "code" else last.first
        if 0 <= last.table < first:
            kept += [line for line in lines[last.table : last.table + 2] if last.table + 2 <= first]
        if said and last.kind == "paragraph":
            opening = lines[first].rstrip()
            beginning = last.content.split("\n", 1)[0].rstrip()
            prefix = opening[: len(opening) - len(beginning)] if opening.endswith(beginning) else ""
            rest = _on_one_line(last.content[said:])
            # Blanks at the end of the tail are not part of the content, but of the text to come.
            body = "\n".join(lines[first : last.last])
            kept.append(prefix + SENTINEL + rest + body[len(body.rstrip(" \t")) :])
        else:
            kept += lines[first : last.last]
        return "\n".join(kept + lines[last.last :])

    # -- saying --------------------------------------------------------------------------------

    def _finish(self, leaf: Leaf, cut: bool = False) -> None:
        """Say what is left of a leaf that is closed, and go on to the next one."""
        state = self.state
        if leaf.kind in {"fence", "code"}:
            self._announce(leaf.language, leaf.content.count("\n"))
        elif leaf.kind == "row":
            words = [self._dialect.words(cell) for cell in leaf.cells]
            self._say(_joined([word for word in words if word.text]), "sentence")
        elif leaf.kind == "html":
            for line in leaf.content.split("\n"):
                self._say(self._dialect.words(line.strip()), "sentence")
        else:
            self._say_certain(leaf)
            rest = self._dialect.words(self._closed(leaf.content[max(state.said, leaf.start) :].rstrip()))
            if not cut or sentences.complete(rest.masked()):
                self._say_rest(leaf, "sentence" if leaf.chain else "paragraph")
        state.done += 1
        state.said = 0
        state.marks = ""
        self._passed = ((state.done, 0), 0)

    def _say_certain(self, leaf: Leaf) -> None:
        """Say the sentences of an open paragraph whose ends are certain."""
        state = self.state
        if leaf.content.lstrip().startswith("|") or (
            "|" in leaf.content and "\n" not in leaf.content and leaf.table < 0
        ):
            if not self._is_closed(leaf) and len(leaf.content) < sentences.MAX_SENTENCE:
                return  # may become the head of a table
        start = max(state.said, leaf.start)
        while (certain := self._certain(leaf.content[start:])) is not None:
            self._say(certain.plain, "sentence")
            state.marks = certain.marks if len(certain.marks) <= _MOST_MARKS else ""
            start += certain.end
            while start < len(leaf.content) and leaf.content[start].isspace():
                start += 1
            state.said = start
            self._passed = ((state.done, start), 0)

    def _certain(self, rest: str) -> Certain | None:
        """Return the first sentence of ``rest``, or None if its end is not certain."""
        place = (self.state.done, self.state.said)
        passed = self._passed[1] if self._passed[0] == place else 0
        found = [candidate for candidate in sentences.candidates(rest) if candidate.end > passed]
        since = self._dialect.still_open(self.state.marks + rest).since - len(self.state.marks) if found else -1
        for candidate in found:
            # What is open still cannot have been closed before: nothing ends behind its beginning.
            if candidate.end > sentences.MAX_SENTENCE or 0 <= since < candidate.end:
                break
            certain = self._cut(rest, candidate.end)
            if certain and sentences.is_end(certain.plain.masked(), candidate.decider):
                return certain
            self._passed = (place, candidate.end)
        if len(rest) <= sentences.MAX_SENTENCE:
            return None
        blank = rest.rfind(" ", 1, sentences.MAX_SENTENCE)
        return self._cut(rest, blank if blank > 0 else sentences.MAX_SENTENCE, by_force=True)

    def _cut(self, rest: str, end: int, by_force: bool = False) -> Certain | None:
        """Return rest[:end] as a sentence, or None if more than emphasis is open at its end."""
        source = self.state.marks + rest[:end]
        marks, since = self._dialect.still_open(source)
        if since >= 0 and not by_force:
            return None
        return Certain(end, marks, self._dialect.words(source + marks[::-1]))

    def _closed(self, source: str) -> str:
        """Return source with the emphasis that was carried to it opened, and closed where it is open."""
        source = self.state.marks + source
        return source + self._dialect.still_open(source).marks[::-1]

    def _say_rest(self, leaf: Leaf, pause: Pause) -> None:
        """Say all that was not said of a paragraph or heading."""
        source = leaf.content[max(self.state.said, leaf.start) :].rstrip()
        if source:
            self._say(self._dialect.words(self._closed(source)), pause)

    def _say(self, plain: Plain, pause: Pause) -> None:
        """Give out the sentences of ``plain``; the pause is the last one's."""
        first = len(self._pieces)
        for start, end in sentences.split(plain.veiled()):
            text = plain.text[start:end]
            if any(character.isalnum() for character in text):
                self._pieces.append(Piece(text, plain.spans(start, end), "sentence"))
        if len(self._pieces) > first:
            self._pieces[-1] = self._pieces[-1]._replace(pause=pause)

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
            if not self._may_end(line):
                state.code += 1
                continue
            leaves = self._dialect.leaves(state.tail + line + "\n")
            fence = leaves[state.done]
            if not fence.ended and len(leaves) == state.done + 1:
                state.code += 1
                continue
            self._announce(fence.language, state.code)
            state.tail += "\n".join([*lines[number:], state.line])
            state.done, state.code, state.line = state.done + 1, -1, ""
            self._read()
            return

    def _may_end(self, line: str) -> bool:
        """Say whether ``line`` could end the open fence (only then is it read)."""
        opening = self.state.tail[self.state.tail.rfind("\n", 0, -1) + 1 :]
        nested = not opening.lstrip(" ").startswith(("`", "~")) or opening.startswith(" ")
        return bool(_FENCE_END.match(line)) or (nested and bool(line.strip()) and not line.startswith("    "))

    def _announce(self, language: str, lines: int) -> None:
        if self._code == "announce":
            self._pieces.append(Piece(announcement(language, lines), (), "sentence"))


def _on_one_line(source: str) -> str:
    """Return inline source with its line ends, soft and hard, made blanks."""
    return source.replace("\\\n", " ").replace("\n", " ").lstrip()


def _joined(cells: list[Plain]) -> Plain:
    """Return the words of a table row: its cells, joined by commas."""
    text = ""
    protected: list[tuple[int, int, str]] = []
    for cell in cells:
        text += ", " if text else ""
        protected += [(start + len(text), end + len(text), kind) for start, end, kind in cell.protected]
        text += cell.text
    return Plain(text, tuple(protected))
