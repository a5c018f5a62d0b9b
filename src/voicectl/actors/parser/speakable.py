"""Inline Markdown to the words a person would say, and the pieces that must stay verbatim."""

import re
from typing import NamedTuple

from markdown_it.token import Token

from voicectl.actors.parser import spans
from voicectl.actors.parser.html import placeholder
from voicectl.actors.parser.inline import make_markdown
from voicectl.actors.parser.wording import Wording, address, without_pictures
from voicectl.protocol.message import Span

_MARKDOWN = make_markdown()
_URL = re.compile(r"(?:(?:https?|ftp|file)://|(?<![\w.@/])www\.(?=[\w-]+\.\w))[^\s<>\"`]+", re.IGNORECASE)
_ALERT = re.compile(r"\s*\[!(note|tip|important|warning|caution)\]\s*", re.IGNORECASE)
_URL_TAIL = ".,;:!?'\"*_~…。、"
_REFERENCE = re.compile(r"(?<![\w\])])\[([^\[\]]*[A-Za-z][^\[\]]*)\]\[[^\[\]]*\]")
# Words that only introduce an address: without it nothing is left to say.
_LABEL = (
    r"(?:(?:learn|read|find|see|know) more|more (?:info(?:rmation)?|details|here|at|on this)"
    r"|for (?:more|further|full) \w+|further reading|full \w+|more|see(?: also| here)?|via|from|at|cf\.?"
    r"|docs?|documentation|references?|refs?|sources?|details|links?|url|website|home ?page)(?:[ \t](?:here|at|on))?"
)
_LONELY_URL = re.compile(
    rf"[ \t]*[(\[][ \t]*(?:{_LABEL}[ \t]*:?[ \t]+)?\x00(?P<bracketed>\d+)\x00[ \t]*[)\]]"
    rf"|(?:(?<=[.!?:;])[ \t]+|(?<![^\n])|[ \t]+[-—–][ \t]+){_LABEL}[ \t]*:[ \t]*\x00(?P<labelled>\d+)\x00"
    r"(?=[ \t]*(?:[.;]?[ \t]*$|\.[ \t]))\.?",
    re.IGNORECASE,
)
_MARKED = re.compile(r"[ \t]*\x00(\d+)\x00")
_PIECE = re.compile(r"\x00(\d+)\x00")
_BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0\u2028\u2029\u0085]+")
# Soft hyphens, marks of direction, invisible operators, private characters (icons of terminal fonts).
_UNHEARD = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffc\ufffd\ue000-\uf8ff]")
_USUAL = Wording()
# No character that may be markup; two blanks before a line end are.
_PLAIN = re.compile(r"(?:[^\\`*_~$\[\]<>&!\n\x00 ]|!(?!\[)| (?!\s))*")


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


def speakable(source: str, wording: Wording = _USUAL) -> Plain:
    """Return what is to be said for ``source``, the inline Markdown of one block."""
    tokens: list[Token] = []
    if "[!" in source:
        source = _ALERT.sub(lambda match: f"{match[1].capitalize()}: ", source, count=1)
    if _PLAIN.fullmatch(source):
        return _assemble(source, [], wording)
    _MARKDOWN.inline.parse(source, _MARKDOWN, {}, tokens)
    verbatim: list[tuple[str, str]] = []
    return _assemble(_flatten(tokens, verbatim, wording), verbatim, wording)


def literal(source: str, wording: Wording = _USUAL) -> Plain:
    """Return what is to be said for ``source``, which is plain text without markup."""
    return _assemble(source.replace("\x00", ""), [], wording)


def joined(cells: list[Plain]) -> Plain:
    """Return the words of a table row: its cells, joined by commas."""
    text = ""
    protected: list[tuple[int, int, str]] = []
    for cell in cells:
        text += ", " if text else ""
        protected += [(start + len(text), end + len(text), kind) for start, end, kind in cell.protected]
        text += cell.text
    return Plain(text, tuple(protected))


def labelled(name: Plain, value: Plain) -> Plain:
    """Return the words of a cell behind the name of its column; an empty cell stays empty."""
    if not name.text or not value.text:
        return value
    shift = len(name.text) + 2
    moved = tuple((start + shift, end + shift, kind) for start, end, kind in value.protected)
    return Plain(f"{name.text}: {value.text}", name.protected + moved)


def _flatten(tokens: list[Token], verbatim: list[tuple[str, str]], wording: Wording) -> str:
    """Return the text of the tokens; verbatim pieces stand in it as NUL, index, NUL."""
    parts: list[str] = []
    for index, token in enumerate(tokens):
        if token.type in {"text", "text_special"}:
            parts.append(token.content.replace("\x00", ""))
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif token.type in {"code_inline", "formula"}:
            parts.append(_keep(without_pictures(token.content, wording), "code", verbatim))
        elif token.type == "image":
            parts.append(_flatten(token.children or [], verbatim, wording))
        elif token.type == "html_inline" and token.content.lower().strip("</> ") == "br":
            parts.append(" ")
        elif token.type == "html_inline":
            parts.append(_tag(tokens, index))
    return "".join(parts)


def _tag(tokens: list[Token], index: int) -> str:
    """Return what is said for the tag tokens[index]."""
    tag = tokens[index].content
    if index == 0 or any(token.content == f"</{tag[1:]}" for token in tokens[index:]):
        return ""
    following = tokens[index + 1].content if index + 1 < len(tokens) else ""
    return placeholder(tag, tokens[index - 1].content[-1:], following[:1])


def _keep(content: str, kind: str, verbatim: list[tuple[str, str]]) -> str:
    """Put ``content`` aside and return the mark that stands for it."""
    content = _BLANKS.sub(" ", content).strip()
    if not content:
        return ""
    verbatim.append((content, kind))
    return f"\x00{len(verbatim) - 1}\x00"


def _assemble(text: str, verbatim: list[tuple[str, str]], wording: Wording) -> Plain:
    """Say addresses and emoji as wanted, close up blanks, and put the verbatim pieces back in their places."""
    if "://" in text or "www." in text:
        text = _URL.sub(lambda match: _address(match.group(), verbatim, wording), text)
        if wording.urls != "full":
            text = _LONELY_URL.sub(lambda match: _lonely(match, verbatim), text)
        if wording.urls in {"link", "drop"}:
            text = _MARKED.sub(lambda match: _unnamed(match, verbatim, wording), text)
    text = without_pictures(_REFERENCE.sub(r"\1", text), wording)
    text = _BLANKS.sub(" ", _UNHEARD.sub("", text)).strip()
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


def _address(url: str, verbatim: list[tuple[str, str]], wording: Wording) -> str:
    """Return the mark for what is said for ``url``, and what followed the address."""
    end = url.split("\x00", maxsplit=1)[0]
    while end and (end[-1] in _URL_TAIL or (end[-1] in ")]}" and not _balanced(end))):
        end = end[:-1]
    return _keep(address(end, wording), "url", verbatim) + url[len(end) :]


def _unnamed(match: re.Match[str], verbatim: list[tuple[str, str]], wording: Wording) -> str:
    """Say for an address that it is one, or nothing; keep code."""
    if verbatim[int(match[1])][1] != "url":
        return match.group()
    return " the link" if wording.urls == "link" else ""


def _balanced(address: str) -> bool:
    """Say whether the closing bracket at the end of ``address`` belongs to it."""
    closing = address[-1]
    opening = {")": "(", "]": "[", "}": "{"}[closing]
    return address.count(opening) >= address.count(closing)


def _lonely(match: re.Match[str], verbatim: list[tuple[str, str]]) -> str:
    """Drop an address that stands alone in brackets, or behind a word for it; keep code that does."""
    return "" if verbatim[int(match["bracketed"] or match["labelled"])][1] == "url" else match.group()
