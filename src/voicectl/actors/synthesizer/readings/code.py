"""What stands in code: identifiers, calls, paths, file names, flags, hosts, addresses, assignments."""

import re

from voicectl.actors.synthesizer.readings.letters import spelled
from voicectl.actors.synthesizer.readings.numbers import numeric
from voicectl.actors.synthesizer.readings.symbols import NAMES, PATTERN
from voicectl.actors.synthesizer.readings.words import Words

_TOKEN = re.compile(
    r"(?P<word>(?<![A-Za-z0-9])(?:[Cc]\+\+|[CcFf]#)(?![A-Za-z0-9])"
    r"|_*[A-Za-z0-9]+(?:'[a-z]{1,2}(?![A-Za-z]))?(?:[_-]+[A-Za-z0-9]+)*(?:(?<=\d)(?:\.\d+)+(?![A-Za-z0-9]))?_*)"
    rf"|(?P<symbol>{PATTERN})"
    r"|(?P<opening>[(\[{,;])"
)
_SCHEME = re.compile(r"(?:https?|ftp|wss?|ssh|git|file)://", re.IGNORECASE)
_PLACE = re.compile(r"(?P<path>.*?[^:]):(?P<line>\d+)(?::(?P<column>\d+))?")
_PORT = re.compile(r"(?P<host>.*[^:]):(?P<port>\d{1,5})(?P<rest>/.*)?")
_HOST = re.compile(
    r"localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]|(?:[\w-]+\.)+(?:com|org|net|io|dev|app|ai|jp|local|internal)"
)
_FILE = re.compile(r".*(?:/|\.[A-Za-z]\w*).*")
_IPV6 = re.compile(r"(?=.*::|(?:[^:]*:){5})[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_FLAG = re.compile(r"--?(?=[A-Za-z])")
_INSIDE = {"::": "コロン", "--": "ハイフン", "//": "スラッシュ", "@": "アット"}
"""Symbols that are said more shortly between words than alone."""

_PAUSE = "、"


def code(text: str, words: Words) -> str:
    """Return the reading of a run of ASCII characters without spaces that holds a letter or a digit."""
    text = _SCHEME.sub("", text, count=1).rstrip("/") or text
    if _IPV6.fullmatch(text.strip("[]")):
        return "コロン".join(spelled(group) for group in text.split(":"))
    port = _PORT.fullmatch(text)
    if port and _HOST.fullmatch(port["host"]):
        said = f"{code(port['host'], words)} コロン{spelled(port['port'])}"
        return f"{said} {code(port['rest'], words)}" if port["rest"] else said
    place = _PLACE.fullmatch(text)
    if place and _FILE.fullmatch(place["path"]):
        column = f"{place['column']}文字目" if place["column"] else ""
        return f"{code(place['path'], words)} {place['line']}行目{column}"
    return _tokens(text, words)


def _tokens(text: str, words: Words) -> str:
    """Return the readings of a text's words and symbols, in order."""
    said: list[str] = []
    if flag := _FLAG.match(text):
        said.append(NAMES["-"])
        text = text[flag.end() :]
    typed = "<" in text and ">" in text
    for match in _TOKEN.finditer(text.replace("()", "")):
        if word := match["word"]:
            said.append(numeric(word) or words.reading(word))
        elif match["opening"] or (typed and match[0] in "<"):
            said.append(_PAUSE)
        elif not (typed and match[0] == ">"):
            said.append(_INSIDE.get(match[0]) or NAMES[match[0]])
    return " ".join(part for part in said if part).replace(f" {_PAUSE} ", _PAUSE).strip(f" {_PAUSE}")
