"""Which values of a key make sense beyond their type: choices, forms and ranges."""

import math
import re
from typing import Any

from voicectl.config.keys import bad_value, listed, nearest_value, subject
from voicectl.config.settings import Settings
from voicectl.protocol.errors import ConfigError

PROFILES = ("auto", "low_latency", "high_quality", "offline")
TRANSLATORS = ("auto", "starter", "ctranslate2", "nllb", "opus-mt", "llm", "google", "none")
SYNTHESIZERS = ("auto", "openjtalk", "coqui", "kokoro", "piper", "say", "espeak-ng", "edge")

DAY_S = 86_400.0
"""Longest duration that makes sense anywhere, in seconds; longer ones overflow poll timeouts."""

SPEEDS = (0.5, 3.0)
"""Factors between which speech stays speech when it is stretched."""

VOLUMES = (0.0, 2.0)
"""Factors; beyond the highest most voices are cut off at full scale."""

CHOICES: dict[str, tuple[str, ...]] = {
    "profile": PROFILES,
    "translator.backend": TRANSLATORS,
    "translator.fallback": TRANSLATORS[1:],
    "translator.dtype": ("auto", "float32", "float16", "bfloat16", "int8"),
    "synthesizer.backend": SYNTHESIZERS,
    "synthesizer.fallback": SYNTHESIZERS[1:],
}

_PLUGIN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
"""A backend of the user's own: ``package.module:Class``."""

_DEVICE = (re.compile(r"auto|cpu|cuda(:\d{1,3})?|mps"), "auto, cpu, cuda, cuda:N or mps")
_LANGUAGE = (re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*"), "a language tag such as en, ja or zh-Hant")
_HOST = r"([^\s:/\[\]]+|\[[0-9A-Fa-f:.]+\])"
_PORT = r"([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_URL = (re.compile(r"(https?://\S+)?"), "a URL such as http://localhost:11434/v1, or nothing")
FORMS: dict[str, tuple[re.Pattern[str], str]] = {
    "language.source": _LANGUAGE,
    "language.target": _LANGUAGE,
    "translator.device": _DEVICE,
    "translator.url": _URL,
    "synthesizer.device": _DEVICE,
    "sink.spec": (
        re.compile(rf"device(:.+)?|wav:(?!,realtime$).+|web:({_HOST}:)?{_PORT}|null(:fast)?"),
        "device, device:NAME, wav:PATH, wav:PATH,realtime, web:PORT, web:HOST:PORT, null or null:fast",
    ),
}

RANGES: dict[str, tuple[float, float]] = {
    "parser.pause_ms": (0, 60_000),
    "parser.max_sentence_chars": (40, 800),
    "parser.early_clause_chars": (0, 800),
    "parser.window_sentences": (1, 10_000),
    "parser.window_seconds": (1, DAY_S),
    "parser.floor_pause_s": (0, DAY_S),
    "parser.backlog_seconds": (1, DAY_S),
    "parser.backlog_max_speed": SPEEDS,
    "translator.threads": (0, 1024),
    "translator.beam_size": (0, 64),
    "translator.max_batch": (1, 1024),
    "synthesizer.threads": (0, 1024),
    "synthesizer.speed": (0.1, 10),
    "synthesizer.pitch": (-24, 24),
    "synthesizer.volume": (0, 10),
    "sink.latency_ms": (0, 5_000),
    "sink.pause_clause_ms": (0, 60_000),
    "sink.pause_sentence_ms": (0, 60_000),
    "sink.pause_paragraph_ms": (0, 60_000),
    "sink.speed": SPEEDS,
    "sink.volume": VOLUMES,
    "supervisor.heartbeat_ms": (10, 60_000),
    "supervisor.heartbeat_timeout_s": (0.1, DAY_S),
    "supervisor.start_timeout_s": (0.1, DAY_S),
    "supervisor.deadline_s": (0.1, DAY_S),
    "supervisor.stop_timeout_s": (0, DAY_S),
    "supervisor.max_restarts": (0, 1_000_000),
    "supervisor.restart_window_s": (0, DAY_S),
    "supervisor.backoff_initial_s": (0, DAY_S),
    "supervisor.backoff_max_s": (0, DAY_S),
    "supervisor.stable_s": (0, DAY_S),
    "supervisor.memory_limit_mb": (0, 100_000_000),
    "supervisor.retry_first_choice_s": (1, DAY_S),
    "parser.spares": (0, 1),
    "translator.spares": (0, 1),
    "synthesizer.spares": (0, 1),
    "sink.spares": (0, 1),
    "journal.resume_max_age_s": (0, 365 * DAY_S),
    "journal.keep_days": (0, 36_500),
    "log.max_bytes": (1_000, 10_000_000_000),
    "log.keep": (1, 1_000),
}
"""Smallest and largest value of a number, both allowed."""

SAMPLE_RATES = (4_000, 384_000)
"""Hz; below the lowest nothing can be understood, above the highest no device goes."""


def check_value(origin: str, key: str, value: Any) -> None:
    """Check one value of the right type against the rules of its key.

    Raises:
        ConfigError: the value is none of the choices, has the wrong form or is out of range.
    """
    if key in CHOICES:
        _check_choice(origin, key, value)
    elif key in FORMS:
        form, wanted = FORMS[key]
        if not form.fullmatch(value):
            hint = nearest_value(value, re.findall(r"[a-z]+(?::[a-z]+)?", wanted)) if "sink" in key else ""
            raise bad_value(origin, key, wanted, value, hint)
    elif key in RANGES:
        low, high = RANGES[key]
        if not (math.isfinite(value) and low <= value <= high):
            raise bad_value(origin, key, f"from {low:.12g} to {high:.12g}", value)
    elif key == "sink.sample_rate" and value != 0:
        low, high = SAMPLE_RATES
        if not low <= value <= high:
            raise bad_value(origin, key, f"0 (the rate of the voice) or from {low} to {high}", value)


def _check_choice(origin: str, key: str, value: str | tuple[str, ...]) -> None:
    """Check a name, or each of a list of names, against the choices of its key."""
    choices = CHOICES[key]
    may_be_plugin = key.partition(".")[2] in ("backend", "fallback")
    for name in (value,) if isinstance(value, str) else value:
        if name not in choices and not (may_be_plugin and _PLUGIN.fullmatch(name)):
            wanted = listed(choices) if isinstance(value, str) else f"a list of {listed(choices)}"
            raise bad_value(origin, key, wanted, name, nearest_value(name, choices))


def check_together(settings: Settings, origins: dict[str, str]) -> None:
    """Check the values that only make sense beside each other.

    Raises:
        ConfigError: a value contradicts another one; the text names both.
    """
    watch = settings.supervisor
    if watch.heartbeat_timeout_s * 1000 < 2 * watch.heartbeat_ms:
        key, than = "supervisor.heartbeat_timeout_s", "two heartbeats (supervisor.heartbeat_ms)"
    elif watch.backoff_max_s < watch.backoff_initial_s:
        key, than = "supervisor.backoff_max_s", "supervisor.backoff_initial_s"
    elif settings.synthesizer.config_path and not settings.synthesizer.model_path:
        origin = origins["synthesizer.config_path"]
        raise ConfigError(
            f"{subject(origin, 'synthesizer.config_path')} needs synthesizer.model_path, the checkpoint it belongs to"
        )
    else:
        return
    value = getattr(watch, key.rpartition(".")[2])
    raise bad_value(origins[key], key, f"at least {than}", value)
