"""Split and rejoin: a sentence is cut at its protected spans, the text between them is translated, the spans stay.

The way that cannot lose a span, whatever the model does; it keeps the source's order, so it is not the first choice.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from voicectl.actors.translator import guards
from voicectl.actors.translator.placeholders import DIGITS, Masked

_SPAN = re.compile(r"⟦(\d+)⟧")
_BEHIND = " .,;:!?)]}'\"’”—–-/。、，；：！？）」』"
_BEFORE = " ([{'\"‘“—–-/（「『"
"""What can stand behind a span, and before the next; both are cut off."""
_STOPS = str.maketrans({".": "。", ",": "、", "?": "？", "!": "！", ":": "：", ";": "；"})


class Piece(NamedTuple):
    """A part of a sentence between two blanks or spans; ``verbatim`` is not for the model.

    ``blank`` says that the source has a blank before it.
    """

    text: str
    verbatim: bool
    blank: bool


def cut(masked: Masked, *, numbers: bool) -> list[Piece]:
    """Cut a text at its placeholders; plain numbers are cut out only with ``numbers``, else they stay in their piece.

    A piece for the model begins with a letter or a number; what stands before it is a piece of its own.
    """
    text = masked.text
    if not numbers:
        text = _SPAN.sub(lambda match: _plain(masked, match.group(1)) or match.group(), text)
    pieces = []
    for index, part in enumerate(_SPAN.split(text)):
        if index % 2:
            pieces.append(Piece(masked.spans[int(part)].text, True, False))
        elif part:
            words = part.lstrip(_BEHIND).rstrip(_BEFORE) if guards.has_words(part) else ""
            before, _, after = part.partition(words) if words else (part, "", "")
            pieces.append(Piece(before.strip(), True, before[:1].isspace()))
            pieces.append(Piece(words, False, before[-1:].isspace()))
            pieces.append(Piece(after.strip(), True, after[:1].isspace()))
            pieces.append(Piece("", True, part[-1:].isspace()))
    return _with_blanks(pieces)


def join(pieces: Sequence[Piece], texts: Sequence[str], *, spaced: bool) -> str:
    """Put the pieces together, ``texts`` for their own.

    A language without blanks gets one only between two words of Latin letters that had one before.
    """
    out = ""
    for piece, text in zip(pieces, texts, strict=True):
        if not spaced and piece.verbatim and not any(map(str.isalnum, text)):
            text = text.translate(_STOPS)  # noqa: PLW2901
        if out and piece.blank and (spaced or (_is_word(out[-1]) and _is_word(text[:1]))):
            out += " "
        out += text
    return out


def trimmed(source: str, output: str) -> str:
    """Return the output for a piece without the stop that the model put behind a piece that has none."""
    return output.strip() if source.endswith((".", "!", "?")) else output.strip().rstrip("。．.")


def _with_blanks(pieces: Sequence[Piece]) -> list[Piece]:
    """Give the blank at the end of a piece to its successor, and drop the empty pieces."""
    out: list[Piece] = []
    blank = False
    for piece in pieces:
        blank = blank or piece.blank
        if piece.text:
            out.append(piece._replace(blank=blank))
            blank = False
    return out


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "_`'\"/.-)$")


def _plain(masked: Masked, number: str) -> str:
    span = masked.spans[int(number)]
    return span.text if span.kind == DIGITS else ""
