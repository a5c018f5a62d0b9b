"""Bad input and bad moments: one clear line each, no text lost, nothing left behind."""

import contextlib
import json
import os
import shutil
import subprocess

import pytest
from instance import RECORDINGS, Instance, eventually

LINE = json.dumps(
    {
        "type": "assistant",
        "message": {"id": "msg_1", "model": "m", "content": [{"type": "text", "text": "The tests passed."}]},
        "parent_tool_use_id": None,
        "session_id": "s",
        "uuid": "u",
    }
).encode()

ANOTHER_LINE = LINE.replace(b"msg_1", b"msg_2").replace(b'"uuid": "u"', b'"uuid": "v"')
"""The same words in the next message."""


def stderr_lines(done: "subprocess.CompletedProcess[bytes]") -> list[str]:
    """Return what was said on standard error, line by line."""
    return done.stderr.decode().splitlines()


def test_a_feed_without_a_pipeline_is_spoken_by_the_next_one(instance: Instance) -> None:
    """Feed before up: one line, exit 0, the text is kept and spoken once."""
    done = instance.try_("feed", "--format", "text", stdin=b"The tests passed. I will fix the bug.")
    assert done.returncode == 0
    assert len(stderr_lines(done)) == 1
    assert "no pipeline is running" in stderr_lines(done)[0]
    instance.up("null:fast")
    eventually(lambda: instance.states() == ["spoken"] * 2, "the spool to be spoken")
    instance.run("down")
    instance.up("null:fast")
    instance.run("feed", "--wait", "--format", "text", stdin=b"Hello.")
    assert instance.states() == ["spoken"] * 3


def test_a_feed_that_outlives_its_pipeline_goes_on_with_the_next(instance: Instance) -> None:
    """Text that is written while no pipeline runs is spoken when one comes, by the feed that is still there."""
    instance.up("null:fast")
    feed = instance.start("feed", "--format", "text", "--wait")
    assert feed.stdin
    feed.stdin.write(b"The tests passed. ")
    feed.stdin.flush()
    eventually(lambda: instance.states() == ["spoken"], "the first sentence")
    instance.run("down")
    feed.stdin.write(b"I will fix the bug. ")
    feed.stdin.flush()
    instance.up("null:fast")
    feed.stdin.write(b"The build is finished.")
    feed.stdin.close()
    assert feed.wait(60) == 0
    assert [row["source"] for row in instance.history()] == [
        "The tests passed.",
        "I will fix the bug.",
        "The build is finished.",
    ]


def test_a_killed_feed_loses_nothing_it_had_read(instance: Instance) -> None:
    """SIGKILL of a feed without a pipeline: what it had read is spoken by the next one."""
    feed = instance.start("feed", "--format", "text")
    assert feed.stdin
    assert feed.stderr
    feed.stdin.write(b"The tests passed. I will fix the bug.")
    feed.stdin.flush()
    spool = instance.state / "spool"
    eventually(lambda: any(b"fix the bug." in path.read_bytes() for path in spool.glob("*.spool")), "the spool")
    feed.kill()
    feed.wait()
    instance.up("null:fast")
    eventually(lambda: instance.states() == ["spoken"] * 2, "the spool to be spoken")


def test_a_second_up_says_that_one_runs(instance: Instance) -> None:
    """A second up changes nothing and says so in one line."""
    instance.up("null:fast")
    done = instance.try_("up", "--detach", "--sink", "null:fast")
    assert done.returncode == 1
    assert len(stderr_lines(done)) == 1
    assert "already running" in stderr_lines(done)[0]
    assert instance.status()["ready"]


def test_stale_sockets_and_books_are_no_obstacle(instance: Instance) -> None:
    """Files that an earlier pipeline left do not keep a new one from starting, and are removed."""
    instance.runtime.mkdir(mode=0o700)
    for name in ("translator.1.data.ipc", "sink.9.control.ipc", "supervisor.1.control.ipc", "translator.1.work"):
        (instance.runtime / name).write_bytes(b"")
    (instance.runtime / "pipeline.json").write_text('{"pid": 1, "created": 0, "command": "ipc:///nowhere"}')
    instance.up("null:fast")
    instance.run("feed", "--wait", "--format", "text", stdin=b"Hello.")
    instance.run("down")
    assert instance.sockets() == []


def test_commands_without_a_pipeline_say_what_to_do(instance: Instance) -> None:
    """Every command that needs a pipeline says in one line how to start one."""
    for command in (["stats"], ["status"], ["pause"], ["stop"], ["skip"], ["restart", "sink"], ["down"]):
        done = instance.try_(*command)
        assert done.returncode == 1
        assert stderr_lines(done) == ["voicectl: no pipeline is running; start one with: voicectl up --detach"]


def test_a_broken_line_is_skipped_and_counted(instance: Instance) -> None:
    """Broken JSON between good lines: the good ones are spoken, the bad one is counted."""
    instance.up("null:fast")
    bad = b'{"type":"assistant","message":{"content":[{"type":"te\n'
    instance.run("feed", "--wait", stdin=LINE + b"\n" + bad + ANOTHER_LINE + b"\n")
    assert instance.states() == ["spoken"] * 2
    assert eventually(lambda: instance.counters("parser").get("bad_json"), "the counter") == 1


def test_a_line_of_ten_megabytes_does_no_harm(instance: Instance) -> None:
    """A 10 MB line of tool output is passed over; what comes behind it is spoken."""
    instance.up("null:fast")
    huge = json.dumps({"type": "user", "message": {"content": [{"type": "tool_result", "content": "x" * 10_000_000}]}})
    instance.run("feed", "--wait", stdin=LINE + b"\n" + huge.encode() + b"\n" + ANOTHER_LINE)
    assert instance.states() == ["spoken"] * 2


def test_input_that_ends_at_once_is_no_error(instance: Instance) -> None:
    """Standard input that is closed at once: exit 0, nothing spoken, nothing said."""
    instance.up("null:fast")
    done = instance.try_("feed", "--wait", stdin=b"")
    assert (done.returncode, done.stderr) == (0, b"")
    assert instance.history() == []


def test_binary_noise_leaves_the_pipeline_standing(instance: Instance) -> None:
    """Bytes that are no text do not stop the pipeline."""
    instance.up("null:fast")
    noise = bytes(range(256)) * 64
    instance.run("feed", "--wait", stdin=noise, status=None)
    instance.run("feed", "--wait", stdin=LINE)
    assert instance.history("--session", "s")[-1]["state"] == "spoken"
    assert instance.status()["ready"]


def test_a_long_answer_keeps_ahead_of_the_voice(instance: Instance) -> None:
    """The 2,000-word recording through null:fast: all of it, without an underrun or a restart."""
    recording = RECORDINGS.parents[2] / ".." / "shared" / "recordings" / "long.partial.jsonl"
    if not recording.exists():
        pytest.skip("the long recording is not beside this checkout")
    instance.use_plugins()
    instance.up("null:fast", "--set", "synthesizer.backend=poison:ToneVoice")
    instance.run("feed", "--wait", stdin=recording.read_bytes())
    assert set(instance.states()) == {"spoken"}
    assert instance.counters("sink")["underruns"] == 0
    assert {stage["restarts"] for stage in instance.status()["stages"]} == {0}


def test_up_without_an_audio_device_says_what_to_do(instance: Instance) -> None:
    """A device that is not there (or no PortAudio at all): up fails with one line that names another sink."""
    done = instance.try_("up", "--detach", "--sink", "device:no such device")
    assert done.returncode == 1
    last = stderr_lines(done)[-1]
    assert last.startswith("voicectl: sink: ")
    assert "--sink" in last
    assert instance.processes() == []
    assert instance.sockets() == []


def test_a_wrong_setting_is_one_line_and_status_two(instance: Instance) -> None:
    """A bad value on the command line is refused before anything starts."""
    done = instance.try_("up", "--detach", "--set", "sink.spek=null")
    assert done.returncode == 2
    assert stderr_lines(done) == [next(line for line in stderr_lines(done) if "sink.spec" in line)]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="a small disk needs root to be mounted")
def test_a_full_disk_is_said_once_and_speech_goes_on(instance: Instance) -> None:
    """Journal, spool and logs on a full disk: the text is spoken from memory."""
    instance.state.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(instance.state)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        instance.up("null:fast")
        with (instance.state / "filler").open("wb") as filler, contextlib.suppress(OSError):
            filler.write(b"x" * 300_000)
        text = b"The tests passed. " * 60
        done = instance.try_("feed", "--wait", "--format", "text", stdin=text)
        assert done.returncode == 0, done.stderr
        eventually(lambda: instance.status()["spoken"] == 60, "the supervisor to have counted them")
        assert len(stderr_lines(done)) <= 1
        assert ["cannot be written" in notice for notice in instance.status()["notices"]] == [True]
        instance.run("down")
    finally:
        subprocess.run(["umount", "-l", str(instance.state)], check=False)
