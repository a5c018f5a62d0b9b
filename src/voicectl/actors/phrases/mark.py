"""The mark of a sentence that may be a phrase: the translator looks it up before it translates it."""

from voicectl.protocol.message import Span

PHRASE = "phrase"
"""The kind of a span that is the whole sentence: the words are voicectl's own, or an agent's fixed ones."""


def marked(text: str, spans: tuple[Span, ...] = ()) -> tuple[Span, ...]:
    """Return the spans of a sentence that may be a phrase; ``spans`` are those that hold if it is none."""
    return (Span(kind=PHRASE, text=text), *spans)


def is_marked(spans: tuple[Span, ...]) -> bool:
    """Say whether a sentence with these spans may be a phrase."""
    return bool(spans) and spans[0].kind == PHRASE
