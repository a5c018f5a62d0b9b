"""Judges a run by the recorded sound and the journal: every sentence once, in order, cut by at most 100 ms."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import sound
import tones
from tones import Copy, Run

CUT_MS = 100.0
"""What may be lost or repeated where a sentence was cut."""
MEASURE_MS = 6.0
"""Error of the length: the fades around a cut (5 ms) and the rounding of its silence."""

Name = tuple[int, int]


class Piece(NamedTuple):
    """A stretch of one sentence in one file."""

    path: Path
    run: Run


@dataclass
class Hearing:
    """A sentence as it was heard, in one piece or several with nothing else between."""

    name: Name
    pieces: list[Piece] = field(default_factory=list)
    copies: list[int] = field(default_factory=list)

    @property
    def deviation_ms(self) -> float:
        """Milliseconds too much (repeated) or, negative, too few (lost)."""
        heard = sum(piece.run.end - piece.run.start for piece in self.pieces)
        return (heard - tones.SENTENCE) * 1000 / tones.RATE


class Gap(NamedTuple):
    """Silence in which there was something to say: from when to when (monotonic seconds)."""

    begin: float
    end: float


def hearings(files: list[Path]) -> tuple[list[Hearing], int]:
    """Return what was heard, in order, and how many texts that nobody wrote."""
    heard: list[Hearing] = []
    orphans: list[Piece] = []
    strange = 0
    for path in files:
        samples = sound.read(path)
        strange += tones.unknown(samples)
        for run, copies in _by_run(tones.runs(samples), tones.decode(samples)):
            if not copies and not tones.is_unknown(samples[run.start : run.end]):
                orphans.append(Piece(path, run))
            for copy, piece in _parts(path, run, copies):
                name = (copy.feed, copy.number)
                if not heard or heard[-1].name != name:
                    following = Hearing(name)
                    _settle(heard, orphans, following)
                    heard.append(following)
                elif orphans:
                    heard[-1].pieces += orphans
                orphans = []
                if not heard[-1].pieces or heard[-1].pieces[-1] != piece:
                    heard[-1].pieces.append(piece)
                heard[-1].copies.append(copy.index)
    if heard:
        heard[-1].pieces += orphans
    return heard, strange


def _by_run(found: list[Run], copies: list[Copy]) -> list[tuple[Run, list[Copy]]]:
    """Return each run with the copies that begin in it."""
    rows = []
    at = 0
    for run in found:
        mine = []
        while at < len(copies) and copies[at].at < run.end:
            mine.append(copies[at])
            at += 1
        rows.append((run, mine))
    return rows


def _parts(path: Path, run: Run, copies: list[Copy]) -> list[tuple[Copy, Piece]]:
    """Split a run in which one sentence follows another without a silence."""
    parts = []
    start = run.start
    for place, copy in enumerate(copies):
        following = next((each for each in copies[place:] if each[:2] != copy[:2]), None)
        end = following.at - following.index * tones.COPY if following else run.end
        parts.append((copy, Piece(path, Run(start, end))))
        if place + 1 < len(copies) and copies[place + 1][:2] != copy[:2]:
            start = end
    return parts


def _settle(heard: list[Hearing], orphans: list[Piece], following: Hearing) -> None:
    """Give pieces too short to be known to the sentence before them if it is not whole, else to the one after."""
    for piece in orphans:
        length = (piece.run.end - piece.run.start) * 1000 / tones.RATE
        if heard and heard[-1].deviation_ms + length <= MEASURE_MS:
            heard[-1].pieces.append(piece)
        else:
            following.pieces.append(piece)


class Deaths(NamedTuple):
    """The deaths of each feed.

    ``between`` two sentences: the last number written before; ``within`` one: that number. The read that was in
    flight may be lost. What had been read of a sentence is spoken, and the rest by the next feed: in two halves.
    """

    between: dict[int, list[int]]
    within: dict[int, list[int]]


class Verdict(NamedTuple):
    """What became of a run.

    ``cuts`` are the deviations in ms of the sentences that were cut, ``torn`` those that two feeds had a half of each.
    """

    sentences: int
    lost: list[Name]
    repeated: list[Name]
    disordered: list[tuple[Name, Name]]
    cuts: list[float]
    in_flight: list[Name]
    set_aside: list[Name]
    torn: list[Name]
    problems: list[str]


def judge(
    heard: list[Hearing],
    strange: int,
    written: dict[Name, float],
    deaths: Deaths,
    history: list[dict[str, Any]],
    is_deadly: Callable[[int], bool] = lambda _: False,
) -> Verdict:
    """Compare what was heard with what was written and journaled.

    Args:
        heard: The recording, decoded.
        strange: Texts in it that nobody wrote.
        written: When each sentence was in a feed's pipe.
        deaths: Those of the feeds.
        history: ``voicectl history --json``.
        is_deadly: Whether every voice dies on a sentence of this number: then it is set aside, and never heard.
    """
    rows = [(tones.parse(row["source"]), row) for row in history]
    journaled = {name: row for name, row in rows if name}
    fragments = [row["source"] for name, row in rows if not name]
    in_flight = [(feed, number) for feed, cuts in deaths.between.items() for number in cuts if number]
    in_flight = [name for name in in_flight if name not in journaled]
    torn = [(feed, number) for feed, numbers in deaths.within.items() for number in numbers]
    torn = [name for name in torn if name not in journaled]
    halves = {name: _halves(name, fragments) for name in torn}
    in_flight += [name for name, found in halves.items() if not found]
    set_aside = [name for name, row in journaled.items() if row["state"] == "quarantined"]
    counts = Counter(each.name for each in heard)
    excused = {*in_flight, *set_aside, *torn}
    lost = [name for name in written if not counts[name] and name not in excused]
    deviations = [(each.name, each.deviation_ms) for each in heard if abs(each.deviation_ms) > MEASURE_MS]
    problems = [f"{name} was cut by {ms:+.0f} ms" for name, ms in deviations if abs(ms) > CUT_MS + MEASURE_MS]
    twice = Counter(name for name, _ in rows if name)
    problems += [f"{name} stands {count} times in the journal" for name, count in twice.items() if count > 1]
    problems += [
        f"{name} is {row['state']} in the journal: {row['error']}"
        for name, row in journaled.items()
        if row["state"] not in ("spoken", "quarantined")
    ]
    for found in halves.values():
        for half in found:
            fragments.remove(half)
    # Of a read that was in flight one half may be lost, and the other one is all that is left. (A cut may double it.)
    allowed = len(in_flight) + sum(map(len, halves.values()))
    if len(fragments) > len(in_flight) or strange > 2 * allowed:
        problems.append(f"texts that nobody wrote: {fragments}, heard {strange} times")
    problems += [
        f"{name} kills every voice and was {journaled[name]['state'] if name in journaled else 'not journaled'}"
        for name in written
        if is_deadly(name[1]) and name not in set_aside and name not in in_flight and name not in torn
    ]
    return Verdict(
        sentences=len(written),
        lost=sorted(lost),
        repeated=sorted(name for name, count in counts.items() if count > 1),
        disordered=_disorder(heard, journaled),
        cuts=[ms for _, ms in deviations],
        in_flight=in_flight,
        set_aside=set_aside,
        torn=[name for name, found in halves.items() if found],
        problems=problems,
    )


def _halves(name: Name, fragments: list[str]) -> list[str]:
    """Return the two texts, next to each other in the journal of a feed and its successor, that a death made of one.

    A single one where the other half held nothing but marks, which are not spoken; none when they are not there.
    """
    wanted = _letters(tones.text(*name))
    for one in fragments:
        if _letters(one) == wanted:
            return [one]
        for other in fragments:
            if _letters(one) + _letters(other) == wanted:
                return [one, other]
    return []


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def _disorder(heard: list[Hearing], journaled: dict[Name, dict[str, Any]]) -> list[tuple[Name, Name]]:
    """Return the pairs of neighbours within a session that were heard in the wrong order."""
    latest: dict[str, Name] = {}
    wrong = []
    for each in heard:
        session = journaled[each.name]["session"] if each.name in journaled else ""
        before = latest.get(session)
        if before and before[1] > each.name[1]:
            wrong.append((before, each.name))
        latest[session] = each.name
    return wrong


def gaps(heard: list[Hearing], watch: sound.Watch, written: dict[Name, float], pause_s: float) -> list[Gap]:
    """Return every silence, less what was due: the pause between sentences, and waiting for the writer."""
    found = []
    before: float | None = None
    for each in heard:
        for place, piece in enumerate(each.pieces):
            begin, end = watch.when(piece.path, piece.run.start), watch.when(piece.path, piece.run.end)
            if before is not None:
                due = before if place else max(before + pause_s, written.get(each.name, 0.0))
                if begin > due:
                    found.append(Gap(due, begin))
            found += [Gap(*stall) for stall in watch.stalls(piece.path, piece.run.start, piece.run.end)]
            before = end
    return found
