"""Whatever is killed in mid-speech, the rest of the session is heard: once, in order."""

import os
import signal

import numpy as np
import psutil
import pytest
from instance import STAGES, TEXT, Instance, eventually
from speech import assert_each_once_but_for_a_cut, assert_each_once_in_order, read_wav

CUT = 4800
"""Samples (100 ms) that a killed sink may lose or repeat at the cut."""


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "sink"])
def test_a_killed_stage_is_not_heard(instance: Instance, stage: str) -> None:
    """SIGKILL of a stage in mid-speech: every sentence is in the recording, once, in order, in both languages.

    On a busy machine the sentence that is being spoken may have to wait for its end: then it fades out and in.
    """
    instance.up("wav:out.wav,realtime")
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(2)
    os.kill(instance.pid(stage), signal.SIGKILL)
    assert feed.wait(90) == 0
    instance.wait_until_ready()
    assert instance.stage(stage)["restarts"] == 1
    texts = [row["translation"] for row in instance.history()]
    assert instance.states() == ["spoken"] * 4
    assert all(texts)
    instance.run("down")
    assert_each_once_but_for_a_cut(read_wav(instance.wav)[0], texts, CUT)


def test_a_killed_sink_goes_on_where_it_was_cut(instance: Instance) -> None:
    """SIGKILL of the sink in mid-sentence: at most 100 ms of that sentence are lost or repeated."""
    instance.up("wav:out.wav,realtime")
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(2)
    os.kill(instance.pid("sink"), signal.SIGKILL)
    assert feed.wait(90) == 0
    texts = [row["translation"] for row in instance.history()]
    instance.run("down")
    assert_each_once_but_for_a_cut(read_wav(instance.wav)[0], texts, CUT)


def test_a_stopped_stage_is_replaced(instance: Instance) -> None:
    """SIGSTOP of the translator: it is missed, killed and replaced; continued later, it is gone."""
    instance.up("wav:out.wav", "--set", "supervisor.heartbeat_timeout_s=2")
    stopped = psutil.Process(instance.stage("translator")["pid"])
    stopped.suspend()
    instance.run("feed", "--wait", "--format", "text", stdin=TEXT.encode())
    assert not stopped.is_running()
    texts = [row["translation"] for row in instance.history()]
    instance.run("down")
    assert_each_once_in_order(read_wav(instance.wav)[0], texts)


def test_a_killed_supervisor_takes_its_stages_along(instance: Instance) -> None:
    """SIGKILL of the supervisor in mid-speech: no process and no socket is left, and the next up goes on."""
    instance.up("wav:first.wav,realtime")
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(2)
    os.kill(instance.pid("supervisor"), signal.SIGKILL)
    assert feed.wait(60) == 1
    assert feed.stderr
    assert len(feed.stderr.read().decode().splitlines()) == 1
    eventually(lambda: instance.processes() == [], "the stages to end")
    assert instance.sockets() == []
    instance.up("wav:second.wav")
    eventually(lambda: instance.states() == ["spoken"] * 4, "the rest to be spoken")
    texts = [row["translation"] for row in instance.history()]
    instance.run("down")
    sounds = [read_wav(instance.folder / name)[0] for name in ("first.wav", "second.wav")]
    assert_each_once_but_for_a_cut(np.concatenate(sounds), texts, CUT)


def test_a_stage_that_cannot_live_makes_the_pipeline_give_up(instance: Instance) -> None:
    """More deaths than the budget allows, and no fallback: the pipeline ends by itself, and says so in the log."""
    instance.up("null:fast", "--set", "supervisor.max_restarts=1")
    for number in (1, 2):
        eventually(lambda: instance.stage("parser")["state"] == "ready", "the parser")
        pid = instance.pid("parser")
        os.kill(pid, signal.SIGKILL)
        if number == 1:
            eventually(lambda pid=pid: instance.stage("parser")["pid"] not in (pid, 0), "its successor")
    eventually(lambda: instance.processes() == [], "the pipeline to give up")
    assert "more than 1 restarts" in instance.run("logs", "supervisor")
    assert instance.sockets() == []
