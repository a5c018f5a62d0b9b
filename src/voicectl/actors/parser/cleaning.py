"""Takes out of text what cannot be spoken, and tells text from what is plainly none."""

import re

MISFIT = "\ufffd"
"""Stands for every character that is no text, until its unit is judged."""

# At most so long, that no text is held for ever because it might be one.
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b\n]{0,2048}(?:\x07|\x1b\\)|[()][0-9A-Z]|[0-9c=>A-Z\\^_])|\x1b"
)
_UNFINISHED_ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|\][^\x07\x1b\n]{0,2048}\x1b?|[()])?\Z")
# Control characters but blanks; half characters (pairs are joined before); U+E000, the assembler's own mark;
# code points that are no characters.
_MISFITS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000\ufdd0-\ufdef\ufffe\uffff]")
_FEW = 4
_SHARE = 8
_TRUSTED = 16


class Cleaner:
    """Cleans text as it arrives; ``held`` is the half of a character or of a terminal's escape sequence at its end.

    ``held`` is given as UTF-16 (little endian), which can hold half a character.
    """

    def __init__(self, held: bytes = b"") -> None:
        self._held = held.decode("utf-16-le", "surrogatepass")

    @property
    def held(self) -> bytes:
        """What waits for its other half."""
        return self._held.encode("utf-16-le", "surrogatepass")

    def clean(self, text: str) -> str:
        """Return text without escape sequences and carriage returns, with ``MISFIT`` for what cannot be text."""
        if not self._held and text.isprintable():
            return text
        text = self._held + text
        self._held = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        if not text.isascii():
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if "\x1b" in text:
            if unfinished := _UNFINISHED_ESCAPE.search(text):
                text, self._held = text[: unfinished.start()], unfinished.group() + self._held
            # What remains of them must not join into new ones.
            text = _ESCAPE.sub(lambda match: MISFIT if match.group() == "\x1b" else "", text)
        return _MISFITS.sub(MISFIT, text.replace("\r", " "))


def is_text(unit: str, after_noise: bool) -> bool:
    """Say whether a unit is text: few of its characters are misfits; behind noise, none of many."""
    misfits = unit.count(MISFIT)
    if after_noise:
        return not misfits and len(unit) >= _TRUSTED
    return misfits < _FEW or misfits * _SHARE <= len(unit)
