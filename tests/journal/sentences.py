"""Sentences and settings for the tests of journal, backlog and delivery."""

import itertools
import time
import tomllib
from importlib.resources import files

import msgspec

from voicectl.actors.parser.delivery import Delivery
from voicectl.actors.parser.intake import Deliver
from voicectl.actors.parser.journal import Entry, FeedRow
from voicectl.config.settings import ParserSettings

_seqs = itertools.count(1)


def sentence(feed: str = "a", seq: int = 0, text: str = "") -> Entry:
    """Return a new sentence of a feed; its session is the feed's."""
    seq = seq or next(_seqs)
    return Entry(feed=feed, session=feed, seq=seq, source=text or f"{feed} {seq}", created_at=time.time())


def sentences(feed: str, count: int) -> list[Entry]:
    """Return the sentences 1 to ``count`` of a feed."""
    return [sentence(feed, seq) for seq in range(1, count + 1)]


def row(feed: str = "a", received: int = 0, ended: bool = False) -> FeedRow:
    """Return what the journal keeps of a feed."""
    return FeedRow(feed=feed, session=feed, format="text", received=received, state=b"state", ended=ended)


def parser_settings(window: int = 16, seconds: float = 1e9, floor_pause_s: float = 2.0) -> ParserSettings:
    """Return settings with this window and floor."""
    defaults = tomllib.loads((files("voicectl.config") / "default.toml").read_text())["parser"]
    wanted = {"window_sentences": window, "window_seconds": seconds, "floor_pause_s": floor_pause_s}
    return msgspec.convert(defaults | wanted, ParserSettings)


def only_journaled(delivery: Delivery) -> Deliver:
    """Return how an intake delivers where nobody takes what is sent."""
    return lambda feed, row, entries: delivery.record(row, entries, feed.announces)
