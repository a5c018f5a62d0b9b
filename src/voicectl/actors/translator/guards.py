"""What goes into a model and what is fit to be heard of what comes out."""

import re
import unicodedata

_UNSPEAKABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_LOOP = re.compile(r"(.{2,40}?)\1{3,}|(.{4,40}?)\2{2,}")
_UNKNOWN = "⁇"
"""What sentencepiece writes for a piece that the model does not know."""


def clean(text: str) -> str:
    """Return ``text`` without control characters, lone surrogates and double blanks."""
    return " ".join("".join(" " if unicodedata.category(c) in _UNSPEAKABLE else c for c in text).split())


def without_symbols(text: str) -> str:
    """Return ``text`` without emoji and other pictures, which small models do not know."""
    return " ".join("".join(" " if _is_picture(c) else c for c in text).split())


def has_words(text: str) -> bool:
    """Say whether there is a letter in ``text``, so that there is something to translate."""
    return any(c.isalpha() for c in text)


def is_sound(source: str, output: str) -> bool:
    """Say whether an output can be a translation: not empty, no unknown pieces, no loop, not far too long."""
    if not output.strip() or _UNKNOWN in output:
        return False
    if len(output) > 4 * len(source) + 40:
        return False
    return _LOOP.search(output) is None or _LOOP.search(source) is not None


def _is_picture(character: str) -> bool:
    return unicodedata.category(character) == "So" or "\ufe00" <= character <= "\ufe0f"
