"""Where a sentence may be cut between its clauses."""

import re

_CONJUNCTIONS = (
    "and|but|or|so|yet|nor|because|which|while|whereas|where|when|if|unless|until|since|although|though|then|whose|who"
)
# In the order in which a cut is welcome: clause, clause with a conjunction, list comma, conjunction, blank.
_CUTS = re.compile(
    rf"""
    (?P<clause> (?:[;:] | (?<=\s)[—–] | (?<=\s)--?)(?=\s) | [—](?=\w) | [；：] )
  | (?P<conjunction> ,(?=\s+(?:{_CONJUNCTIONS})\s) )
  | (?P<comma> ,(?=\s) | [、，] )
  | (?P<word> \s(?=(?:{_CONJUNCTIONS})\s) )
  | (?P<blank> \s+(?=\S) )
    """,
    re.VERBOSE,
)
_COST = {"clause": 0.0, "conjunction": 0.1, "comma": 0.25, "word": 0.35, "blank": 1.0}
_IN_BRACKETS = 0.5
EARLY = re.compile(rf"[;:—–]\s+\S|,\s+(?:{_CONJUNCTIONS})\s")
"""The end of a clause that stands for itself, with what decides it."""
_LAST_ITEM = re.compile(r",\s+(?:and|or|nor)\s")


def cuts(text: str, most: int, whole: bool = True) -> list[int]:
    """Return the places at which text, longer than ``most`` characters, may be cut, the best one first.

    ``whole``: text is the whole sentence, to be cut into parts of like length; else it still grows.
    Always at least one place; it is beyond ``most`` only if a word goes on there.
    """
    parts = -(-len(text) // most)
    aim = len(text) / parts if whole else 0.75 * most
    found: list[tuple[float, int]] = []
    depth = seen = 0
    for match in _CUTS.finditer(text, most // 8, most):
        between = text[seen : match.start()]
        depth += sum(map(between.count, "([{")) - sum(map(between.count, ")]}"))
        seen = match.start()
        cost = abs(match.end() - aim) / most + _COST[str(match.lastgroup)] + (_IN_BRACKETS if depth > 0 else 0)
        found.append((cost, match.end()))
    if found:
        return [place for _cost, place in sorted(found)]
    blank = text.find(" ", most, 2 * most)
    return [blank if blank > 0 else most]


def first_ends(text: str, least: int) -> list[int]:
    """Return the places, from ``least`` on, at which a clause of text ends that can stand for itself."""
    return [match.start() + 1 for match in EARLY.finditer(text, least) if _stands_alone(text, match)]


def _stands_alone(text: str, end: re.Match[str]) -> bool:
    """Say whether a clause that ends here is outside brackets, and no list before its last item."""
    before = text[: end.start()]
    is_list = "," in before and _LAST_ITEM.match(end.group()) is not None
    return before.count("(") <= before.count(")") and not is_list
