"""``trace`` and ``bench`` with a real pipeline."""

import json
from pathlib import Path

import pytest
from instance import TEXT, Instance

from voicectl.cli.bench import measure
from voicectl.config.load import load_settings
from voicectl.protocol.supervising import STAGES

LONG = "It works in all of the places that you have named to me and in all of the others that I have found."
ANSWERS = [[(0.0, LONG), (0.02, " I will go on.")], [(0.0, "It is done."), (0.02, " Good.")]]
"""The first answer is stopped in its first sentence, also where the machine is slow to notice that it is spoken."""


def test_a_trace_holds_every_sentence_on_every_stage_and_the_restarts(instance: Instance) -> None:
    """The file of a session with a restart has each sentence in each stage, its sound, and the restart."""
    instance.up("null:fast")
    instance.run("feed", "--wait", "--session", "talk", stdin=TEXT.encode())
    instance.run("restart", "translator")
    instance.run("trace", "--out", "t.json")
    trace = json.loads((instance.folder / "t.json").read_bytes())["traceEvents"]
    names = {event["pid"]: event["args"]["name"] for event in trace if event["name"] == "process_name"}
    seen = {(names[event["pid"]], event["name"]) for event in trace if event["ph"] == "X"}
    assert seen >= {(stage, f"talk {seq}") for stage in STAGES for seq in (1, 2, 3, 4)}
    assert len([event for event in trace if event.get("cat") == "sound"]) == 4
    instants = [event["name"] for event in trace if event["ph"] == "i"]
    assert "translator.1 ended with status 0" in instants
    assert "translator.2 ready" in instants


def test_a_bench_measures_first_and_later_sentences(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every answer but the last is stopped at its first words; nothing is left running."""
    for name in ("VOICECTL_RUNTIME_DIR", "VOICECTL_STATE_DIR"):
        monkeypatch.setenv(name, str(tmp_path))  # restored at the end: measure sets its own
    numbers: list[tuple[int, int]] = []
    settings = load_settings(None, ("sink.spec=null",), "offline").settings
    report = measure(settings, ANSWERS, lambda number, count: numbers.append((number, count)))
    assert numbers == [(1, 2), (2, 2)]
    assert (report.ttfa.count, report.ttfa_later.count) == (2, 1)
    assert report.ttfa.p50 is not None
    assert report.machinery.p50 is not None
    assert 0 < report.machinery.p50 < report.ttfa.p50
    assert set(report.stages) == {*STAGES, "supervisor"}
    assert all(cost.peak_mb > 10 for cost in report.stages.values())
    assert report.backends["translator"] == "starter"
