"""What is remembered of a text while its sentences are being put together."""

from typing import Literal

import msgspec


class AssemblerState(msgspec.Struct):
    """All that the assembler remembers between two units.

    ``tail`` is the source kept, ``done`` the number of its leaves that were said in full, ``said`` the
    number of characters said of the next one, ``marks`` the emphasis open there. ``code`` counts the
    lines of the open fence (-1: none), ``line`` is its unfinished line. ``html`` says what kind of HTML
    block is open at the end of the tail; of what a comment or a script holds only the end is kept, in ``line``.
    ``gone`` counts the lines of the open indented code block that were cut from the tail, ``told`` those of its
    kept lines that were read out.
    """

    tail: str = ""
    done: int = 0
    said: int = 0
    marks: str = ""
    code: int = -1
    line: str = ""
    html: Literal["", "element", "silent"] = ""
    gone: int = 0
    told: int = 0
