"""``voicectl models``: list, pull and verify, against a server that speaks the hub's HTTP interface."""

import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_hub import FakeHub

from voicectl.cli.models import models
from voicectl.models import convert, store
from voicectl.protocol.errors import BackendUnavailable, UsageError

NLLB = "facebook/nllb-200-distilled-600M"


@pytest.fixture
def run(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs one of the commands; voicectl's own errors are in ``exception``."""
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "zoo"))
    return lambda *arguments: CliRunner().invoke(models, arguments)


def test_the_list_says_what_is_here_and_who_may_use_it(run: Callable[..., Result]) -> None:
    """A line for each known model, with its licence; a note where one has to know more."""
    lines = run("list").stdout.splitlines()
    for model, here, licence in ((store.STARTER_ID, "yes", "Apache-2.0"), (NLLB, "no", "CC-BY-NC-4.0")):
        assert any(line.startswith(model) and f" {here} " in line and line.endswith(licence) for line in lines)
    assert any("not for commercial use" in line for line in lines)


def test_the_list_as_json_is_one_object(run: Callable[..., Result], hub: FakeHub) -> None:
    """With the folder of what is here; a model that was pulled is in it, whether voicectl knows it or not."""
    hub.hub_id = "someone/else"
    run("pull", "someone/else")
    found = {row["id"]: row for row in json.loads(run("list", "--json").stdout)["models"]}
    assert (found[NLLB]["here"], found[NLLB]["path"], found[NLLB]["bytes"]) == (False, None, 2_500_000_000)
    other = found["someone/else"]
    assert (other["here"], other["licence"], other["path"]) == (True, "cc-by-nc-4.0", str(store.locate("someone/else")))


def test_voices_of_the_zoo_are_listed(run: Callable[..., Result], tmp_path: Path) -> None:
    """Those in Coqui's own cache."""
    voice = tmp_path / "zoo" / "tts" / "tts_models--en--ljspeech--vits"
    voice.mkdir(parents=True)
    (voice / "model_file.pth").write_bytes(bytes(1000))
    (voice / "config.json").write_text('{"model": "vits", "audio": {"sample_rate": 22050}}')
    assert re.search(r"^tts_models/en/ljspeech/vits +voice +yes ", run("list").stdout, re.MULTILINE)


def test_a_pull_names_the_licence_before_and_the_record_after(run: Callable[..., Result], hub: FakeHub) -> None:
    """NLLB is not for commercial use, and the first pull is what later ones are compared with."""
    first, second = run("pull", NLLB), run("pull", NLLB)
    assert "CC-BY-NC-4.0 (not for commercial use" in first.stdout.splitlines()[0]
    assert "4 files checked, their SHA-256 is now on record" in first.stdout
    assert str(store.locate(NLLB)) in first.stdout
    assert "4 files checked, nothing has changed" in second.stdout


def test_verify_finds_what_is_damaged(run: Callable[..., Result], hub: FakeHub) -> None:
    """In every model that is here; its exit status is that of an error."""
    run("pull", NLLB)
    assert run("verify").stdout == f"starter-en-ja: all files are right\n{NLLB}: all files are right\n"
    path = (store.locate(NLLB) / "tokenizer.json").resolve()
    path.write_bytes(b"[]")
    done = run("verify", NLLB)
    assert isinstance(done.exception, BackendUnavailable)
    assert f"{NLLB}: " in done.stdout
    assert "tokenizer.json is damaged" in done.stdout
    run("pull", NLLB)
    assert run("verify", NLLB).exit_code == 0


def test_a_single_file_is_pulled_listed_and_verified_by_its_name(run: Callable[..., Result], hub: FakeHub) -> None:
    """As ``translator.model`` takes it."""
    hub.hub_id, hub.files, hub.tags = "someone/gguf", {"q4.gguf": b"4" * 9000, "q8.gguf": b"8" * 9000}, []
    done = run("pull", "someone/gguf/q4.gguf")
    assert "someone/gguf/q4.gguf: 0.0 MB, a licence that the hub does not name" in done.stdout
    assert hub.fetched == ["q4.gguf"]
    found = {row["id"]: row for row in json.loads(run("list", "--json").stdout)["models"]}
    row = found["someone/gguf/q4.gguf"]
    assert (row["here"], row["bytes"], row["path"]) == (True, 9000, str(store.locate_file("someone/gguf/q4.gguf")))
    assert run("verify", "someone/gguf/q4.gguf").stdout == "someone/gguf/q4.gguf: all files are right\n"


@pytest.mark.torch
def test_nllb_is_converted_after_its_download(run: Callable[..., Result], hub: FakeHub, tiny_nllb: Path) -> None:
    """Once; it says so, what was converted is verified too, and a second pull finds it."""
    hub.files = {path.name: path.read_bytes() for path in tiny_nllb.iterdir() if path.is_file()}
    first, second = run("pull", NLLB), run("pull", NLLB)
    assert "converting it for the CPU (int8), once" in first.stdout
    place = store.locate(NLLB) / convert.FOLDER
    for done in (first, second):
        assert re.search(rf"^converted for the CPU in \d+ s: {place}$", done.stdout, re.MULTILINE)
    assert "converting" not in second.stdout
    assert run("verify", NLLB).exit_code == 0
    (place / "model.bin").write_bytes(b"")
    done = run("verify", NLLB)
    assert "model.bin has 0 bytes" in done.stdout
    assert isinstance(done.exception, BackendUnavailable)


def test_without_torch_the_download_stays_and_the_line_says_what_to_install(
    run: Callable[..., Result], hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pull itself has gone well."""
    hub.files["config.json"] = b'{"model_type": "m2m_100"}'
    monkeypatch.setattr(convert, "find_spec", lambda _: None)
    done = run("pull", NLLB)
    assert (done.exit_code, store.locate(NLLB).is_dir()) == (0, True)
    assert "pip install 'voicectl[nllb]'" in done.stderr


@pytest.mark.parametrize("name", [NLLB, "nothing"])
def test_a_model_without_a_record_cannot_be_verified(run: Callable[..., Result], name: str) -> None:
    """The error says what makes one."""
    error = run("verify", name).exception
    assert isinstance(error, UsageError)
    assert f"models pull {name}" in str(error)


@pytest.mark.parametrize(
    ("name", "words"),
    [("starter-en-ja", "ships with voicectl"), ("openjtalk-mei", "comes with the package pyopenjtalk-plus")],
)
def test_what_comes_with_a_package_needs_no_pull(run: Callable[..., Result], name: str, words: str) -> None:
    """It says where it comes from, and is no error."""
    done = run("pull", name)
    assert (done.exit_code, words in done.stdout) == (0, True)


def test_a_name_that_is_none_is_refused(run: Callable[..., Result]) -> None:
    """Before anything is asked of the hub."""
    error = run("pull", "nothing").exception
    assert isinstance(error, UsageError)
    assert "OWNER/NAME" in str(error)


@pytest.mark.torch
def test_a_voice_of_the_zoo_is_left_to_coqui(run: Callable[..., Result]) -> None:
    """In a child process; what it complains about comes back as one line."""
    if find_spec("TTS") is None:
        pytest.skip("needs coqui-tts")
    error = run("pull", "tts_models/xx/nobody/nothing").exception
    assert isinstance(error, BackendUnavailable)
    assert "tts_models/xx/nobody/nothing cannot be downloaded" in str(error)
    assert "\n" not in str(error)
