"""Text as speech programs may be given it."""

import unicodedata


def plain(text: str) -> str:
    """Return a text without what espeak-ng and ``say`` take as commands: control characters, and ``[[``."""
    text = "".join(" " if unicodedata.category(character)[0] == "C" else character for character in text)
    return text.replace("[[", "[ [")
