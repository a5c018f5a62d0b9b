"""What inline Markdown is still open at the end of a piece of source.

A sentence may be spoken as soon as nothing that would change it is open: a code span, a link, a
formula. Emphasis is different: ``**Note. It works.**`` is two sentences; the marks are carried over
the cut, closed behind the first sentence and opened again before the second one.
"""

import re
from typing import NamedTuple

from voicectl.actors.parser.inline import PRODUCT

_PATIENCE = 400
"""Characters; what stays open for longer was meant literally."""

_MOST_MARKS = 6
"""Marks; more of them open at once are not emphasis."""

_TOKEN = re.compile(
    r"\\[(\[]|\\.|`+|\$+|[\[\]]|\*+|_+|~~+|<(?=[A-Za-z/!?])",
    re.DOTALL,
)
_PRODUCT = re.compile(PRODUCT)
_TARGET = re.compile(r"\((?:[^()\\\s]|\\.|\([^()\s]*\)|\s+(?:\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))\s*\)?)*\)?", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")


COMMENT = "<!--"
"""Begins a comment, which stays open however long it is."""


class Open(NamedTuple):
    """What is open at the end of inline source.

    ``marks`` is the emphasis, outermost first, e.g. ``***``; ``since`` the place of the first
    code span, link, tag, comment or formula that is still open (-1: none).
    """

    marks: str
    since: int


def still_open(source: str) -> Open:
    """Return what is open at the end of ``source``."""
    marks: list[tuple[str, int]] = []
    brackets: list[int] = []
    since = -1
    position = 0
    while match := _TOKEN.search(source, position):
        token, position = match.group(), match.end()
        if token[0] in "`$\\<":
            end = _closing(source, token, match.start(), position)
            if end is None:
                since = match.start()
                break
            position = end
        elif token[0] == "*" and _PRODUCT.match(source, match.start()):
            continue
        elif token == "[":
            brackets.append(match.start())
        elif token == "]":
            if brackets:
                bracket = brackets.pop()
                position = _skip_target(source, position)
                if position < 0:
                    since = bracket if len(source) - bracket < _PATIENCE else -1
                    break
        else:
            _emphasis(source, match, marks)
    bracket = next((start for start in brackets if len(source) - start < _PATIENCE), -1)
    since = bracket if since < 0 or 0 <= bracket < since else since
    open_marks = "".join(mark * length for mark, length in marks)
    return Open(open_marks if len(open_marks) <= _MOST_MARKS else "", since)


def _skip_target(source: str, position: int) -> int:
    """Return the place behind the target ``(…)`` of a link whose text ended at ``position``; -1: it is still open."""
    match = _TARGET.match(source, position)
    if match is None:
        return position
    if match.group().endswith(")"):
        return match.end()
    return -1 if match.end() == len(source) else position


def _closing(source: str, token: str, start: int, position: int) -> int | None:
    """Return the place behind what ``token`` opens; None if it is still open, else behind the token."""
    if source.startswith(COMMENT, start):
        found = source.find("-->", start + len(COMMENT))
        return found + 3 if found >= 0 else None
    if token[0] == "<":
        tag = _TAG.match(source, start)
        end = tag.end() if tag else -1
    elif token[0] == "`":
        closing = re.compile(r"(?<!`)" + token + r"(?!`)").search(source, position)
        end = closing.end() if closing else -1
    elif token in {"\\(", "\\["}:
        found = source.find("\\)" if token == "\\(" else "\\]", position)
        end = found + 2 if found >= 0 else -1
    elif token == "$$":
        found = source.find("$$", position)
        end = found + 2 if found >= 0 else -1
    else:  # an escaped character, or a single $: a price more often than a formula
        return position
    if end >= 0:
        return end
    return None if len(source) - start < _PATIENCE else position


def _emphasis(source: str, match: re.Match[str], marks: list[tuple[str, int]]) -> None:
    """Close or open the emphasis of a run of ``*``, ``_`` or ``~`` (CommonMark's flanking rules, simplified)."""
    mark, length = match.group()[0], len(match.group())
    before = source[match.start() - 1] if match.start() else " "
    after = source[match.end()] if match.end() < len(source) else " "
    if not before.isspace() and not (mark == "_" and after.isalnum()):
        while length and (place := _last(marks, mark)) is not None:
            open_length = marks[place][1]
            taken = min(open_length, length)
            length -= taken
            del marks[place:]
            if open_length > taken:
                marks.append((mark, open_length - taken))
    if not length or after.isspace() or before.isalnum():
        return
    # An underscore before a small letter is more often a name (_private) than emphasis.
    if mark != "_" or after.isupper():
        marks.append((mark, min(length, 3)))


def _last(marks: list[tuple[str, int]], mark: str) -> int | None:
    """Return the index of the innermost open ``mark``."""
    return next((i for i in range(len(marks) - 1, -1, -1) if marks[i][0] == mark), None)
