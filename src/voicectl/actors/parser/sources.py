"""The kinds of input that are read line by line, behind one interface."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from voicectl.actors.parser.codex import Codex, CodexState
from voicectl.actors.parser.gemini import Gemini, GeminiState
from voicectl.actors.parser.hooklines import HookLines, HookState
from voicectl.actors.parser.jsonlines import Wanted
from voicectl.actors.parser.openai import Openai, OpenaiState
from voicectl.actors.parser.streamjson import StreamJson, StreamState
from voicectl.actors.parser.streamlines import Event
from voicectl.actors.parser.transcript import Transcript, TranscriptState


class Source(Protocol):
    """Reads the lines of one kind of input; ``state`` is all that it must remember between two of them."""

    state: Any

    def read(self, data: bytes) -> list[Event]:
        """Return what one line means for the listener; a broken one is counted and means nothing."""

    def finish(self) -> list[Event]:
        """Return what the end of the input means."""


_SOURCES: dict[str, tuple[Callable[[Wanted, dict[str, int], Any], Source], type[msgspec.Struct]]] = {
    "stream-json": (StreamJson, StreamState),
    "transcript": (Transcript, TranscriptState),
    "codex": (Codex, CodexState),
    "gemini": (Gemini, GeminiState),
    "openai": (Openai, OpenaiState),
    "hooks": (HookLines, HookState),
}


def open_source(name: str, wanted: Wanted, counters: dict[str, int], state: bytes) -> Source | None:
    """Return the reader of a format, going on from ``state`` (msgpack); None for text without lines of its own."""
    if name not in _SOURCES:
        return None
    make, remembered = _SOURCES[name]
    return make(wanted, counters, msgspec.msgpack.decode(state, type=remembered) if state else remembered())
