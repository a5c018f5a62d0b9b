"""``voicectl doctor`` finds what is missing and says what to do."""

import json
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voicectl.cli import speech_checks, system_checks
from voicectl.cli.check import Check, ChildError, ask_child, guarded
from voicectl.config.load import load_settings
from voicectl.models import store
from voicectl.protocol.errors import SupervisorError


@pytest.fixture
def sinkless(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that needs no audio device."""
    monkeypatch.setenv("VOICECTL_SINK__SPEC", "null")
    return isolated


def only(checks: Any) -> Check:
    """Return the one check there is."""
    (check,) = checks
    return check


def test_the_report_lists_everything_and_imports_nothing_heavy(sinkless: Path) -> None:
    """Every item has a state, and every item that is not ok says what to do; torch stays out of this process."""
    code = """if True:
        import sys
        from voicectl.cli.doctor import doctor
        doctor(["--json"], standalone_mode=False)
        print(*{"torch", "TTS", "sounddevice", "ctranslate2"} & set(sys.modules), file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "\n")
    report = json.loads(done.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert {
        *("python", "settings", "package click", "package pyzmq", "runtime folder", "leftover sockets", "state folder"),
        *("disk", "journal", "portaudio", "starter model", "torch", "coqui", "espeak-ng", "readings", "translator"),
        "synthesizer",
    } <= set(checks)
    assert all(check["state"] in ("ok", "warn") for check in checks.values())
    assert all(bool(check["advice"]) == (check["state"] != "ok") for check in checks.values())
    assert report["ok"] is True


def test_a_failure_is_exit_status_1_and_the_rest_is_still_checked(run, sinkless: Path) -> None:
    """Broken settings and a journal that is none are both found, with something to do."""
    (sinkless / "state").mkdir()
    (sinkless / "state" / "journal.sqlite3").write_bytes(b"no database" * 1000)
    result = run("doctor", "--set", "sink.spek=1")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    at = lines.index("fail  settings: --set sink.spek: unknown key; did you mean sink.spec?")
    assert lines[at + 1].startswith("      do: correct it")
    assert any(line.startswith("fail  journal: ") and "not a database" in line for line in lines)
    assert any(line.startswith("ok    starter model: ") for line in lines)
    assert " failed" in lines[-1]


def test_a_sound_journal_is_ok(isolated: Path) -> None:
    """It is opened for reading only."""
    assert only(system_checks.journal()).detail == "none yet"
    (isolated / "state").mkdir()
    with sqlite3.connect(isolated / "state" / "journal.sqlite3") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
    database.close()
    assert only(system_checks.journal()).state == "ok"


def test_sockets_of_the_dead_are_told_from_those_of_the_living(isolated: Path) -> None:
    """Only a socket on which nobody listens is left over."""
    folder = isolated / "run"
    folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as living, socket.socket(socket.AF_UNIX) as dead:
        living.bind(str(folder / "sink.1.data.ipc"))
        living.listen()
        dead.bind(str(folder / "sink.0.data.ipc"))
        dead.close()
        check = only(system_checks.leftover_sockets())
    assert (check.state, check.detail) == ("warn", "1: sink.0.data.ipc")


def test_the_runtime_folder_is_tried_with_a_socket(isolated: Path) -> None:
    """And left as it was."""
    assert only(system_checks.runtime_folder()) == Check("runtime folder", "ok", str(isolated / "run"))
    assert list((isolated / "run").iterdir()) == []


def test_a_runtime_folder_that_cannot_be_used_fails_with_advice(isolated: Path) -> None:
    """The error's own line is split into what happened and what to do."""
    (isolated / "run").touch()
    check = only(guarded("runtime folder", system_checks.runtime_folder))
    assert (check.state, check.advice) == ("fail", "set VOICECTL_RUNTIME_DIR to a folder of your own")


@pytest.mark.parametrize(("free_mb", "state"), [(19, "fail"), (20, "warn"), (499, "warn"), (500, "ok")])
def test_a_disk_is_judged_by_its_free_space(free_mb: int, state: str) -> None:
    """Below the first limit nothing works, below the second models do not fit."""
    assert system_checks.disk(free_mb).state == state


def test_readings_are_those_of_the_project_and_of_the_user(isolated: Path) -> None:
    """A dictionary that is broken is found before a stage stumbles over it."""
    settings = load_settings().settings.synthesizer
    detail = only(speech_checks.readings(settings, "ja")).detail
    assert re.fullmatch(r"e2k [\d.]+, \d{4} terms", detail)
    own = isolated / "config" / "voicectl" / "readings.tsv"
    own.parent.mkdir(parents=True)
    own.write_text("frobnitz\tフロブニッツ\n")
    assert only(speech_checks.readings(settings, "ja")).detail.endswith(f" terms, with {own}")
    own.write_text("frobnitz\n")
    check = only(guarded("readings", lambda: speech_checks.readings(settings, "ja")))
    assert (check.state, check.advice) == ("fail", "write: term, one tab, reading")
    assert only(speech_checks.readings(settings, "de")).state == "ok"


def test_a_damaged_starter_model_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One flipped byte is enough."""
    for file in store.STARTER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = bytearray((tmp_path / "model.bin").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "model.bin").write_bytes(weights)
    monkeypatch.setattr(store, "STARTER", tmp_path)
    check = only(speech_checks.starter())
    assert (check.state, check.advice) == ("fail", "install voicectl again")
    assert "model.bin is damaged" in check.detail


def test_a_missing_espeak_matters_where_the_settings_name_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the voice it is a failure, as a fallback worth a look, else nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    states = []
    for override in ("synthesizer.backend=espeak-ng", "log.keep=3", "synthesizer.fallback=openjtalk"):
        settings = load_settings(overrides=[override], environ={"XDG_CONFIG_HOME": "/dev/null"}).settings
        states.append(only(speech_checks.espeak(settings.synthesizer)).state)
    assert states == ["fail", "warn", "ok"]


def test_a_device_that_is_not_there_fails_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WAV file needs no device."""
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    for spec, states in (("device:no such device", {"fail"}), ("null", {"ok", "warn"})):
        settings = load_settings(overrides=[f"sink.spec={spec}"], environ={"XDG_CONFIG_HOME": "/dev/null"}).settings
        assert list(speech_checks.audio(settings.sink))[-1].state in states


def test_a_child_that_dies_hangs_or_fails_is_one_line() -> None:
    """Whatever a library does at import, the doctor goes on."""
    assert ask_child("print('noise'); print('[1]')", 30) == [1]
    for code, error in (
        ("import os; os.abort()", "ended with status -6"),
        ("raise OSError('PortAudio library not found')", "OSError: PortAudio library not found"),
        ("import signal; signal.pause()", "no answer within 0.2 s"),
    ):
        with pytest.raises(ChildError) as caught:
            ask_child(code, 0.2 if "pause" in code else 30)
        assert str(caught.value) == error


def test_a_module_in_the_current_folder_is_not_taken_for_a_package(isolated: Path) -> None:
    """The doctor is often called from a project that has a torch.py."""
    (isolated / "json.py").write_text("raise SystemExit(9)")
    assert Path.cwd() == isolated
    assert ask_child("import json; print(json.dumps(1))", 30) == 1


def test_a_bug_in_one_check_does_not_end_the_list() -> None:
    """It is a failed check that asks to be reported; voicectl's own errors bring their advice."""

    def buggy() -> Any:
        yield Check("first", "ok", "")
        raise ZeroDivisionError("division by zero")

    def refused() -> Any:
        raise SupervisorError("no room; make some")
        yield

    assert [check.state for check in guarded("x", buggy)] == ["ok", "fail"]
    assert only(guarded("x", refused)) == Check("x", "fail", "no room", "make some")
