"""Which stage is to be connected to which next. Pure: it is told who is ready and who has connected.

A stage's output stands before anything is let in, so that nothing is sent into the void; the sink is let to
the parser last, since its ledger makes the parser send what is not buffered. Otherwise a new edge means that
frames were lost on its predecessor: the parser has to send again, once, when all edges stand.
"""

from collections.abc import Mapping
from typing import NamedTuple

EDGES = (
    ("synthesizer", "sink"),
    ("parser", "sink"),
    ("translator", "synthesizer"),
    ("parser", "translator"),
    ("sink", "parser"),
)


class Edge(NamedTuple):
    """One incarnation that sends to another, by name (``translator.2``, ``synthesizer.1``)."""

    sender: str
    receiver: str


class Links:
    """The edges that stand, those that are being made, and whether a replay is due."""

    def __init__(self) -> None:
        self._standing: set[Edge] = set()
        self._pending: set[Edge] = set()
        self._replay = False

    def next(self, ready: Mapping[str, str]) -> Edge | None:
        """Return the edge to make now; ``ready`` maps a stage to the name of its ready incarnation."""
        alive = frozenset(ready.values())
        self._standing = {edge for edge in self._standing if alive.issuperset(edge)}
        self._pending = {edge for edge in self._pending if alive.issuperset(edge)}
        for sender, receiver in EDGES:
            if sender in ready and receiver in ready:
                edge = Edge(ready[sender], ready[receiver])
                if edge in self._standing:
                    continue
                if edge in self._pending:
                    return None
                self._pending.add(edge)
                return edge
        return None

    def made(self, edge: Edge) -> None:
        """The sender has connected."""
        self._standing.add(edge)
        self._pending.discard(edge)
        self._replay = not edge.sender.startswith("sink.")

    def take_replay(self) -> bool:
        """Whether the parser has to send again; true once, when all edges stand."""
        due = self._replay and len(self._standing) == len(EDGES)
        if due:
            self._replay = False
        return due
