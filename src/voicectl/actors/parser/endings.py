"""Whether a full stop ends a sentence: ``sentencex``, and what it cannot know of growing or technical text."""

import re

from sentencex import segment

from voicectl.actors.parser import abbreviations as words

MARKS = ".!?…؟۔।॥"
"""What may end a sentence where a blank follows."""
CJK_MARKS = "。！？｡"
"""What ends a sentence without a blank behind it."""
NOTE_MARKS = r"(?:\[\^?[\w-]{1,12}\])*+"
"""Marks of notes such as ``[1]`` or ``[^1]``, which come behind the full stop."""

_CONTEXT = 240
_CLOSED = rf"[\"'”’)\]}}»」』）]*{NOTE_MARKS}$"
_ENDS_LIKE_A_SENTENCE = re.compile(rf"[{MARKS}{CJK_MARKS}]+{_CLOSED}")
_LAST = re.compile(
    rf"(?:^|[\s(\[\"'“‘])(?P<word>[^\s(\[\"'“‘]*?)(?P<marks>[{MARKS}{CJK_MARKS}]+)(?P<closers>{_CLOSED[:-1]})$"
)
# The whole sentence so far: a number or a letter of a list, a step's title.
_ITEM = re.compile(
    r"\W*(?:\d{1,3}|[a-z]|[ivx]{1,4}"
    r"|(?:Step|Option|Phase|Part|Task|Point|Item|Case|Problem|Example|Approach) \d{1,3})\.",
    re.IGNORECASE,
)
_LETTERED = re.compile(rf"(?:^|\W)(?:{'|'.join(sorted(words.LETTERED))})s? [A-Z]\.$", re.IGNORECASE)
_NUMBERED = re.compile(r"^\(\w{1,3}\)\s+")
_ASSIGNED = re.compile(r"[=<>]\s*-?\d+\.$")
_ENCLOSED = re.compile(rf"[(\[].*[{MARKS}][)\]]|[\"“].*[{MARKS}][\"”]", re.DOTALL)
_SHORT = r"(?:[A-Za-z]\.)*[A-Za-z]|Ph\.D|etc|al|Inc|Ltd|Corp|Co|Jr|Sr|Bros"
_INITIALS = re.compile(_SHORT)
_OPENERS = r"[ \t]+[\"'“‘(\[{«*_~`]*"
_DOUBTFUL = re.compile(rf"(?:^|[\s(\[\"'“‘*_])(?:{_SHORT})\.[\"'”’)\]}}»*_~`]*{_OPENERS}[A-Z]$")
_DOUBTFUL_NAME = re.compile(rf"\w[!?][\"'”’)\]}}»*_~`]*{_OPENERS}[a-z]$")
_QUANTITY = re.compile(r"\d[\d.,]*[ \u00a0]?$")
_PARTICLES = frozenset("とでっのはがをにもへな")


def complete(text: str) -> bool:
    """Say whether ``text`` ends as a finished sentence does."""
    return bool(_ENDS_LIKE_A_SENTENCE.search(text.rstrip()[-_CONTEXT:]))


def is_doubtful(text: str) -> bool:
    """Say whether the last sentence end of ``text`` is open until the word that begins at its end is there."""
    start = max(0, len(text) - 40)
    if _DOUBTFUL.search(text, start):
        return True
    return text[-1:].islower() and bool(_DOUBTFUL_NAME.search(text, start))


def is_end(before: str, decider: str, following: str | None) -> bool | None:
    """Say whether a sentence ends after ``before``; None if that is open until the next word is there.

    ``decider`` is the next visible character, ``following`` the whole word that it begins (None: not there yet).
    Protected pieces of ``before`` are to be masked by the caller, or their dots would count.
    """
    before = before.strip()
    last = _LAST.search(before[-_CONTEXT:])
    if not complete(before) or last is None:
        return False
    if decider.isupper() and _ENCLOSED.fullmatch(before):
        return True
    if decider.islower() and before.count("(") > before.count(")"):
        return False
    if last["marks"] != ".":
        return _after_marks(before, last, decider, following)
    return _after_full_stop(before, last, decider, following)


def _after_marks(before: str, last: re.Match[str], decider: str, following: str | None) -> bool | None:
    """Say whether a sentence ends after other marks than a single full stop."""
    marks = last["marks"]
    if "…" in marks:
        return decider.isupper()
    if marks[-1] in CJK_MARKS and last["closers"] and decider in _PARTICLES:
        return False
    if not marks.isascii():
        return True
    if decider.islower() and last["word"] and marks[-1] in "!?":
        if following is None:
            return None
        if following in words.GOES_ON:
            return False
    return _plain_end(before, decider)


def _after_full_stop(before: str, last: re.Match[str], decider: str, following: str | None) -> bool | None:
    """Say whether a sentence ends after a full stop: that depends on the word before it."""
    word, name = last["word"], last["word"].lower().strip("([{*_")
    is_quantity = name in words.UNITS and _QUANTITY.search(before[: last.start("word") - 1])
    if not word:  # an ellipsis with blanks between its dots
        return decider != "." and (decider.isupper() or not re.search(r"\.\s+\.$", before))
    if (decider.isupper() and is_quantity) or (name[-1:].isdigit() and _ASSIGNED.search(before)):
        return True
    if decider.isupper() and len(word) == 1 and _LETTERED.search(before):
        return True
    if name in words.NEVER_LAST or _ITEM.fullmatch(before):
        return False
    if decider.isdigit() and name in words.BEFORE_A_NUMBER and not is_quantity:
        return False
    if decider.islower():
        return not _is_inside(word, name) and _plain_end(before, decider)
    if _INITIALS.fullmatch(word):
        return _after_initials(before, word, decider, following)
    known = words.UNITS | words.INSIDE | words.WORDS
    if decider.isupper() and (name in known or re.search(r"[./]", word.rstrip("."))):
        return True
    return _plain_end(before, decider)


def _is_inside(word: str, name: str) -> bool:
    """Say whether a word has a full stop of its own, so that a small letter behind it begins no sentence."""
    is_initial = re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]|[A-Z]", word) and word != "I"
    return bool(is_initial or name in words.INSIDE or name in words.UNITS or re.fullmatch(r"\d{1,2}", name))


def _after_initials(before: str, word: str, decider: str, following: str | None) -> bool | None:
    """Say whether a sentence ends after a single letter, initials or the like: the next word tells names from text."""
    if not decider.isupper():
        return _plain_end(before, decider)
    if word == "I" or word in {"etc", "al"}:
        return True
    if following is None:
        return None
    if len(word) == 1 and word.islower():  # but for "z. B." and its like
        return len(following) > 1 or following in {"I", "A"}
    if word.lower() in words.CLOCK:
        return following not in words.AFTER_CLOCK and not (following.isupper() and len(following) > 1)
    return following in words.STARTERS


def _plain_end(before: str, decider: str) -> bool:
    """Ask sentencex; it is given a whole word, for it takes a single letter for an initial."""
    following = decider + "xxx" if decider.isalpha() else decider if decider.isdigit() else "Xxxx"
    before = before[-_CONTEXT:]
    if before.startswith("("):
        before = _NUMBERED.sub("", before)
    parts = segment("en", f"{before} {following}")
    return len(parts) > 1 and parts[-1].strip() == following
