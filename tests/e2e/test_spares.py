"""Warm spares and fallback backends: somebody else goes on, and the listener is told."""

import os
import signal

import pytest
from instance import STAGES, TEXT, Instance, eventually
from speech import assert_each_once_in_order, read_wav

POISON = "I must not be translated."


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "sink"])
def test_a_spare_takes_over(instance: Instance, stage: str) -> None:
    """With spares = 1 the successor of a killed stage is the process that was waiting."""
    instance.up("wav:out.wav,realtime", "--set", f"{stage}.spares=1")
    eventually(lambda: instance.stage(stage)["spare"] == "warm", "the spare to be warm")
    spare = instance.stage(stage)["incarnation"] + 1
    feed = instance.start_feed(TEXT)
    instance.wait_until_speaking(2)
    os.kill(instance.stage(stage)["pid"], signal.SIGKILL)
    assert feed.wait(90) == 0
    assert instance.stage(stage)["incarnation"] == spare
    texts = [row["translation"] for row in instance.history()]
    instance.run("down")
    assert_each_once_in_order(read_wav(instance.wav)[0], texts)


def test_a_sentence_that_kills_the_translator_is_spoken_as_it_is(instance: Instance) -> None:
    """The translator dies on one sentence: tried again, then spoken in the original; the others are translated."""
    instance.use_plugins()
    instance.up("null:fast", "--set", "translator.backend=poison:DeadlyTranslator", "--set", "translator.fallback=none")
    instance.run("feed", "--wait", "--format", "text", stdin=f"Hello. {POISON} All is well.".encode())
    rows = instance.history()
    assert [row["state"] for row in rows] == ["spoken"] * 3
    assert [row["translation"] for row in rows] == ["hello.", POISON, "all is well."]
    # Twice alone; and once in a batch, if it came in one.
    assert instance.stage("translator")["restarts"] in (2, 3)


def test_a_sentence_that_kills_every_voice_is_set_aside(instance: Instance) -> None:
    """The synthesizer dies on one sentence with each of its voices: it is quarantined, shown, and the rest is heard."""
    instance.use_plugins()
    voices = ("--set", "synthesizer.backend=poison:DeadlyVoice", "--set", "synthesizer.fallback=poison:DeadlyVoice")
    instance.up("null:fast", *voices, "--set", "translator.backend=none", "--set", "language.target=en")
    instance.run("feed", "--wait", "--format", "text", stdin=f"Hello. {POISON} All is well.".encode(), status=1)
    assert instance.states() == ["spoken", "quarantined", "spoken"]
    assert any("set aside" in notice for notice in instance.status()["notices"])


def test_a_translator_that_keeps_dying_is_replaced_by_its_fallback(instance: Instance) -> None:
    """More deaths than the budget: the next takes over, the listener is told in Japanese, the first comes back."""
    instance.use_plugins()
    fuse = instance.folder / "fuse"
    fuse.write_text("burning")
    instance.env["FUSE"] = str(fuse)
    settings = ("supervisor.max_restarts=1", "supervisor.retry_first_choice_s=1", "translator.fallback=none")
    instance.up(
        "null:fast",
        "--set",
        "translator.backend=poison:FusedTranslator",
        *(part for setting in settings for part in ("--set", setting)),
    )
    feed = instance.start_feed("Hello. All is well.")
    assert feed.wait(60) == 0
    assert instance.stage("translator")["fallback"]
    fuse.unlink()
    eventually(lambda: instance.status()["ready"] and not instance.stage("translator")["fallback"], "the first choice")
    instance.run("feed", "--wait", "--format", "text", stdin=b"We are back.")
    told = instance.history("--session", "voicectl")
    assert [row["source"] for row in told] == [
        "The translator poison:FusedTranslator has failed. It goes on without translation.",
        "The translator is back on fused.",
    ]
    assert [row["translation"] for row in told] == [
        "翻訳エンジンpoison:FusedTranslatorが動かなくなりました。翻訳せずに続けます。",
        "翻訳エンジンがfusedに戻りました。",
    ]
    assert {row["backend"] for row in told} == {"phrases"}
    assert instance.history()[-1]["translation"] == "we are back."
