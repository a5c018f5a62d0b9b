"""The model store: the manifest, the starter's files, folders and the Hugging Face cache."""

import shutil
from pathlib import Path

import pytest

from voicectl.models import store
from voicectl.protocol.errors import BackendUnavailable

NLLB = "facebook/nllb-200-distilled-600M"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty Hugging Face home that is used instead of the user's."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


def _download(hub: Path, model: str, *names: str) -> Path:
    """Lay the files of a model into a cache as the hub's own tool does: links to blobs."""
    folder = hub / ("models--" + model.replace("/", "--"))
    snapshot = folder / "snapshots" / "f00d"
    for directory in (snapshot, folder / "refs", folder / "blobs"):
        directory.mkdir(parents=True)
    (folder / "refs" / "main").write_text("f00d")
    for name in names:
        (folder / "blobs" / name).write_text("{}")
        (snapshot / name).symlink_to(Path("../../blobs") / name)
    return snapshot


def test_the_manifest_lists_the_known_models_with_their_licences() -> None:
    """The starter, NLLB and the voice are there, and who may use them."""
    licences = {model.id: model.licence for model in store.manifest().values()}
    assert licences == {"starter-en-ja": "Apache-2.0", NLLB: "CC-BY-NC-4.0", "openjtalk-mei": "CC-BY-3.0"}


def test_the_starter_is_whole() -> None:
    """Every file in the package has the size and the checksum of the manifest, and there is no other."""
    starter = store.manifest()[store.STARTER_ID]
    assert store.verify(starter, store.STARTER) == []
    assert {path.name for path in store.STARTER.iterdir()} == {file.name for file in starter.files}
    assert starter.bytes == sum(file.bytes for file in starter.files)


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    """One changed byte, a short file and a missing one each have a line."""
    folder = Path(shutil.copytree(store.STARTER, tmp_path / "copy"))
    content = bytearray((folder / "model.bin").read_bytes())
    content[5_000_000] ^= 1
    (folder / "model.bin").write_bytes(content)
    (folder / "config.json").write_text("{}")
    (folder / "CARD.md").unlink()
    problems = store.verify(store.manifest()[store.STARTER_ID], folder)
    for problem, words in zip(problems, ("CARD.md is missing", "has 2 bytes", "is damaged"), strict=True):
        assert words in problem


@pytest.mark.parametrize("name", ["", "starter-en-ja"])
def test_the_starter_is_found_by_its_name_and_by_none(name: str) -> None:
    """It needs no download and no setting."""
    assert store.locate(name) == store.STARTER


def test_a_folder_is_its_own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one below the home folder, and one whose name looks like a hub id."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert store.locate("~/models/mine") == store.locate("models/mine") == tmp_path / "models" / "mine"


def test_a_hub_model_is_found_in_the_cache(hub: Path) -> None:
    """The snapshot that ``main`` names is the place."""
    snapshot = _download(hub, NLLB, "config.json", "pytorch_model.bin")
    assert store.locate(NLLB) == snapshot


def test_a_model_that_is_not_there_says_how_to_get_it_and_its_licence(hub: Path) -> None:
    """One line with the command; a model that the manifest does not know has no licence there."""
    with pytest.raises(BackendUnavailable, match=rf"voicectl models pull {NLLB} \(CC-BY-NC-4.0"):
        store.locate(NLLB)
    with pytest.raises(BackendUnavailable, match=r"voicectl models pull someone/else$"):
        store.locate("someone/else")


@pytest.mark.parametrize("name", ["./nowhere", "~/nowhere", "a/b/c", "nowhere", "/nowhere"])
def test_a_folder_that_is_not_there_is_no_hub_id(name: str) -> None:
    """A path is not looked for on the hub."""
    with pytest.raises(BackendUnavailable, match="no model folder"):
        store.locate(name)


def test_a_file_is_found_by_its_path_or_by_its_name_on_the_hub(hub: Path, tmp_path: Path) -> None:
    """One that is not there says how to get it; a path is never taken for one of the hub."""
    (tmp_path / "m.gguf").touch()
    assert store.locate_file(str(tmp_path / "m.gguf")) == tmp_path / "m.gguf"
    snapshot = _download(hub, "someone/model", "q4.gguf")
    assert store.locate_file("someone/model/q4.gguf") == snapshot / "q4.gguf"
    for name in ("someone/model/q8.gguf", "nobody/model/q4.gguf"):
        with pytest.raises(BackendUnavailable, match=rf"voicectl models pull {name}$"):
            store.locate_file(name)
    for name in ("/nowhere/a/q4.gguf", "~/a/q4.gguf", "someone/model/../q4.gguf", "./a/q4.gguf", "q4.gguf"):
        with pytest.raises(BackendUnavailable, match="there is no file"):
            store.locate_file(name)


def test_half_a_download_is_no_model(hub: Path) -> None:
    """Files without weights, or a link to a blob that is not yet there, are not enough."""
    snapshot = _download(hub, NLLB, "config.json", "tokenizer.json")
    assert store.cached(NLLB) is None
    (snapshot / "model.safetensors").symlink_to("../../blobs/unfinished")
    assert store.cached(NLLB) is None


def test_sharded_weights_count_when_every_shard_is_there(tmp_path: Path) -> None:
    """The index names the shards."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}'
    )
    (tmp_path / "1.safetensors").touch()
    assert store.form(tmp_path) is None
    (tmp_path / "2.safetensors").touch()
    assert store.form(tmp_path) == "transformers"


def test_the_form_of_a_folder_says_which_library_can_load_it(tmp_path: Path) -> None:
    """The starter is CTranslate2's, an empty folder nobody's."""
    assert (store.form(store.STARTER), store.form(tmp_path)) == ("ctranslate2", None)
