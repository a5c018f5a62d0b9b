"""Every mistake in the configuration is one line with source, key, value and the nearest valid name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicectl.config.keys import KEYS
from voicectl.config.load import check_file, load_settings
from voicectl.config.rules import CHOICES, FORMS, RANGES, check_value
from voicectl.protocol.errors import ConfigError

NOWHERE = {"XDG_CONFIG_HOME": "/dev/null"}


def refused(*overrides: str, environ: dict[str, str] | None = None) -> str:
    """Return the error that these overrides lead to."""
    with pytest.raises(ConfigError) as caught:
        load_settings(overrides=overrides, environ=NOWHERE | (environ or {}))
    return str(caught.value)


@pytest.mark.parametrize(
    ("override", "error"),
    [
        ("sink.spek=null", "--set sink.spek: unknown key; did you mean sink.spec?"),
        ("spec=null", "--set spec: unknown key; did you mean sink.spec?"),
        ("snik.spec=null", "--set snik.spec: unknown key; did you mean sink.spec?"),
        ("parser.heartbeat_ms=1", "--set parser.heartbeat_ms: unknown key; did you mean supervisor.heartbeat_ms?"),
        ("log=1", "--set log: unknown key; did you mean log.level?"),
        ("qqqqqq=1", "--set qqqqqq: unknown key; 'voicectl config show' lists all keys"),
        ("a\nb=1", "--set \"a\\nb\": unknown key; 'voicectl config show' lists all keys"),
        ("sink.spec", "--set sink.spec: expected KEY=VALUE, for example --set sink.spec=null"),
        ("parser.pause_ms=fast", '--set parser.pause_ms must be an integer, got "fast"'),
        ("parser.pause_ms=1.5", '--set parser.pause_ms must be an integer, got "1.5"'),
        ("parser.subagents=maybe", '--set parser.subagents must be true or false, got "maybe"'),
        ("synthesizer.speed=fast", '--set synthesizer.speed must be a number, got "fast"'),
        ("synthesizer.speed=0", "--set synthesizer.speed must be from 0.1 to 10, got 0.0"),
        ("synthesizer.speed=nan", "--set synthesizer.speed must be from 0.1 to 10, got nan"),
        ("parser.window_sentences=0", "--set parser.window_sentences must be from 1 to 10000, got 0"),
        ("supervisor.max_restarts=-1", "--set supervisor.max_restarts must be from 0 to 1000000, got -1"),
        (
            "parser.code=anounce",
            '--set parser.code must be drop, announce or read, got "anounce"; did you mean announce?',
        ),
        (
            "translator.backend=nlb",
            "--set translator.backend must be auto, starter, ctranslate2, nllb, opus-mt, llm, google or none, "
            'got "nlb"; did you mean nllb?',
        ),
        (
            "translator.fallback=none,staater",
            "--set translator.fallback must be a list of starter, ctranslate2, nllb, opus-mt, llm, google or none, "
            'got "staater"; did you mean starter?',
        ),
        ("translator.fallback=[1]", '--set translator.fallback must be a list of texts, got "[1]"'),
        (
            "sink.spec=nul",
            "--set sink.spec must be device, device:NAME, wav:PATH, wav:PATH,realtime, web:PORT, web:HOST:PORT, "
            'null or null:fast, got "nul"; did you mean null?',
        ),
        ("translator.device=gpu", '--set translator.device must be auto, cpu, cuda, cuda:N or mps, got "gpu"'),
        ("language.target=", '--set language.target must be a language tag such as en, ja or zh-Hant, got ""'),
        (
            "sink.sample_rate=1",
            "--set sink.sample_rate must be 0 (the rate of the voice) or from 4000 to 384000, got 1",
        ),
        (
            "profile=of_line",
            '--set profile must be auto, low_latency, high_quality or offline, got "of_line"; did you mean offline?',
        ),
        (
            "supervisor.heartbeat_timeout_s=0.6",
            "--set supervisor.heartbeat_timeout_s must be at least two heartbeats (supervisor.heartbeat_ms), got 0.6",
        ),
        (
            "supervisor.backoff_max_s=0",
            "--set supervisor.backoff_max_s must be at least supervisor.backoff_initial_s, got 0.0",
        ),
        (
            "synthesizer.config_path=/c.json",
            "--set synthesizer.config_path needs synthesizer.model_path, the checkpoint it belongs to",
        ),
    ],
)
def test_a_bad_override_says_what_is_wrong(override: str, error: str) -> None:
    """The line names --set, the key, the value and what would do."""
    assert refused(override) == error


def test_a_bad_variable_is_named() -> None:
    """The environment is the layer one forgets about."""
    assert refused(environ={"VOICECTL_SINK__SPEK": "null"}) == (
        "VOICECTL_SINK__SPEK: sink.spek: unknown key; did you mean sink.spec?"
    )
    assert (
        refused(environ={"VOICECTL_LOG__KEEP": "many"}) == 'VOICECTL_LOG__KEEP: log.keep must be an integer, got "many"'
    )
    assert refused(environ={"VOICECTL_PROFILE": "fast"}).startswith("VOICECTL_PROFILE: profile must be auto, ")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[parser]\npause_ms = "fast"', 'parser.pause_ms must be an integer, got "fast"'),
        ('[parser]\npause_ms = "400"', 'parser.pause_ms must be an integer, got "400"'),
        ("[parser]\nsubagents = 1", "parser.subagents must be true or false, got 1"),
        ("[sink]\nspec = 5", "sink.spec must be text in quotes, got 5"),
        ("[sink]\nspec = {a = 1}", "sink.spec must be text in quotes, got a table"),
        ("[sink]\nspec = 2020-01-01", "sink.spec must be text in quotes, got 2020-01-01"),
        ('[sink]\nspec = "wav:a\\u0000b"', 'sink.spec must be text in quotes, got "wav:a\\u0000b"'),
        ('[sink]\nspec = "nul\\nl"', "sink.spec must be device, device:NAME, wav:PATH, "),
        ('[translator]\nfallback = "none"', 'translator.fallback must be a list of texts, got "none"'),
        ("[[sink]]\nspec = 1", 'sink must be a section, [sink], got [{"spec": 1}]'),
        ("sink = 3", "sink must be a section, [sink], got 3"),
        ("[snik]\nspec = 3", "snik.spec: unknown key; did you mean sink.spec?"),
        ("profil = 3", "profil: unknown key; did you mean profile?"),
        ("[sink]\nspec = \n", "line 2, column 8: broken TOML: Invalid value"),
        ("[sink]\nspec = ", "line 2: broken TOML: Invalid value"),
        ("[sink]\nspec = 1\nspec = 2\n", "line 3, column 9: broken TOML: Cannot overwrite a value"),
        ("\n\n[sink", "line 3"),
        ("a = " + "[" * 5000, "line 1"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path: Path, text: str, error: str) -> None:
    """The line names the file and the key, or the line where the TOML broke."""
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        check_file(path)
    assert str(caught.value).startswith(f"{path}: {error}")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A folder and a file in another encoding."""
    with pytest.raises(ConfigError, match="Is a directory"):
        check_file(tmp_path)
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"is not UTF-8 text \(byte 5\)"):
        check_file(path)


def test_a_right_file_passes_the_check(tmp_path: Path) -> None:
    """The check looks at this file only, whatever the user's own says."""
    path = tmp_path / "my.toml"
    path.write_text("[log]\nkeep = 4\n")
    check_file(path)


def test_every_range_holds_its_own_ends() -> None:
    """No range is upside down, and none is for a key that does not exist."""
    for key, (low, high) in RANGES.items():
        assert key in KEYS
        check_value("here", key, low)
        check_value("here", key, high)
    assert set(CHOICES) | set(FORMS) <= set(KEYS)


def test_every_number_has_a_range() -> None:
    """A new numeric setting cannot be forgotten."""
    assert {key for key, kind in KEYS.items() if kind in (int, float)} == {*RANGES, "sink.sample_rate"}


@given(key=st.sampled_from([*KEYS, "sink", "x"]) | st.text(), value=st.text())
def test_any_override_loads_or_is_refused_in_one_line(key: str, value: str) -> None:
    """No text makes anything but settings or a ConfigError of one printable line."""
    try:
        load_settings(overrides=[f"{key}={value}"], environ=NOWHERE)
    except ConfigError as exc:
        assert str(exc).isprintable()


@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_half_a_surrogate_pair_never_gets_into_the_settings(value: str) -> None:
    """What is loaded can be sent to another process as UTF-8."""
    try:
        loaded = load_settings(overrides=[f"synthesizer.voice={value}"], environ=NOWHERE)
    except ConfigError as exc:
        assert str(exc).isprintable()
    else:
        loaded.settings.synthesizer.voice.encode()
