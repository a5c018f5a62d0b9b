"""Which stage is connected to which next, in any order of events."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from voicectl.protocol.supervising import STAGES
from voicectl.supervisor.links import EDGES, Edge, Links


class World:
    """What the supervisor does around ``Links``: stages become ready, die, and answer when they have connected."""

    def __init__(self) -> None:
        self.links = Links()
        self.ready: dict[str, str] = {}
        self.asked: list[Edge] = []
        self.made: list[Edge] = []
        self.log: list[str] = []
        self._incarnations: Counter[str] = Counter()

    def start(self, stage: str) -> None:
        """A new incarnation is ready."""
        self._incarnations[stage] += 1
        self.ready[stage] = f"{stage}.{self._incarnations[stage]}"
        self._link()

    def die(self, stage: str) -> None:
        """A stage is gone, and what it was asked for with it."""
        name = self.ready.pop(stage, "")
        self.asked = [edge for edge in self.asked if edge.sender != name]
        self.log.append(f"{stage} died")

    def answer(self, which: int = 0) -> None:
        """One of the edges that were asked for is made; two senders may answer in any order."""
        edge = self.asked.pop(which % len(self.asked))
        self.made.append(edge)
        self.log.append(f"{edge.sender.partition('.')[0]}-{edge.receiver.partition('.')[0]}")
        self.links.made(edge)
        self._link()

    def settle(self) -> None:
        """Answer until nothing more is asked for."""
        while self.asked:
            self.answer()

    def _link(self) -> None:
        edge = self.links.next(self.ready)
        if edge:
            assert edge not in self.asked, "an edge was asked for twice"
            assert edge not in self.made, "an edge was made twice"
            self.asked.append(edge)
        elif self.links.take_replay():
            self.log.append("replay")

    def restart(self, stage: str) -> list[str]:
        """Restart a stage in a pipeline that runs; return what happened."""
        self.log.clear()
        self.die(stage)
        self.start(stage)
        self.settle()
        return self.log


def running() -> World:
    """Return a pipeline that came up sink first."""
    world = World()
    for stage in reversed(STAGES):
        world.start(stage)
    world.settle()
    return world


@given(st.permutations(STAGES))
def test_every_edge_is_made_once_whoever_is_ready_first(order: list[str]) -> None:
    """And nothing is replayed at the first start: nothing was lost."""
    world = World()
    for stage in order:
        world.start(stage)
    world.settle()
    assert set(world.made) == {Edge(f"{sender}.1", f"{receiver}.1") for sender, receiver in EDGES}
    assert "replay" not in world.log


def test_outputs_stand_before_inputs() -> None:
    """Nothing is sent into the void; the sink's ledger comes when all stands."""
    assert running().log == [
        "synthesizer-sink",
        "parser-sink",
        "translator-synthesizer",
        "parser-translator",
        "sink-parser",
    ]


def test_an_edge_waits_for_those_before_it() -> None:
    """The next one is asked for when the one before it stands."""
    world = World()
    for stage in reversed(STAGES):
        world.start(stage)
        assert [edge.sender for edge in world.asked] in ([], ["synthesizer.1"])
    world.answer()
    assert world.asked == [Edge("parser.1", "sink.1")]


def test_an_edge_that_is_overtaken_is_not_made_twice() -> None:
    """The synthesizer is ready while the parser connects; its edge comes first now and is answered first."""
    world = World()
    for stage in STAGES[:3]:
        world.start(stage)
    assert world.asked == [Edge("parser.1", "translator.1"), Edge("translator.1", "synthesizer.1")]
    world.answer(1)
    assert world.asked == [Edge("parser.1", "translator.1")]


def test_a_restarted_translator_is_followed_by_one_replay() -> None:
    """Its output is connected before its input."""
    log = running().restart("translator")
    assert log == ["translator died", "translator-synthesizer", "parser-translator", "replay"]


def test_a_restarted_synthesizer_is_followed_by_one_replay() -> None:
    """The same for the next stage."""
    log = running().restart("synthesizer")
    assert log == ["synthesizer died", "synthesizer-sink", "translator-synthesizer", "replay"]


def test_a_restarted_sink_tells_the_parser_what_to_send() -> None:
    """Its ledger, over the last edge, takes the place of a replay."""
    log = running().restart("sink")
    assert log == ["sink died", "synthesizer-sink", "parser-sink", "sink-parser"]


def test_a_restarted_parser_is_told_by_the_ledger_too() -> None:
    """It releases nothing before it knows what was heard."""
    log = running().restart("parser")
    assert log == ["parser died", "parser-sink", "parser-translator", "sink-parser"]


def test_two_stages_that_died_together_are_followed_by_one_replay() -> None:
    """It waits until all edges stand: what is sent before is work for nothing."""
    world = running()
    world.log.clear()
    world.die("translator")
    world.die("synthesizer")
    world.start("translator")
    world.settle()
    world.start("synthesizer")
    world.settle()
    assert world.log.count("replay") == 1
    assert world.log[-1] == "replay"


def test_a_stage_that_dies_while_its_edge_is_made_is_connected_again() -> None:
    """The receiver died: the sender's answer is about nobody. The sender died: it never answers."""
    world = running()
    world.die("translator")
    world.start("translator")
    assert world.asked == [Edge("translator.2", "synthesizer.1")]
    world.die("synthesizer")
    world.start("synthesizer")
    world.settle()
    world.die("translator")
    world.start("translator")
    world.die("translator")
    world.start("translator")
    world.log.clear()
    world.settle()
    assert world.log == ["translator-synthesizer", "parser-translator", "replay"]
    assert world.made[-1] == Edge("parser.1", "translator.4")


def test_nothing_is_asked_for_while_nothing_changes() -> None:
    """The supervisor asks on every event."""
    world = running()
    assert world.links.next(world.ready) is None
    assert not world.links.take_replay()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["start", "die"]), st.sampled_from(STAGES)) | st.integers(0, 3)))
def test_in_the_end_all_edges_stand_and_the_parser_has_sent_again(events: list[tuple[str, str] | int]) -> None:
    """Whatever dies and comes back, and whenever an edge is made."""
    world = World()
    for event in events:
        if isinstance(event, int):
            if world.asked:
                world.answer(event)
        elif event[0] == "die":
            world.die(event[1])
        elif event[1] not in world.ready:
            world.start(event[1])
    for stage in STAGES:
        if stage not in world.ready:
            world.start(stage)
    world.settle()
    present = {Edge(world.ready[sender], world.ready[receiver]) for sender, receiver in EDGES}
    assert present <= set(world.made)
    last_edge = max(i for i, entry in enumerate(world.log) if "-" in entry)
    assert world.log[last_edge] == "sink-parser" or "replay" in world.log[last_edge:]
