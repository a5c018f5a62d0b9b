"""What every message is made of: its base, and what names the sentence it is about."""

from typing import Literal

import msgspec

Pause = Literal["clause", "sentence", "paragraph"]
"""What follows an utterance; the sink turns it into a length of silence."""

Settled = Literal["spoken", "cancelled", "failed", "quarantined"]
"""How an utterance ends."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """Base of every message."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of one utterance on its way.

    ``seq`` counts 1, 2, 3 … within ``session``; ``play`` is its place in the one order of
    everything that is to be heard; ``epoch`` is raised by every cancel.
    """

    session: str
    seq: int
    play: int
    epoch: int


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of ``text`` that translation must carry over verbatim.

    ``kind`` is one of code, path, url, version, flag, identifier, number. A ``phrase`` is the whole text, in voicectl's
    own words: the catalogue of the target language, where there is one, has its translation.
    """

    kind: str
    text: str
