"""Where sentences end: ``sentencex`` behind two questions, made safe for text that still grows."""

import re
from typing import NamedTuple

from sentencex import segment

MAX_SENTENCE = 800
"""Characters; what is longer is cut at a blank, so that no text without full stops is held for ever."""

_CONTEXT = 240
_ENDS_LIKE_A_SENTENCE = re.compile(r"[.!?…。！？]+[\"'”’)\]}»」』]*$")
# sentencex splits after these before a capital letter; they never end an English sentence.
_NEVER_LAST = re.compile(r"(?:^|[\s(\[\"'])(?:e\.g|i\.e|cf|vs|viz|approx|resp|incl)\.$", re.IGNORECASE)

CANDIDATE = re.compile(
    r"""
    (?P<end> [.!?…]++ ["'”’)\]}»*_~`]*+ ) (?P<blank> \s++ ) (?P<after> ["'“‘(\[{«*_~`]{0,8}+ [^\s"'“‘(\[{«*_~`] )
  | (?P<cjk> [。！？]++ [」』）”’"'*_~`]*+ ) (?P<next> \s*+ [^\s」』）”’"'*_~`。！？] )
    """,
    re.VERBOSE,
)
"""A place where a sentence may end, together with the first character that can decide it."""


class Candidate(NamedTuple):
    """A possible sentence end: ``end`` is the place after it, ``decider`` the first character behind."""

    end: int
    decider: str


def candidates(text: str, start: int = 0) -> list[Candidate]:
    """Return the possible sentence ends of ``text`` whose deciding character is there too."""
    found: list[Candidate] = []
    position = start
    while match := CANDIDATE.search(text, position):
        cjk = match["cjk"] is not None
        found.append(Candidate(match.end("cjk") if cjk else match.end("end"), match.group()[-1]))
        # The deciding character may itself begin the next candidate.
        position = match.end() - 1
    return found


def complete(text: str) -> bool:
    """Say whether ``text`` ends as a finished sentence does."""
    return bool(_ENDS_LIKE_A_SENTENCE.search(text.rstrip()))


def is_end(before: str, decider: str) -> bool:
    """Say whether a sentence ends after ``before`` when ``decider`` is the next visible character.

    Protected pieces of ``before`` are to be masked by the caller, or their dots would count.
    """
    before = before.rstrip()[-_CONTEXT:]
    if not complete(before) or _NEVER_LAST.search(before):
        return False
    # A whole word: sentencex takes a single letter for an initial.
    following = decider + "xxx" if decider.isalpha() else decider if decider.isdigit() else "Xxxx"
    parts = segment("en", f"{before} {following}")
    return len(parts) > 1 and parts[-1].strip() == following


def split(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence of a finished ``text``, blanks around it left out."""
    ranges: list[tuple[int, int]] = []
    start = 0
    for candidate in candidates(text):
        if candidate.end > start and is_end(text[start : candidate.end], candidate.decider):
            ranges.append((start, candidate.end))
            start = candidate.end
    ranges.append((start, len(text)))
    return [trimmed for begin, end in ranges for trimmed in _shorten(text, begin, end)]


def _shorten(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut text[start:end] at blanks into pieces of at most MAX_SENTENCE characters and trim them."""
    pieces: list[tuple[int, int]] = []
    while end - start > MAX_SENTENCE:
        cut = text.rfind(" ", start + 1, start + MAX_SENTENCE)
        cut = cut if cut > 0 else start + MAX_SENTENCE
        pieces.append((start, cut))
        start = cut
    pieces.append((start, end))
    trimmed: list[tuple[int, int]] = []
    for first, last in pieces:
        piece = text[first:last]
        if piece.strip():
            lead = len(piece) - len(piece.lstrip())
            trimmed.append((first + lead, first + len(piece.rstrip())))
    return trimmed
