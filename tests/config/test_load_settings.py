"""Settings come from all layers in order, and each remembers where it came from."""

from pathlib import Path

import pytest

from voicectl.config.keys import KEYS
from voicectl.config.load import Loaded, load_settings
from voicectl.protocol.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with a configuration folder of its own."""
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def user_file(home: dict[str, str], text: str) -> Path:
    """Write the user's own file and return its path."""
    path = Path(home["XDG_CONFIG_HOME"]) / "voicectl" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def value(loaded: Loaded, key: str) -> object:
    """Return the value of a dotted key."""
    result: object = loaded.settings
    for name in key.split("."):
        result = getattr(result, name)
    return result


def test_every_key_has_a_default_that_says_so(home: dict[str, str]) -> None:
    """Without any layer on top, everything comes from the package."""
    loaded = load_settings(environ=home)
    assert set(loaded.origins) == set(KEYS)
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.files == []


def test_each_layer_overrides_the_ones_below(home: dict[str, str], tmp_path: Path) -> None:
    """Profile, user file, --config, environment and --set win in this order, one key each."""
    own = user_file(
        home, "[sink]\nlatency_ms = 11\npause_clause_ms = 11\npause_sentence_ms = 11\npause_paragraph_ms = 11"
    )
    other = tmp_path / "other.toml"
    other.write_text("[sink]\npause_clause_ms = 12\npause_sentence_ms = 12\npause_paragraph_ms = 12")
    home |= {"VOICECTL_SINK__PAUSE_SENTENCE_MS": "13", "VOICECTL_SINK__PAUSE_PARAGRAPH_MS": "13"}
    loaded = load_settings(other, ["sink.pause_paragraph_ms=14"], "low_latency", home)
    assert {key: (value(loaded, key), loaded.origins[key]) for key in KEYS if loaded.origins[key] != "default"} == {
        "profile": ("low_latency", "--profile"),
        "parser.pause_ms": (200, "profile low_latency"),
        "parser.early_clause_chars": (60, "profile low_latency"),
        "parser.window_sentences": (8, "profile low_latency"),
        "translator.beam_size": (1, "profile low_latency"),
        "translator.max_batch": (2, "profile low_latency"),
        "sink.latency_ms": (11, str(own)),
        "sink.pause_clause_ms": (12, str(other)),
        "sink.pause_sentence_ms": (13, "VOICECTL_SINK__PAUSE_SENTENCE_MS"),
        "sink.pause_paragraph_ms": (14, "--set"),
    }
    assert loaded.files == [own, other]


def test_the_last_of_two_overrides_wins(home: dict[str, str]) -> None:
    """--set may name a key twice."""
    assert load_settings(overrides=["log.keep=4", "log.keep=5"], environ=home).settings.log.keep == 5


def test_the_highest_layer_names_the_profile(home: dict[str, str]) -> None:
    """The user's file, VOICECTL_PROFILE, --profile and --set are asked in rising order."""
    user_file(home, 'profile = "high_quality"')
    assert load_settings(environ=home).settings.translator.beam_size == 4
    home["VOICECTL_PROFILE"] = "low_latency"
    loaded = load_settings(environ=home)
    assert (loaded.settings.profile, loaded.settings.parser.pause_ms) == ("low_latency", 200)
    assert loaded.origins["profile"] == "VOICECTL_PROFILE"
    assert load_settings(profile="offline", environ=home).settings.translator.backend == "starter"
    loaded = load_settings(overrides=["profile=auto"], profile="offline", environ=home)
    assert loaded.settings.translator.backend == "auto"


def test_an_empty_profile_variable_counts_as_unset(home: dict[str, str]) -> None:
    """VOICECTL_PROFILE= is how a shell clears it."""
    assert load_settings(environ=home | {"VOICECTL_PROFILE": ""}).settings.profile == "auto"


@pytest.mark.parametrize("profile", ["low_latency", "high_quality", "offline"])
def test_every_profile_changes_something(home: dict[str, str], profile: str) -> None:
    """A profile that equals the defaults would be a lie."""
    plain, changed = load_settings(environ=home), load_settings(profile=profile, environ=home)
    assert any(value(plain, key) != value(changed, key) for key in KEYS if key != "profile")


def test_other_variables_of_voicectl_are_left_alone(home: dict[str, str]) -> None:
    """Folders and switches of the tests are no settings."""
    home |= {"VOICECTL_RUNTIME_DIR": "/x", "VOICECTL_STATE_DIR": "/y", "VOICECTL_REQUIRE_RIG": "1", "VOICECTL_FOO": "2"}
    assert set(load_settings(environ=home).origins.values()) == {"default"}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("sink.spec=null", "null"),
        ('sink.spec="null"', "null"),
        ("sink.spec = null:fast ", "null:fast"),
        ('translator.fallback=["none"]', ("none",)),
        ("translator.fallback=none, starter", ("none", "starter")),
        ("translator.fallback=none", ("none",)),
        ("translator.fallback=", ()),
        ("parser.subagents=true", True),
        ("parser.subagents=False", False),
        ("synthesizer.speed=2", 2.0),
        ("synthesizer.pitch=-1.5", -1.5),
        ("parser.pause_ms=1_000", 1000),
        ("translator.model=123", "123"),
        ("translator.model=1979-05-27", "1979-05-27"),
        ("synthesizer.voice=a=b", "a=b"),
    ],
)
def test_a_typed_value_becomes_the_type_of_its_key(home: dict[str, str], override: str, expected: object) -> None:
    """TOML values and bare words both do."""
    found = value(load_settings(overrides=[override], environ=home), override.partition("=")[0].strip())
    assert (found, type(found)) == (expected, type(expected))


def test_typed_paths_are_relative_to_the_current_folder(
    home: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the daemon gets no longer depends on where the command was typed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nllb").mkdir()
    home["VOICECTL_SYNTHESIZER__MODEL_PATH"] = "voices/a.pth"
    overrides = ["sink.spec=wav:out.wav,realtime", "translator.model=nllb", "synthesizer.config_path=c.json"]
    settings = load_settings(overrides=overrides, environ=home).settings
    assert settings.sink.spec == f"wav:{tmp_path}/out.wav,realtime"
    assert settings.translator.model == str(tmp_path / "nllb")
    assert settings.synthesizer.model_path == f"{tmp_path}/voices/a.pth"
    assert settings.synthesizer.config_path == f"{tmp_path}/c.json"


def test_paths_in_a_file_are_relative_to_the_file(home: dict[str, str], tmp_path: Path) -> None:
    """A configuration can be kept beside its models."""
    (tmp_path / "there" / "nllb").mkdir(parents=True)
    path = tmp_path / "there" / "my.toml"
    path.write_text('[sink]\nspec = "wav:out.wav"\n[translator]\nmodel = "nllb"\n')
    settings = load_settings(path, environ=home).settings
    assert settings.sink.spec == f"wav:{path.parent}/out.wav"
    assert settings.translator.model == str(path.parent / "nllb")


def test_a_home_is_expanded(home: dict[str, str]) -> None:
    """A tilde that the shell did not see means the home folder."""
    spec = load_settings(overrides=["sink.spec=wav:~/out.wav"], environ=home).settings.sink.spec
    assert spec == f"wav:{Path.home()}/out.wav"


def test_a_model_that_is_no_folder_stays_an_id(home: dict[str, str]) -> None:
    """Ids of hub models look like relative paths."""
    overrides = ["translator.model=facebook/nllb-200-distilled-600M"]
    assert load_settings(overrides=overrides, environ=home).settings.translator.model == overrides[0].partition("=")[2]


def test_a_file_with_a_byte_order_mark_is_read(home: dict[str, str]) -> None:
    """Some editors write one."""
    user_file(home, "\ufeff[log]\nkeep = 7\n")
    assert load_settings(environ=home).settings.log.keep == 7


def test_a_configuration_that_is_not_there_is_an_error_but_a_user_file_is_not(tmp_path: Path) -> None:
    """--config was asked for; the user's own file is optional."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "nowhere")}
    load_settings(environ=environ)
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read \(No such file or directory\)"):
        load_settings(tmp_path / "gone.toml", environ=environ)
