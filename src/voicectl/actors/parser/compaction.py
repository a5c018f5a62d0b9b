"""Cuts what was said away from the source that is kept for the open block."""

import re

from voicectl.actors.parser.assembly import AssemblerState
from voicectl.actors.parser.blocks import SENTINEL, Leaf
from voicectl.actors.parser.dialect import Dialect, without_comments

_SILENT = re.compile(r"<!--|<(?:script|style)\b", re.IGNORECASE)
_ITEM_MARKS = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)+")


def compact(state: AssemblerState, leaves: list[Leaf], dialect: Dialect) -> Leaf | None:
    """Cut away source that was said, if what remains still reads the same; return the last leaf in its new place.

    None: nothing was changed.
    """
    last, is_done = leaves[-1], state.done == len(leaves)
    rest: str | None = None
    if last.kind == "paragraph" and not is_done:
        whole = last.content[max(state.said, last.start) :]
        rest = without_comments(dialect, whole)
        rest = rest if state.said or rest != whole else None
    tail = _shortened(state.tail, last, rest)
    again = dialect.leaves(tail)
    if len(tail) >= len(state.tail) or not again or again[-1].kind != last.kind:
        return None
    if rest is not None:
        if again[-1].content[again[-1].start :] != _on_one_line(rest):
            return None
        state.said = again[-1].start
    elif last.kind == "code" and last.content.endswith(again[-1].content):
        gone = last.content.count("\n") - again[-1].content.count("\n")
        state.gone, state.told = state.gone + gone, max(0, state.told - gone)
    elif again[-1].content != last.content:
        return None
    state.tail = tail
    state.done = len(again) if is_done else len(again) - 1
    return again[-1]


def _shortened(tail: str, last: Leaf, rest: str | None) -> str:
    """Return the least source that keeps the last leaf of ``tail`` in its place.

    Kept are the marks of the list items around it, the head of its table, the beginning of a comment, and of a
    paragraph its ``rest`` (None: all of it); ``SENTINEL`` stands for what is gone.
    """
    lines = tail.split("\n")
    kept: list[str] = []
    for number in sorted({number for number in last.chain if number < last.first}):
        marks = _ITEM_MARKS.match(lines[number])
        kept.append(marks.group() + SENTINEL if marks else lines[number])
    if kept:
        kept.append("")  # or a paragraph that follows would go on the item's own one
    first = last.last - 1 if last.kind == "code" else last.first
    if last.table >= 0 and last.table + 2 <= first:
        kept += lines[last.table : last.table + 2]
    if rest is not None:
        kept.append(_remainder(lines, last, rest))
    elif last.silent and (beginning := _SILENT.search(lines[last.first])):
        # What the comment holds is gone; but its end may have begun.
        end = f" {lines[-1][-3:]}" if last.last == len(lines) else ""
        kept.append(lines[last.first][: beginning.end()] + end)
    else:
        kept += lines[first : last.last]
    return "\n".join(kept + lines[last.last :])


def _on_one_line(source: str) -> str:
    """Return inline source with its line ends, soft and hard, made blanks."""
    return source.replace("\\\n", " ").replace("\n", " ").lstrip()


def _remainder(lines: list[str], last: Leaf, rest: str) -> str:
    """Return one line for the part of a paragraph that was not said, with the marks before its first line."""
    opening = lines[last.first].rstrip()
    beginning = last.content.split("\n", 1)[0].rstrip()
    prefix = opening[: len(opening) - len(beginning)] if opening.endswith(beginning) else ""
    body = "\n".join(lines[last.first : last.last])
    # Blanks at the end of the tail are not part of the content, but of the text to come.
    blanks = body[len(body.rstrip(" \t")) :]
    return prefix + SENTINEL + _on_one_line(rest) + blanks
