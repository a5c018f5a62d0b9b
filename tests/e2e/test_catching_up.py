"""The listener's hand on speed and volume, and what happens when the agent is ahead of the voice."""

import pytest
from instance import TEXT, Instance, eventually
from speech import read_wav

PARAGRAPHS = "\n\n".join(
    [
        "The tests passed. I will fix the bug. The build is finished.",
        "I updated the documentation. The server is running. The file was deleted.",
        "The code is ready.",
    ]
)
"""Seven sentences in three paragraphs, about fifteen seconds of speech."""


def test_speed_and_volume_are_shown_changed_and_outlive_a_sink(instance: Instance) -> None:
    """Both commands, in the status, behind a restart of the sink; what makes no sense is refused."""
    instance.up("null:fast", "--set", "sink.speed=1.25")
    assert instance.run("speed") == "1.25\n"
    assert instance.run("volume") == "100%\n"
    instance.run("speed", "1.5")
    instance.run("volume", "80%")
    instance.run("restart", "sink")
    eventually(lambda: instance.status()["backlog"]["speed"] == 1.5, "the new sink to say its speed")
    status = instance.status()
    assert (status["speed"], status["volume"]) == (1.5, 0.8)
    assert instance.run("volume") == "80%\n"
    for command in (("speed", "9"), ("speed", "fast"), ("volume", "300%"), ("volume", "nan")):
        assert instance.try_(*command).returncode == 2
    assert instance.run("speed") == "1.5\n"


def test_what_is_queued_is_heard_at_the_speed_and_volume_asked_for(instance: Instance) -> None:
    """A recording of the same text, with the speech already in the sink, is half as long and half as loud."""
    for name, speed, volume in (("usual.wav", "1", "1"), ("other.wav", "2", "0.5")):
        instance.up(f"wav:{name},realtime")
        instance.run("pause")
        feed = instance.start_feed(TEXT)
        eventually(lambda: instance.stage("sink")["queued"] >= 2, "speech to be queued in the sink")
        instance.run("speed", speed)
        instance.run("volume", volume)
        instance.run("resume")
        assert feed.wait(90) == 0
        instance.run("down")
    usual, other = (read_wav(instance.folder / name)[0] for name in ("usual.wav", "other.wav"))
    spoken = [sum(abs(sound) > 100) for sound in (usual, other)]
    assert spoken[1] < 0.65 * spoken[0]
    assert abs(other).max() == pytest.approx(abs(usual).max() / 2, rel=0.1)


def test_with_the_policy_speed_the_voice_hastens_and_the_queue_is_shown(instance: Instance) -> None:
    """All is spoken, faster while much of it waits, and status says so."""
    policy = ("--set", "parser.backlog=speed", "--set", "parser.backlog_seconds=1")
    instance.up("null", *policy, "--set", "parser.backlog_max_speed=2")
    feed = instance.start_feed(PARAGRAPHS)
    status = eventually(
        lambda: (now := instance.status()) and now["backlog"]["speed"] > 1.5 and now, "the voice to hasten"
    )
    assert status["backlog"]["policy"] == "speed"
    assert status["queued_s"] > 2
    assert status["speed"] == 1
    assert feed.wait(90) == 0
    assert set(instance.states()) == {"spoken"}
    eventually(lambda: instance.status()["backlog"]["speed"] == 1, "the usual speed again")


def test_with_the_policy_skip_the_newest_paragraph_comes_next_and_the_rest_can_be_heard_later(
    instance: Instance,
) -> None:
    """The sentence that is spoken is finished, the leap is said; history has the reason, replay the sentences."""
    policy = ("--set", "parser.backlog=skip", "--set", "parser.backlog_seconds=4")
    instance.up("wav:out.wav,realtime", *policy)
    feed = instance.start_feed(PARAGRAPHS)
    assert feed.wait(90) == 3
    rows = [row for row in instance.history() if row["session"] != "voicectl"]
    said = [row for row in instance.history() if row["session"] == "voicectl"]
    left_out = [row for row in rows if row["state"] == "cancelled"]
    assert left_out
    assert all(row["error"].startswith("skipped: the voice was") for row in left_out)
    assert rows[-1]["state"] == "spoken"
    assert [(row["state"], row["translation"]) for row in said] == [("spoken", "古い部分を省略しました。")]
    assert said[0]["spoken_at"] < rows[-1]["spoken_at"]
    assert any("--skipped" in notice for notice in instance.status()["notices"])
    instance.run("replay", "--skipped")
    eventually(lambda: set(instance.states()) == {"spoken"}, "what was left out", 90)
    assert len(instance.history()) == len(rows) + 1
