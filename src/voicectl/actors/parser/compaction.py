"""Cuts what was said away from the source that is kept for the open block."""

import re

from voicectl.actors.parser.blocks import SENTINEL, Leaf

_ITEM_MARKS = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)+")


def shortened(tail: str, last: Leaf, said: int) -> str:
    """Return the least source that keeps the last leaf of ``tail`` in its place.

    Kept are the marks of the list items around it, the head of its table, and of a paragraph what
    comes after its first ``said`` characters; ``SENTINEL`` stands for what is gone.
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
    if said and last.kind == "paragraph":
        kept.append(_remainder(lines, last, said))
    else:
        kept += lines[first : last.last]
    return "\n".join(kept + lines[last.last :])


def on_one_line(source: str) -> str:
    """Return inline source with its line ends, soft and hard, made blanks."""
    return source.replace("\\\n", " ").replace("\n", " ").lstrip()


def _remainder(lines: list[str], last: Leaf, said: int) -> str:
    """Return one line for the part of a paragraph that was not said, with the marks before its first line."""
    opening = lines[last.first].rstrip()
    beginning = last.content.split("\n", 1)[0].rstrip()
    prefix = opening[: len(opening) - len(beginning)] if opening.endswith(beginning) else ""
    body = "\n".join(lines[last.first : last.last])
    # Blanks at the end of the tail are not part of the content, but of the text to come.
    blanks = body[len(body.rstrip(" \t")) :]
    return prefix + SENTINEL + on_one_line(last.content[said:]) + blanks
