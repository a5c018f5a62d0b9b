"""The backlog: which sentence may be released next. Pure: ``now`` (seconds) is an argument.

Two rules decide. The window: only so many sentences, and so many seconds of speech, are released and
not yet heard; it is what bounds the work in flight. The floor: one answer is spoken until it ends or
pauses; other feeds queue by arrival.
"""

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator

from voicectl.actors.parser.journal import Entry

SECONDS_PER_CHARACTER = 0.065
"""About 155 English words a minute; used until the synthesizer has said how long sentences are."""

LEARNING_RATE = 0.1
"""What a sentence's length changes the estimate by."""


class Backlog:
    """All sentences that are not settled."""

    def __init__(self, window_sentences: int, window_seconds: float, floor_pause_s: float) -> None:
        self._window_sentences = window_sentences
        self._window_seconds = window_seconds
        self._floor_pause_s = floor_pause_s
        self._again: deque[Entry] = deque()
        self._waiting: dict[str, deque[Entry]] = {}
        self._open: set[str] = set()
        self._floor = ""
        self._floor_idle_since: float | None = None
        self._seconds_per_character = SECONDS_PER_CHARACTER
        self.released: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self.released) + len(self._again) + sum(len(queue) for queue in self._waiting.values())

    def add(self, entry: Entry) -> None:
        """Queue a new sentence of a feed; its answer is open until ``end_answer``."""
        self._waiting.setdefault(entry.feed, deque()).append(entry)
        self._open.add(entry.feed)

    def end_answer(self, feed: str) -> None:
        """The agent's answer is over: the floor is free once its sentences are released."""
        self._open.discard(feed)

    def next(self, now: float) -> Entry | None:
        """Take the sentence that may be released now, if there is one; the caller numbers it."""
        if not self._window_is_open():
            return None
        queue = self._again or self._waiting.get(self._feed_with_floor(now))
        if not queue:
            return None
        entry = queue.popleft()
        entry.first = not self.released
        return entry

    def release(self, entry: Entry) -> None:
        """Note that ``entry`` was sent under its play number."""
        self.released[entry.play] = entry

    def drop(self, entry: Entry) -> None:
        """Take a sentence out, released or waiting."""
        if self.released.pop(entry.play, None) is None:
            for queue in (self._again, self._waiting.get(entry.feed, deque())):
                with contextlib.suppress(ValueError):
                    queue.remove(entry)

    def recall(self) -> list[Entry]:
        """Take back what was released and return it: it goes out again, before everything else, in its order."""
        entries = [self.released.pop(play) for play in sorted(self.released)]
        self.put_first(entries)
        return entries

    def put_first(self, entries: list[Entry]) -> None:
        """Queue sentences before everything else, in this order, whoever has the floor."""
        self._again.extendleft(reversed(entries))

    def put_urgent(self, entries: list[Entry]) -> None:
        """Queue announcements before everything else that waits, behind other announcements."""
        for entry in entries:
            entry.urgent = True
        self._again.extend(entries)
        self.urgent_first()

    def urgent_first(self) -> None:
        """Let announcements overtake what was recalled."""
        self._again = deque(sorted(self._again, key=lambda entry: not entry.urgent))

    @property
    def is_urgent(self) -> bool:
        """Whether an announcement waits behind sentences that are released."""
        return bool(self.released and self._again and self._again[0].urgent)

    def free_floor(self) -> None:
        """Nobody is waited for: the next sentence of any feed may be released."""
        self._open.clear()

    def measured(self, entry: Entry, audio_ms: float) -> None:
        """Note how long a sentence turned out; what is not synthesized yet is estimated from the latest ones."""
        entry.audio_ms = audio_ms
        if entry.source and audio_ms:
            new = audio_ms / 1000 / len(entry.source)
            self._seconds_per_character += LEARNING_RATE * (new - self._seconds_per_character)

    def seconds(self, entries: Iterable[Entry] | None = None) -> float:
        """Return how many seconds of speech these sentences are, or all that are not settled."""
        return sum(
            entry.audio_ms / 1000 or len(entry.source) * self._seconds_per_character
            for entry in (self if entries is None else entries)
        )

    def stale(self) -> list[Entry]:
        """Return what was not begun and lies before the newest paragraph of its feed.

        Announcements are never stale, nor what the listener has asked for.
        """
        feeds: dict[str, list[Entry]] = {}
        for entry in self:
            if entry.state == "queued" and not (entry.urgent or entry.wanted):
                feeds.setdefault(entry.feed, []).append(entry)
        return [entry for entries in feeds.values() for entry in entries[: _newest_paragraph(entries)]]

    def has(self, feed: str) -> bool:
        """Whether any sentence of a feed is not settled."""
        return any(entry.feed == feed for entry in self)

    def due(self, now: float) -> float | None:
        """Return the seconds until the floor changes hands because of a pause, if that can happen."""
        if self._floor_idle_since is None or not any(self._waiting.values()):
            return None
        return max(0.0, self._floor_idle_since + self._floor_pause_s - now)

    def __iter__(self) -> Iterator[Entry]:
        """All sentences in the order in which they would be heard."""
        yield from (self.released[play] for play in sorted(self.released))
        yield from self._again
        for feed in sorted(self._waiting, key=lambda name: name != self._floor):
            yield from self._waiting[feed]

    def _window_is_open(self) -> bool:
        if not self.released:
            return True
        seconds = self.seconds(self.released.values())
        return len(self.released) < self._window_sentences and seconds < self._window_seconds

    def _feed_with_floor(self, now: float) -> str:
        if self._floor and not self._keeps_floor(now):
            self._waiting.pop(self._floor, None)
            self._floor = ""
            self._floor_idle_since = None
        if not self._floor:
            self._floor = next((feed for feed, queue in self._waiting.items() if queue), "")
        return self._floor

    def _keeps_floor(self, now: float) -> bool:
        if self._waiting.get(self._floor):
            self._floor_idle_since = None
            return True
        if self._floor not in self._open:
            return False
        if any(entry.feed == self._floor for entry in self.released.values()):
            self._floor_idle_since = None
            return True
        if self._floor_idle_since is None:
            self._floor_idle_since = now
        return now - self._floor_idle_since < self._floor_pause_s


def _newest_paragraph(entries: list[Entry]) -> int:
    """Return the index at which the last paragraph begins."""
    start = len(entries) - 1
    while start > 0 and entries[start - 1].pause != "paragraph":
        start -= 1
    return start
