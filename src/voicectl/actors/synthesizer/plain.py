"""What the programs that speak have in common: the text they may be given, and why they ended."""

import unicodedata


def plain(text: str) -> str:
    """Return a text without what espeak-ng and ``say`` take as commands: control characters, and ``[[``."""
    text = "".join(" " if unicodedata.category(character)[0] == "C" else character for character in text)
    return text.replace("[[", "[ [")


def complaint(status: int, stderr: bytes) -> str:
    """Return why a program ended, in a few words: its last line, or else its exit status (negative: a signal)."""
    if status < 0:
        return f"killed by signal {-status}"
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit status {status}"
