"""Frozen, typed settings; each part of the system is given only its own section.

Defaults live in ``default.toml``, not here, so that ``voicectl config show`` can name their source.
Durations end in their unit.
"""

from typing import Literal

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every section; an unknown key is an error."""


class LanguageSettings(Section, frozen=True, kw_only=True):
    """Languages as BCP 47 tags (``en``, ``ja``, ``zh-Hant``); ``auto`` as the source has it detected."""

    source: str
    target: str


class ParserSettings(Section, frozen=True, kw_only=True):
    """What is spoken and how, and how far ahead of the voice sentences are released.

    ``urls`` is about addresses in the text (a link's own text is always spoken), ``early_clause_chars`` about the
    first sentence of an answer (0: it is never cut), ``backlog`` about what is done when more than ``backlog_seconds``
    of speech wait. ``spares`` (of any stage): how many warm processes wait to take over, 0 or 1.
    """

    pause_ms: int
    code: Literal["drop", "announce", "read"]
    urls: Literal["host", "full", "link", "drop"]
    tables: Literal["cells", "columns", "skip"]
    emoji: Literal["drop", "name"]
    max_sentence_chars: int
    early_clause_chars: int
    subagents: bool
    errors: bool
    thinking: bool
    window_sentences: int
    window_seconds: float
    floor_pause_s: float
    backlog: Literal["all", "speed", "skip"]
    backlog_seconds: float
    backlog_max_speed: float
    spares: int


class TranslatorSettings(Section, frozen=True, kw_only=True):
    """The translator backend; ``auto`` takes the best that is installed for the language pair.

    ``model`` is a folder or a hub id; ``device`` is auto, cpu, cuda, cuda:N or mps; ``dtype`` is auto,
    float32, float16, bfloat16 or int8; ``threads`` 0 means the library's own choice. ``url`` is where an
    OpenAI-compatible server listens, ``api_key_env`` the environment variable that holds its key.
    """

    backend: str
    fallback: tuple[str, ...]
    model: str
    device: str
    dtype: str
    threads: int
    beam_size: int
    max_batch: int
    url: str
    api_key_env: str
    spares: int


class SynthesizerSettings(Section, frozen=True, kw_only=True):
    """The voice. ``speed`` and ``volume`` are factors, ``pitch`` is in semitones.

    ``model`` is a zoo name, ``model_path`` and ``config_path`` a checkpoint of the user's own. ``readings`` is a
    dictionary of the user's own for English in Japanese text; empty: ``readings.tsv`` beside the user's file.
    ``voices`` is a folder of Piper's and Kokoro's files; empty: the one of ``config.paths.voices_dir``.
    """

    backend: str
    fallback: tuple[str, ...]
    model: str
    model_path: str
    config_path: str
    voice: str
    device: str
    threads: int
    speed: float
    pitch: float
    volume: float
    readings: str
    voices: str
    spares: int


class SinkSettings(Section, frozen=True, kw_only=True):
    """Where the sound goes.

    ``spec`` is ``device``, ``device:NAME``, ``wav:PATH``, ``wav:PATH,realtime``, ``web:PORT``, ``web:HOST:PORT``,
    ``null`` or ``null:fast``.
    ``speed`` and ``volume`` are factors, and where the listener's own begin.
    """

    spec: str
    latency_ms: int
    sample_rate: int
    pause_clause_ms: int
    pause_sentence_ms: int
    pause_paragraph_ms: int
    speed: float
    volume: float
    spares: int


class SupervisorSettings(Section, frozen=True, kw_only=True):
    """How stages are watched and restarted: at most ``max_restarts`` within ``restart_window_s``.

    A stage that runs on a fallback backend tries its first choice again every ``retry_first_choice_s``.
    """

    heartbeat_ms: int
    heartbeat_timeout_s: float
    start_timeout_s: float
    deadline_s: float
    stop_timeout_s: float
    max_restarts: int
    restart_window_s: float
    backoff_initial_s: float
    backoff_max_s: float
    stable_s: float
    memory_limit_mb: int
    retry_first_choice_s: float


class JournalSettings(Section, frozen=True, kw_only=True):
    """What is kept: sentences not yet heard are resumed when younger than ``resume_max_age_s``."""

    resume_max_age_s: float
    keep_days: float


class LogSettings(Section, frozen=True, kw_only=True):
    """Level and size of the log files."""

    level: Literal["debug", "info", "warning", "error"]
    max_bytes: int
    keep: int


class Settings(Section, frozen=True, kw_only=True):
    """The whole configuration; passed whole only to the supervisor."""

    profile: str
    language: LanguageSettings
    parser: ParserSettings
    translator: TranslatorSettings
    synthesizer: SynthesizerSettings
    sink: SinkSettings
    supervisor: SupervisorSettings
    journal: JournalSettings
    log: LogSettings
