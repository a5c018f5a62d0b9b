"""Single values: from text to the type of their key, and relative paths to absolute ones."""

import tomllib
from pathlib import Path
from typing import Any, get_origin

import msgspec

from voicectl.config.keys import KEYS, bad_type, shown, subject
from voicectl.protocol.errors import ConfigError

_REALTIME = ",realtime"

_PATHS = (
    "synthesizer.model_path",
    "synthesizer.config_path",
    "synthesizer.readings",
    "synthesizer.voices",
)
"""Keys whose value is always a path."""


def typed(origin: str, key: str, value: object) -> Any:
    """Return a value of a TOML file in the type of its key; nothing is guessed.

    Raises:
        ConfigError: the value has another type.
    """
    try:
        return _sound(msgspec.convert(value, KEYS[key]))
    except (msgspec.ValidationError, UnicodeError, OverflowError) as exc:
        raise bad_type(origin, key, value) from exc


def typed_text(origin: str, key: str, text: str) -> Any:
    """Return the value of a text (environment, ``--set``) in the type of its key.

    A text that is a TOML value of the right kind is taken as such. Else it stands for itself
    where the key wants text, and is split at its commas where the key wants a list.

    Raises:
        ConfigError: the text cannot be read as a value of this key.
    """
    kind = KEYS[key]
    value = _toml_value(text)
    if get_origin(kind) is tuple:
        value = value if isinstance(value, list) else [part.strip() for part in text.split(",") if part.strip()]
    elif not isinstance(value, str) and kind not in (int, float, bool):
        value = text
    try:
        return _sound(msgspec.convert(value, kind, strict=False))
    except (msgspec.ValidationError, UnicodeError, OverflowError) as exc:
        raise bad_type(origin, key, text) from exc


def _toml_value(text: str) -> object:
    """Return the TOML value that a text is, or the text itself."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # not TOML; an integer of thousands of digits; deep nesting
        return text
    return table["value"] if len(table) == 1 else text


def _sound(value: Any) -> Any:
    """Return a value whose texts can be sent as UTF-8 and given to the system.

    Raises:
        UnicodeError: there is half a surrogate pair or a NUL in it.
    """
    for text in (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ():
        if "\0" in text.encode().decode():
            raise UnicodeError("NUL")
    return value


def with_absolute_paths(origin: str, key: str, value: Any, base: Path | None) -> Any:
    """Return the value with the file it names made absolute, seen from the folder where it was typed.

    ``base`` None is the current folder. ``translator.model`` is a path only where such a folder exists; else it
    is the id of a model.

    Raises:
        ConfigError: the path begins with the home of an unknown user, or the current folder is gone.
    """
    try:
        if key == "sink.spec" and value.startswith("wav:"):
            text = value.removeprefix("wav:")
            suffix = _REALTIME if text.endswith(_REALTIME) else ""
            text = text.removesuffix(_REALTIME)
            path = _absolute(text, base)
            # A folder keeps its slash: it says that every session gets a file of its own.
            slash = "/" if text.endswith("/") or _is_folder(path) else ""
            return f"wav:{path}{slash}{suffix}"
        if (key in _PATHS and value) or (key == "synthesizer.voice" and is_sound_file(value)):
            return str(_absolute(value, base))
        if key == "translator.model" and value and _is_folder(folder := _absolute(value, base)):
            return str(folder)
    except (OSError, RuntimeError) as exc:
        raise ConfigError(
            f"{subject(origin, key)}: cannot tell where {shown(value)} is ({exc}); give a full path"
        ) from exc
    return value


def is_sound_file(voice: str) -> bool:
    """Return whether a voice is named by a recording of it."""
    return voice.lower().endswith((".wav", ".flac", ".ogg", ".mp3"))


def _absolute(path: str, base: Path | None) -> Path:
    """Return an absolute path, ``~`` expanded; links are kept as they are."""
    expanded = Path(path).expanduser()
    return (base / expanded if base else expanded).absolute()


def _is_folder(path: Path) -> bool:
    """Return whether a folder is there; a name too long for the system is none."""
    try:
        return path.is_dir()
    except OSError:
        return False
