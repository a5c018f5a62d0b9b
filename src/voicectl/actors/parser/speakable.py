"""Inline Markdown to the words a person would say, and the pieces that must stay verbatim."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from markdown_it.token import Token

from voicectl.actors.parser import spans
from voicectl.actors.parser.inline import make_markdown
from voicectl.protocol.messages import Span

_MARKDOWN = make_markdown()
_URL = re.compile(r"(?:https?|ftp|file)://[^\s<>\"`]+", re.IGNORECASE)
_URL_TAIL = ".,;:!?'\"*_~…。、"
_EMOJI = re.compile(
    "[ \t]*(?:[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u23e9-\u23fa\u231a\u231b\u3030\u303d]"
    "[\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*)+"
    "|[\ufe0f\u20e3\U000e0020-\U000e007f]+"
)
_REFERENCE = re.compile(r"(?<![\w\])])\[([^\[\]]*[A-Za-z][^\[\]]*)\]\[[^\[\]]*\]")
_LONELY_URL = re.compile(r"[ \t]*\([ \t]*\x00(\d+)\x00[ \t]*\)|\bLearn more:[ \t]*\x00(\d+)\x00")
_PIECE = re.compile(r"\x00(\d+)\x00")
_BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0\u2028\u2029\u0085]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_DUNDER = re.compile(r"(?<![\w\\`])__(\w+?)__(?=\.\w|\()")


class Plain(NamedTuple):
    """Words, and the places in them (start, end, kind) that must stay verbatim."""

    text: str
    protected: tuple[tuple[int, int, str], ...] = ()

    def masked(self) -> str:
        """Return the text with every protected piece replaced by a plain word (lengths may differ)."""
        parts: list[str] = []
        position = 0
        for start, end, _kind in self.protected:
            parts += [self.text[position:start], "Word"]
            position = end
        return "".join([*parts, self.text[position:]])

    def veiled(self) -> str:
        """Return the text with every protected piece replaced by letters; lengths stay the same."""
        characters = list(self.text)
        for start, end, _kind in self.protected:
            characters[start:end] = ("X" + "x" * (end - start))[: end - start]
        return "".join(characters)

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """Return the protected pieces inside text[start:end], in order of appearance."""
        return tuple(
            Span(kind=kind, text=self.text[first:last])
            for first, last, kind in self.protected
            if first >= start and last <= end
        )


def speakable(source: str) -> Plain:
    """Return what is to be said for ``source``, the inline Markdown of one block."""
    tokens: list[Token] = []
    _MARKDOWN.inline.parse(_DUNDER.sub(r"\_\_\1\_\_", source), _MARKDOWN, {}, tokens)
    verbatim: list[tuple[str, str]] = []
    return _assemble(_flatten(tokens, verbatim), verbatim)


def literal(source: str) -> Plain:
    """Return what is to be said for ``source``, which is plain text without markup."""
    return _assemble(source.replace("\x00", ""), [])


def joined(cells: list[Plain]) -> Plain:
    """Return the words of a table row: its cells, joined by commas."""
    text = ""
    protected: list[tuple[int, int, str]] = []
    for cell in cells:
        text += ", " if text else ""
        protected += [(start + len(text), end + len(text), kind) for start, end, kind in cell.protected]
        text += cell.text
    return Plain(text, tuple(protected))


def _flatten(tokens: list[Token], verbatim: list[tuple[str, str]]) -> str:
    """Return the text of the tokens; verbatim pieces stand in it as NUL, index, NUL."""
    parts: list[str] = []
    for token in tokens:
        if token.type in {"text", "text_special"}:
            parts.append(token.content.replace("\x00", ""))
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif token.type in {"code_inline", "formula"}:
            parts.append(_keep(token.content, "code", verbatim))
        elif token.type == "image":
            parts.append(_flatten(token.children or [], verbatim))
        elif token.type == "html_inline" and token.content.lower().startswith("<br"):
            parts.append(" ")
    return "".join(parts)


def _keep(content: str, kind: str, verbatim: list[tuple[str, str]]) -> str:
    """Put ``content`` aside and return the mark that stands for it."""
    content = _BLANKS.sub(" ", content).strip()
    if not content:
        return ""
    verbatim.append((content, kind))
    return f"\x00{len(verbatim) - 1}\x00"


def _assemble(text: str, verbatim: list[tuple[str, str]]) -> Plain:
    """Name hosts, drop emoji, close up blanks, and put the verbatim pieces back in their places."""
    text = _URL.sub(lambda match: _host(match.group(), verbatim), text)
    text = _LONELY_URL.sub(lambda match: _lonely(match, verbatim), text)
    text = _EMOJI.sub("", _REFERENCE.sub(r"\1", text))
    text = _BLANKS.sub(" ", text).strip(" \u200b\ufeff")
    parts: list[str] = []
    protected: list[tuple[int, int, str]] = []
    length = 0
    for index, piece in enumerate(_PIECE.split(text)):
        if index % 2:
            content, kind = verbatim[int(piece)]
            protected.append((length, length + len(content), kind))
        else:
            content = piece
            protected += [(length + start, length + end, kind) for start, end, kind in spans.find(piece)]
        parts.append(content)
        length += len(content)
    return Plain("".join(parts), tuple(protected))


def _host(url: str, verbatim: list[tuple[str, str]]) -> str:
    """Return the mark for the host name of ``url``, and what followed the address."""
    address = url.split("\x00", maxsplit=1)[0]
    while address and (address[-1] in _URL_TAIL or (address[-1] in ")]}" and not _balanced(address))):
        address = address[:-1]
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    return _keep(host.removeprefix("www."), "url", verbatim) + url[len(address) :]


def _balanced(address: str) -> bool:
    """Say whether the closing bracket at the end of ``address`` belongs to it."""
    closing = address[-1]
    opening = {")": "(", "]": "[", "}": "{"}[closing]
    return address.count(opening) >= address.count(closing)


def _lonely(match: re.Match[str], verbatim: list[tuple[str, str]]) -> str:
    """Drop an address that stands alone in brackets; keep code that does."""
    return "" if verbatim[int(match[1] or match[2])][1] == "url" else match.group()
