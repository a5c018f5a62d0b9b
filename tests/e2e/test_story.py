"""The story of the README, command by command, on the embedded default."""

import json
import signal
import subprocess

import pytest
from instance import RECORDINGS, TEXT, Instance, eventually
from speech import assert_each_once_but_for_a_cut, assert_each_once_in_order, longest_gap_s, read_wav

from voicectl.actors.parser.spool import Spool, SpoolHeader

QUANTILES = {"p50", "p90", "p99", "max", "count"}
FADES = 500
"""Samples: a pause fades for 5 ms on both sides."""


def test_a_recorded_session_is_spoken_once_in_order(instance: Instance) -> None:
    """up, feed --wait, stats, history, down: every sentence is in the WAV file, whole, once, in order."""
    instance.up("wav:out.wav")
    instance.run("feed", "--wait", stdin=(RECORDINGS / "agentic.partial.jsonl").read_bytes())
    stats = json.loads(instance.run("stats", "--json"))
    history = instance.history()
    instance.run("down")
    gold = (RECORDINGS / "agentic.partial.spoken.txt").read_text().splitlines()
    assert [row["source"] for row in history] == gold
    assert {row["state"] for row in history} == {"spoken"}
    assert [row["seq"] for row in history] == list(range(1, len(gold) + 1))
    assert all(row["translation"] and row["backend"] and row["ttfa_ms"] > 0 for row in history)
    for kinds in stats["hops"].values():
        assert set(kinds) == {"waiting", "working", "wire"}
        assert all(set(record) == QUANTILES and record["count"] == len(gold) for record in kinds.values())
    assert stats["ttfa"]["count"] + stats["ttfa_later"]["count"] == len(gold)
    sound, rate = read_wav(instance.wav)
    assert rate == 48_000
    assert_each_once_in_order(sound, [row["translation"] for row in history])


def test_down_leaves_no_process_and_no_socket(instance: Instance) -> None:
    """After down nothing of the pipeline is left but its journal and logs."""
    instance.up("null:fast")
    assert len(instance.processes()) == 5
    instance.run("down")
    assert instance.processes() == []
    assert instance.sockets() == []


def test_captions_show_both_languages(instance: Instance) -> None:
    """Feed --captions prints the sentence and its translation."""
    instance.up("null:fast")
    output = instance.run("feed", "--captions", "--format", "text", stdin=b"The tests passed.").splitlines()
    assert output[0] == "The tests passed."
    assert output[1] == instance.history()[0]["translation"]


def test_a_sentence_is_spoken_before_its_feed_ends(instance: Instance) -> None:
    """On a live stream a sentence leaves when its end is certain; the last one when the stream pauses."""
    instance.up("null:fast")
    feed = instance.start("feed", "--format", "text", "--wait")
    assert feed.stdin
    feed.stdin.write(b"The tests passed. I will fix the bug.")
    feed.stdin.flush()
    eventually(lambda: instance.states() == ["spoken", "spoken"], "both sentences")
    assert feed.poll() is None
    feed.communicate(timeout=60)
    assert feed.returncode == 0


def test_tee_passes_the_input_through(instance: Instance) -> None:
    """Feed --tee writes to standard output what it reads, byte for byte."""
    instance.up("null:fast")
    data = (RECORDINGS / "tool.partial.jsonl").read_bytes()
    assert instance.run("feed", "--tee", stdin=data).encode() == data


def test_restart_of_the_translator_is_not_heard(instance: Instance) -> None:
    """Restart translator during speech: nothing is lost, and the sound goes on from what is queued."""
    instance.up("wav:out.wav,realtime")
    instance.run("pause")  # nothing is spoken before enough is queued, on whatever machine
    feed = instance.start_feed(TEXT)
    eventually(lambda: instance.stage("sink")["queued"] >= 2, "speech to be queued in the sink")
    instance.run("resume")
    instance.wait_until_speaking(1)
    instance.run("restart", "translator")
    assert feed.wait(60) == 0
    assert instance.stage("translator")["restarts"] == 1
    texts = [row["translation"] for row in instance.history()]
    instance.run("down")
    sound, rate = read_wav(instance.wav)
    assert_each_once_but_for_a_cut(sound, texts, FADES)
    assert longest_gap_s(sound, rate) < 0.5


def test_down_finishes_the_sentence_and_keeps_the_rest(instance: Instance) -> None:
    """Down in mid-speech ends behind a whole sentence; the next up speaks the others."""
    instance.up("wav:first.wav,realtime")
    instance.run("feed", "--format", "text", stdin=TEXT.encode())
    instance.wait_until_speaking(1)
    instance.run("down")
    states = instance.states()
    assert states[0] == "spoken"
    assert states[-1] == "queued"
    instance.up("wav:second.wav")
    eventually(lambda: instance.states() == ["spoken"] * 4, "the rest to be spoken")
    texts = [row["translation"] for row in instance.history()]
    instance.run("down")
    heard = states.count("spoken")
    assert_each_once_in_order(read_wav(instance.folder / "first.wav")[0], texts[:heard])
    assert_each_once_in_order(read_wav(instance.folder / "second.wav")[0], texts[heard:])


def test_stop_cancels_what_is_queued(instance: Instance) -> None:
    """Stop in mid-speech: feed --wait exits 3, what was queued is cancelled, the next feed is spoken."""
    instance.up("null")
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(1)
    instance.run("stop")
    assert feed.wait(60) == 3
    assert set(instance.states()) <= {"spoken", "cancelled"}
    instance.run("feed", "--wait", "--format", "text", stdin=b"Hello.")
    assert instance.states()[-1] == "spoken"


def test_skip_goes_on_with_the_next_sentence(instance: Instance) -> None:
    """Skip in mid-sentence cancels that sentence only: the second, or a later one where commands are slow."""
    instance.up("wav:out.wav,realtime")
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(2)
    instance.run("skip")
    feed.wait(60)
    states = instance.states()
    assert sorted(states) == ["cancelled", "spoken", "spoken", "spoken"]
    skipped = states.index("cancelled")
    assert skipped >= 1
    texts = [row["translation"] for row in instance.history()]
    instance.run("down")
    assert_each_once_in_order(read_wav(instance.wav)[0], [*texts[:skipped], *texts[skipped + 1 :]])


def test_replay_speaks_again(instance: Instance) -> None:
    """Replay 2 speaks the last two sentences once more."""
    instance.up("null:fast")
    instance.run("feed", "--wait", "--format", "text", stdin=TEXT.encode())
    instance.run("replay", "2")
    eventually(lambda: len(instance.states()) == 6 and set(instance.states()) == {"spoken"}, "the replay")
    sources = [row["source"] for row in instance.history()]
    assert sources[4:] == sources[2:4]


def test_pause_and_resume(instance: Instance) -> None:
    """While paused the recording is silent; after resume everything is spoken."""
    instance.up("wav:out.wav,realtime")
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(1)
    instance.run("pause")
    with pytest.raises(subprocess.TimeoutExpired):
        feed.wait(1.5)
    instance.run("resume")
    assert feed.wait(60) == 0
    instance.run("down")
    assert longest_gap_s(*read_wav(instance.wav)) > 1.4


def test_say_renders_to_a_file(instance: Instance) -> None:
    """Say --out renders with a pipeline of its own and leaves nothing running."""
    instance.run("say", "--out", "said.wav", "The tests passed.")
    sound, _ = read_wav(instance.folder / "said.wav")
    assert abs(sound).max() > 1000
    assert instance.processes() == []


def test_ctrl_c_in_the_live_view_stops_the_pipeline(instance: Instance) -> None:
    """Up in the foreground ends cleanly on one interrupt."""
    up = instance.start("up", "--sink", "null:fast")
    eventually(lambda: instance.try_("status").returncode == 0, "the pipeline to be up")
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
    assert instance.processes() == []


def test_ctrl_c_while_starting_leaves_nothing(instance: Instance) -> None:
    """An interrupt of up --detach before the pipeline is up (one stage never is) ends what was started."""
    instance.use_plugins()
    up = instance.start("up", "--detach", "--sink", "null:fast", "--set", "translator.backend=poison:LateTranslator")
    eventually(lambda: len(instance.processes()) > 2, "the first stages")
    up.send_signal(signal.SIGINT)
    assert up.wait(60) != 0
    eventually(lambda: instance.processes() == [], "all to end")
    assert instance.sockets() == []


def test_an_announcement_goes_in_at_the_next_sentence_end(instance: Instance) -> None:
    """What is urgent does not wait for what is queued, and nothing is cut, lost or repeated by it."""
    instance.up("wav:out.wav,realtime")
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(1)
    instance.run("pause")
    begun = sum(state != "queued" for state in instance.states())
    assert 1 <= begun < 4
    spool = Spool(instance.state / "spool", SpoolHeader(feed="bell", session="bell", format="text", announce=True))
    spool.append(b"Permission is needed.")
    spool.close(keep=True)
    eventually(lambda: len(instance.journaled()) == 5, "the announcement to be taken up")
    instance.run("resume")
    assert feed.wait(90) == 0
    eventually(lambda: set(instance.states()) == {"spoken"}, "everything to be spoken")
    announced = instance.history("--session", "bell")[0]
    others = [row for row in instance.history() if row["session"] != "bell"]
    place = sum(row["spoken_at"] < announced["spoken_at"] for row in others)
    assert place == begun
    texts = [row["translation"] for row in others]
    instance.run("down")
    line = [*texts[:place], announced["translation"], *texts[place:]]
    assert_each_once_but_for_a_cut(read_wav(instance.wav)[0], line, FADES)
