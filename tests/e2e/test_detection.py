"""What is wrong with a stage is noticed, also where its process does not end by itself."""

from instance import Instance

POISON = "I must not be translated."
TONE = ("--set", "synthesizer.backend=poison:ToneVoice")
"""A voice that is quick on any machine, where the limits are short for the sake of the test."""


def settings(**values: object) -> list[str]:
    """Return ``--set`` options; two underscores stand for the dot."""
    return [part for key, value in values.items() for part in ("--set", f"{key.replace('__', '.')}={value}")]


def test_a_handler_past_its_deadline_is_killed_and_its_sentence_tried_elsewhere(instance: Instance) -> None:
    """A model's call that never returns: the stage is replaced; in the end the sentence is spoken untranslated."""
    instance.use_plugins()
    options = settings(translator__backend="poison:HangingTranslator", translator__fallback="none")
    instance.up("null:fast", *options, *TONE, *settings(supervisor__deadline_s=2))
    instance.run("feed", "--wait", "--format", "text", stdin=f"Hello. {POISON} All is well.".encode())
    assert [row["translation"] for row in instance.history()] == ["hello.", POISON, "all is well."]
    assert "more than 2 s" in instance.run("logs", "supervisor", "--lines", "200")


def test_a_stage_that_never_becomes_ready_is_replaced_by_its_fallback(instance: Instance) -> None:
    """A model that never finishes loading does not keep the pipeline from coming up."""
    instance.use_plugins()
    options = settings(translator__backend="poison:LateTranslator", translator__fallback="none")
    instance.up("null:fast", *options, *TONE, *settings(supervisor__start_timeout_s=10, supervisor__max_restarts=0))
    instance.run("feed", "--wait", "--format", "text", stdin=b"Hello.")
    assert instance.history()[-1]["translation"] == "Hello."
    assert instance.stage("translator")["fallback"]


def test_a_stage_past_its_memory_limit_is_replaced(instance: Instance) -> None:
    """No stage fits into 5 MB: the pipeline gives up and says why in one line."""
    limits = settings(supervisor__memory_limit_mb=5, supervisor__max_restarts=1)
    done = instance.try_("up", "--detach", "--sink", "null:fast", *limits)
    assert done.returncode == 1
    assert "more than memory_limit_mb = 5" in done.stderr.decode().splitlines()[-1]
    assert instance.processes() == []


def test_a_corrupt_model_is_one_clear_line(instance: Instance) -> None:
    """A model file of garbage: up fails at once, and says where to look."""
    model = instance.folder / "model"
    model.mkdir()
    for name in ("model.bin", "config.json", "sentencepiece.bpe.model", "shared_vocabulary.json"):
        (model / name).write_bytes(b"\x00garbage" * 100)
    options = settings(translator__backend="ctranslate2", translator__model=str(model))
    done = instance.try_("up", "--detach", "--sink", "null:fast", *options)
    assert done.returncode == 1
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith("voicectl: translator: ")
    assert "voicectl logs translator" in last
    assert instance.processes() == []
