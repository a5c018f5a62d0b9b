"""How the listener wants addresses and emoji to be said."""

import re
import unicodedata
from typing import Literal, NamedTuple
from urllib.parse import urlsplit


class Wording(NamedTuple):
    """The choices of the settings ``parser.urls`` and ``parser.emoji``."""

    urls: Literal["host", "full", "link", "drop"] = "host"
    emoji: Literal["drop", "name"] = "drop"


_SCHEME = re.compile(r"^(?:\w+://)?(?:www\.)?")
# Pictures and dingbats with what modifies them; three lines, rules and blocks in a row are a drawing.
_BASE = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u23e9-\u23fa\u231a\u231b\u3030\u303d"
_MODIFIER = "\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
_EMOJI = re.compile(f"[ \t]*(?:[{_BASE}][{_MODIFIER}]*|[0-9#*]\ufe0f?\u20e3)+|[\ufe0f\u20e3\U000e0020-\U000e007f]+")
_ONE_EMOJI = re.compile(f"[{_BASE}](?:\u200d?[{_MODIFIER}])*|[0-9#*](?=\ufe0f?\u20e3)")
_DRAWING = re.compile("[ \t]*(?:[\u2500-\u259f]|={4}|-{4}|_{4}|\\*{4}|~{4}|#{4})[\u2500-\u259f=_*~#-]*")
_NAMES = {
    "\u2705": "check mark",
    "\u2713": "check mark",
    "\u2714": "check mark",
    "\u2717": "cross mark",
    "\u2718": "cross mark",
    "\u26a0": "warning",
    "\u2605": "star",
    "\u2b50": "star",
}


def address(url: str, wording: Wording) -> str:
    """Return the name of an address: its host (of a file its path), or all of it without the scheme."""
    if wording.urls == "full":
        return _SCHEME.sub("", url).rstrip("/")
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return (parts.hostname or parts.path).removeprefix("www.")
    except ValueError:
        return ""


def without_pictures(text: str, wording: Wording) -> str:
    """Return text with emoji dropped (with the blank before them) or named, and without drawn lines."""
    if text.isascii():
        return _DRAWING.sub(" ", text)
    text = _EMOJI.sub("" if wording.emoji == "drop" else _named, text)
    return _DRAWING.sub(" ", text)


def _named(match: re.Match[str]) -> str:
    """Return the names of some emoji in a row: those of the Unicode standard, and shorter ones for the usual."""
    names: list[str] = []
    letters = ""
    for emoji in _ONE_EMOJI.findall(match.group()):
        name = emoji if emoji.isascii() else _NAMES.get(emoji[0]) or unicodedata.name(emoji[0], "").lower()
        if name.startswith("regional indicator symbol letter "):
            letters += name[-1].upper()  # two of them are a flag
        elif name:
            names.append(name)
    said = ", ".join([*names, letters] if letters else names)
    following = match.string[match.end() : match.end() + 1]
    return f" {said} " if said and (not following or following.isalnum()) else f" {said}" if said else ""
