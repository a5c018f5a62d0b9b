"""Faults: what can go wrong, drawn from a seed, and how it is done to a running pipeline."""

import random
from typing import Literal, NamedTuple

from voicectl.protocol.supervising import STAGES

Kind = Literal["kill", "segv", "stop", "several", "unlink", "garbage", "audio"]
Trigger = Literal["now", "work", "sent", "queued", "released", "speaking", "spoken"]

KINDS: dict[Kind, float] = {"kill": 6, "segv": 2, "stop": 2, "several": 2, "unlink": 1, "garbage": 1}
"""How often each kind is drawn."""
VICTIMS = (*STAGES, "supervisor", "feed")
TRIGGERS: tuple[Trigger, ...] = ("now", "work", "sent", "queued", "released", "speaking", "spoken")
"""``work`` and ``sent``: a stage's work mark names a sentence, or has just been cleared. The others: the journal
shows a sentence in the next state. So the moments are spread over the life of a sentence."""


class Fault(NamedTuple):
    """One fault: ``at`` seconds after the start (or as soon after it as ``trigger`` comes true, plus ``delay`` s).

    ``watched`` is the stage whose work mark is the trigger; ``length`` is for how long a process is stopped, or how
    long nobody starts a new supervisor, in seconds; ``salt`` seeds what else is to be drawn.
    """

    at: float
    kind: Kind
    victims: tuple[str, ...]
    trigger: Trigger
    watched: str
    delay: float
    length: float
    salt: int

    @property
    def label(self) -> str:
        """Who is hit, for the table."""
        return "several" if len(self.victims) > 1 else self.victims[0]


def schedule(
    seed: int,
    seconds: float,
    spacing: tuple[float, float],
    victims: tuple[str, ...] = VICTIMS,
    kinds: tuple[Kind, ...] = tuple(KINDS),
    audio: bool = False,
) -> list[Fault]:
    """Return the faults of a run: always the same for the same arguments.

    Args:
        seed: What everything is drawn from.
        seconds: The last fault comes before.
        spacing: Least and greatest seconds between two faults.
        victims: Who may be hit.
        kinds: What may happen to them.
        audio: Whether the audio server is a victim too.
    """
    chance = random.Random(seed)
    weights: dict[Kind, float] = {kind: KINDS[kind] for kind in kinds} | ({"audio": 2.0} if audio else {})
    faults, at = [], chance.uniform(*spacing)
    while at < seconds:
        kind = chance.choices(list(weights), list(weights.values()))[0]
        faults.append(_draw(chance, at, kind, victims))
        at += chance.uniform(*spacing)
    return faults


def _draw(chance: random.Random, at: float, kind: Kind, victims: tuple[str, ...]) -> Fault:
    hit = [chance.choice(victims)]
    if kind == "several":
        hit = chance.sample(victims, min(len(victims), chance.randint(2, 4)))
    elif kind in ("unlink", "garbage"):
        hit = [chance.choice(victims)]
    elif kind == "audio":
        hit = ["audio server"]
    return Fault(
        at=round(at, 3),
        kind=kind,
        victims=tuple(hit),
        trigger=chance.choice(TRIGGERS),
        watched=chance.choice(("translator", "synthesizer")),
        delay=chance.choice((0.0, 0.0, chance.uniform(0, 0.03))),
        length=round(chance.choice((0.0, chance.uniform(0.2, 1.0), chance.uniform(2.5, 4.0))), 3),
        salt=chance.randrange(1 << 30),
    )
