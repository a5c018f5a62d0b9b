"""The factory: which backend is taken, and why."""

import importlib.machinery
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from voicectl.actors.translator import factory, nllb_choice
from voicectl.actors.translator.backend import Source
from voicectl.config.settings import LanguageSettings, TranslatorSettings
from voicectl.models.store import STARTER
from voicectl.protocol.errors import BackendUnavailable, UsageError
from voicectl.protocol.message import Span

Settings = Callable[..., TranslatorSettings]
SPEC = importlib.machinery.ModuleSpec("any", None)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty Hugging Face cache that is used instead of the user's."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the factory find torch and transformers."""
    monkeypatch.setattr(nllb_choice, "find_spec", lambda _: SPEC)


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the factory find no torch."""
    monkeypatch.setattr(nllb_choice, "find_spec", lambda name: None if name == "torch" else SPEC)


def _download_nllb(hub: Path) -> None:
    """Lay NLLB's files into a cache as the hub's own tool does, without their contents."""
    folder = hub / "models--facebook--nllb-200-distilled-600M"
    snapshot = folder / "snapshots" / "f00d"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot / "pytorch_model.bin").write_bytes(b"")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("f00d")


@pytest.mark.usefixtures("with_torch")
def test_nllb_is_taken_once_its_weights_are_in_the_cache(
    hub: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """Before the download the starter, after it NLLB."""
    name, reason = factory.choose(settings(), english_to_japanese)
    assert (name, "voicectl models pull facebook/nllb-200-distilled-600M" in reason) == ("starter", True)
    _download_nllb(hub)
    assert factory.choose(settings(), english_to_japanese)[0] == "nllb"


@pytest.mark.usefixtures("without_torch")
def test_the_starter_is_taken_without_torch_and_says_what_is_better(
    hub: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """Weights alone are not enough."""
    _download_nllb(hub)
    name, reason = factory.choose(settings(), english_to_japanese)
    assert (name, "pip install 'voicectl[nllb]'" in reason) == ("starter", True)


@pytest.mark.usefixtures("hub", "without_torch")
def test_a_pair_that_nothing_can_translate_is_left_untranslated_with_advice(settings: Settings) -> None:
    """The reason says what to install."""
    name, reason = factory.choose(settings(), LanguageSettings(source="en", target="fr"))
    assert (name, "pip install" in reason) == ("none", True)


def test_the_same_language_needs_no_translator(settings: Settings) -> None:
    """English to American English is no translation."""
    assert factory.choose(settings(), LanguageSettings(source="en", target="en-US"))[0] == "none"


def test_a_model_of_ones_own_is_taken_by_its_form(
    tmp_path: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """A CTranslate2 folder gets that backend, every other nllb, which says what is wrong with it."""
    assert factory.choose(settings(model=str(STARTER)), english_to_japanese)[0] == "ctranslate2"
    assert factory.choose(settings(model=str(tmp_path)), english_to_japanese)[0] == "nllb"


def test_a_named_backend_is_taken_as_it_is(settings: Settings, english_to_japanese: LanguageSettings) -> None:
    """No search where the user has chosen."""
    assert factory.choose(settings(backend="none"), english_to_japanese)[0] == "none"


@pytest.mark.parametrize("call", [factory.choose, factory.load_backend])
def test_an_unknown_backend_is_a_usage_error_with_the_known_ones(
    call: Callable[..., object], settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """The text lists what there is."""
    with pytest.raises(UsageError, match="auto, starter, ctranslate2, nllb, opus-mt, llm, google, none"):
        call(settings(backend="deepl"), english_to_japanese)


def test_the_fallback_is_loaded_by_its_name(settings: Settings, english_to_japanese: LanguageSettings) -> None:
    """The name given wins over the settings, and the model set for another backend does not matter."""
    wanted = settings(backend="nllb", model="facebook/nllb-200-distilled-600M")
    backend = factory.load_backend(wanted, english_to_japanese, "starter")
    assert backend.name == "starter"
    backend.close()


def test_none_gives_the_source_back_and_says_so(settings: Settings, english_to_japanese: LanguageSettings) -> None:
    """Every sentence is the original, in order, with its spans."""
    backend = factory.load_backend(settings(), english_to_japanese, "none")
    results = backend.translate([Source("Run x.", (Span(kind="code", text="x"),)), Source("")])
    assert [(result.text, result.notes) for result in results] == [("Run x.", ("original",)), ("", ("original",))]


@pytest.mark.usefixtures("without_torch")
def test_nllb_without_torch_says_what_to_install(
    hub: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """The error is one line with the command."""
    _download_nllb(hub)
    with pytest.raises(BackendUnavailable, match=r"pip install 'voicectl\[nllb\]'"):
        factory.load_backend(settings(), english_to_japanese, "nllb")


@pytest.mark.usefixtures("hub", "with_torch")
def test_nllb_without_its_weights_says_how_to_get_them_and_under_which_licence(
    settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """Nothing is downloaded in silence."""
    with pytest.raises(BackendUnavailable, match=r"voicectl models pull facebook/nllb-200-distilled-600M .*CC-BY-NC"):
        factory.load_backend(settings(), english_to_japanese, "nllb")


@pytest.mark.torch
def test_nllb_is_loaded_from_a_folder(
    tiny_nllb: Path, settings: Settings, english_to_japanese: LanguageSettings
) -> None:
    """With a checkpoint of one's own, auto takes nllb and loads it."""
    backend = factory.load_backend(settings(model=str(tiny_nllb), dtype="float32"), english_to_japanese)
    assert backend.name == "nllb"
    assert backend.translate([Source("Hello.")])[0].text == "こんにちは。"


def test_choosing_imports_no_model_library() -> None:
    """The supervisor and the command line may ask without loading torch, transformers or CTranslate2."""
    script = (
        "import sys\n"
        "from voicectl.actors.translator.factory import choose\n"
        "from voicectl.config.load import load_settings\n"
        "wanted = load_settings().settings\n"
        "choose(wanted.translator, wanted.language)\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'ctranslate2')))\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
