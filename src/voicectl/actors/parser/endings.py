"""Whether a full stop ends a sentence: ``sentencex``, and what it cannot know of growing or technical text."""

import re

from sentencex import segment

_CONTEXT = 240
_ENDS_LIKE_A_SENTENCE = re.compile(r"[.!?…。！？]+[\"'”’)\]}»」』]*$")
_LAST = re.compile(r"(?:^|[\s(\[\"'“‘])(?P<word>[^\s(\[\"'“‘]*?)(?P<marks>[.!?…。！？]+)[\"'”’)\]}»」』]*$")
# The whole sentence so far: a number or a letter of a list, a step's title.
_ITEM = re.compile(
    r"\W*(?:\d{1,3}|[a-z]|[ivx]{1,4}"
    r"|(?:Step|Option|Phase|Part|Task|Point|Item|Case|Problem|Example|Approach) \w{1,3})\.",
    re.IGNORECASE,
)
_ENCLOSED = re.compile(r"[(\[].*[.!?…][)\]]|[\"“].*[.!?…][\"”]", re.DOTALL)
_SHORT = r"(?:[A-Za-z]\.)*[A-Za-z]|Ph\.D|etc|al|Inc|Ltd|Corp|Co|Jr|Sr|Bros"
_INITIALS = re.compile(_SHORT)
DOUBTFUL = re.compile(rf"(?:^|[\s(\[\"'“‘*_])(?:{_SHORT})\.[\"'”’)\]}}»*_~`]*[ \t]+[\"'“‘(\[{{«*_~`]*[A-Z]$")
"""Text whose last sentence end is open until the word that begins at its end is there."""
_QUANTITY = re.compile(r"\d[\d.,]*[ \u00a0]?$")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER_LAST = _words(
    "e.g i.e eg ie cf vs v viz approx ca resp incl excl esp a.k.a aka p.s n.b w.r.t mr mrs ms dr prof st gen sgt"
    " capt lt col rev hon"
)
_BEFORE_A_NUMBER = _words(
    "no nos nr fig figs sec secs eq eqs vol ch chap p pp ver tab ex par art jan feb mar apr jun jul aug sep sept"
    " oct nov dec"
)
_INSIDE = _words(
    "no nos vol ch chap sec eq max min avg func std config conf orig prev est temp tmp tel misc req ext dir dirs"
    " dept lib libs arg args param params env var vars ref refs refs def defs impl impls init alloc addr auth cert"
    " char chars cmd cmds cols coord coords curr decl dep deps desc dest diff doc docs elem elems err expr exprs"
    " hist id ids idx info int iter len loc med mem mgmt mod msg msgs num nums obj ops opt opts org pkg pkgs pos"
    " pred prefs proc prod pts ptr quot rec recs rel repo repos rev sess sig spec specs src stat stats str sub"
    " subj sync sys tbl tech templ tot util utils val vals vec vert yr yrs mon tue wed thu fri sat sun hr hrs mins"
    " secs msec msecs dev gov univ assoc natl intl inst"
)
_UNITS = _words(
    "s ms us ns min mins sec secs msec msecs h hr hrs d yr yrs m mm cm km in ft lb lbs oz g kg l ml a v w k hz"
    " khz mhz ghz b kb mb gb tb"
)
# Words that are abbreviations to sentencex too.
_WORDS = _words("art con ill may me miss ok ore op rep reps res exp exec dev")
_CLOCK = _words("a.m p.m")
_AFTER_CLOCK = _words(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August"
    " September October November December Eastern Pacific Central GMT UTC EST EDT PST PDT CET CEST"
)
_STARTERS = _words(
    "The It We I You He She They This That These Those There Then But And So If In On At For To From With No Not"
    " Now Next After Before When While As A An All Any Both Each Every Here How What Why Where Who Which Let"
    " Please Run Use See Check Open Set Add Note Also However Once Only Or Our Your My His Her Its Their Is Are"
    " Was Were Do Does Did Can Could Should Would Will May Might Must Has Have Had Yes First Second Third Finally"
    " Since Because Although Though Until Unless Instead Otherwise Therefore Thus Still Yet Just Even Most Many"
    " Some Such Other Others Another Nothing Everything Something Nobody Everybody Someone One Two Three By Of"
    " Like Between During Without Within Through Older Newer"
)


def complete(text: str) -> bool:
    """Say whether ``text`` ends as a finished sentence does."""
    return bool(_ENDS_LIKE_A_SENTENCE.search(text.rstrip()[-_CONTEXT:]))


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
    if last["marks"] != ".":
        return decider.isupper() if "…" in last["marks"] else _plain_end(before, decider)
    word, name = last["word"], last["word"].lower().strip("([{*_")
    if decider.isupper() and name in _UNITS and _QUANTITY.search(before[: last.start("word") - 1]):
        return True
    if name in _NEVER_LAST or _ITEM.fullmatch(before):
        return False
    if decider.isdigit() and name in _BEFORE_A_NUMBER:
        return False
    if decider.islower():
        return (
            False
            if name in _INSIDE or name in _UNITS or re.fullmatch(r"\d{1,2}", name)
            else _plain_end(before, decider)
        )
    if _INITIALS.fullmatch(word):
        return _after_initials(before, word, decider, following)
    if decider.isupper() and (name in _UNITS | _INSIDE | _WORDS or re.search(r"[./]", word.rstrip("."))):
        return True
    return _plain_end(before, decider)


def _after_initials(before: str, word: str, decider: str, following: str | None) -> bool | None:
    """Say whether a sentence ends after a single letter, initials or the like: the next word tells names from text."""
    if not decider.isupper():
        return _plain_end(before, decider)
    if word == "I" or word in {"etc", "al"} or (len(word) == 1 and word.islower()):
        return True
    if following is None:
        return None
    if word.lower() in _CLOCK:
        return following not in _AFTER_CLOCK and not (following.isupper() and len(following) > 1)
    return following in _STARTERS


def _plain_end(before: str, decider: str) -> bool:
    """Ask sentencex; it is given a whole word, for it takes a single letter for an initial."""
    following = decider + "xxx" if decider.isalpha() else decider if decider.isdigit() else "Xxxx"
    parts = segment("en", f"{before[-_CONTEXT:]} {following}")
    return len(parts) > 1 and parts[-1].strip() == following
