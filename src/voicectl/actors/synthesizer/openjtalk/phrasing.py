"""Accent phrases of spoken paths.

Open JTalk takes ``src/voicectl/actors/base.py`` for one compound noun: a single accent phrase of 38 morae, high and
flat almost to its end. A person begins anew at each スラッシュ; so do the phrases here.
"""

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
"""A word as Open JTalk's front end (NJD) gives it: ``pron``, ``pos``, ``acc`` (its nucleus, 0 is none), ``mora_size``,
``chain_flag`` (1: part of the accent phrase before it)."""

_LONGEST = 12
"""Morae of an accent phrase that is left as it is."""

_SEPARATOR = "スラッシュ"


def phrased(nodes: list[Node]) -> list[Node]:
    """Return a sentence's words, each long accent phrase that is a path begun anew at its slashes."""
    found: list[Node] = []
    for phrase in _phrases(nodes):
        size = sum(node["mora_size"] for node in phrase)
        found += _broken(phrase) if size > _LONGEST else phrase
    return found


def _phrases(nodes: list[Node]) -> Iterator[list[Node]]:
    """Yield the accent phrases of a sentence."""
    phrase: list[Node] = []
    for node in nodes:
        if phrase and node["chain_flag"] != 1:
            yield phrase
            phrase = []
        phrase.append(node)
    if phrase:
        yield phrase


def _broken(phrase: list[Node]) -> list[Node]:
    """Return the words of a phrase, a new accent phrase before each slash but one at its head."""
    starts = [0, *(at for at, node in enumerate(phrase) if at and node["pron"].replace("’", "") == _SEPARATOR)]
    if len(starts) == 1:
        return phrase
    found = []
    for start, stop in zip(starts, [*starts[1:], len(phrase)], strict=True):
        head, *rest = phrase[start:stop]
        changes = {"acc": _nucleus(phrase[start:stop], first=start == 0)}
        if start:
            changes["chain_flag"] = 0
        found += [{**head, **changes}, *rest]
    return found


def _nucleus(phrase: list[Node], *, first: bool) -> int:
    """Return the nucleus of a compound: that of its last noun, which is its first mora when it has none.

    The word at the head of the whole path has lost its own to the compound; it gets that of most loanwords, the third
    mora from the end.
    """
    nouns = [at for at, node in enumerate(phrase) if node["pos"] == "名詞"]
    last = nouns[-1] if nouns else 0
    own = int(phrase[last]["acc"]) or 1
    if first and last == 0:
        own = max(1, int(phrase[0]["mora_size"]) - 2)
    return sum(int(node["mora_size"]) for node in phrase[:last]) + own
