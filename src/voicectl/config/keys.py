"""The names and types of every configuration key, and what to say about a wrong one."""

import difflib
import json
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints

from voicectl.config.settings import Section, Settings
from voicectl.protocol.errors import ConfigError

SHOWN_VALUE = 80
"""Characters of a bad value that an error message repeats."""

_NAMED = {int: "an integer", float: "a number", bool: "true or false", str: "text in quotes"}


def _fields(struct: type[Section], prefix: str) -> dict[str, Any]:
    """Return the types of a section's keys by their dotted names."""
    types: dict[str, Any] = {}
    for name, kind in get_type_hints(struct).items():
        if name not in struct.__struct_fields__:
            continue
        if isinstance(kind, type) and issubclass(kind, Section):
            types |= _fields(kind, f"{prefix}{name}.")
        else:
            types[prefix + name] = kind
    return types


KEYS: dict[str, Any] = _fields(Settings, "")
"""Every key (``sink.spec``) and the type of its value, in the order of the settings."""

SECTIONS: frozenset[str] = frozenset(key.partition(".")[0] for key in KEYS if "." in key)
"""The names of the tables that a configuration file may hold."""


def nearest_key(name: str) -> str | None:
    """Return the valid key that somebody who wrote ``name`` most likely meant."""
    lowered = name.lower()
    for key in KEYS:
        if key.startswith(f"{lowered}.") or key.endswith(f".{lowered}"):
            return key
    whole = difflib.get_close_matches(lowered, list(KEYS), n=1)
    if whole:
        return whole[0]
    last = {key.rpartition(".")[2]: key for key in reversed(KEYS)}  # of keys that share a name, the first
    close = difflib.get_close_matches(lowered.rpartition(".")[2], list(last), n=1)
    return last[close[0]] if close else None


def nearest_value(value: object, choices: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the choice next to a bad value, or nothing."""
    close = difflib.get_close_matches(str(value).lower(), list(choices), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def subject(origin: str, key: str) -> str:
    """Return how an error names a key: ``--set sink.spec``, else ``ORIGIN: sink.spec``."""
    name = key if key.isprintable() else json.dumps(key)
    separator = " " if origin == "--set" else ": "
    return f"{origin}{separator}{shortened(name)}"


def shortened(text: str) -> str:
    """Return a text cut to a length that fits into one line."""
    return text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 1] + "…"


def shown(value: object) -> str:
    """Return a value as it is written in TOML, on one line, for an error message."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, str | bool | int | list):
        try:
            text = json.dumps(value, ensure_ascii=False, default=str)
        except (ValueError, RecursionError):  # an integer of thousands of digits, nesting
            return "something far too long"
        return shortened(text if text.isprintable() else json.dumps(value, default=str))
    return shortened(str(value))


def listed(choices: Iterable[str]) -> str:
    """Return ``a, b or c``."""
    *some, last = choices
    return f"{', '.join(some)} or {last}" if some else last


def type_name(kind: Any) -> str:
    """Return how an error message names the type of a key."""
    if kind in _NAMED:
        return _NAMED[kind]
    return listed(get_args(kind)) if get_origin(kind) is Literal else "a list of texts"


def unknown_key(origin: str, key: str) -> ConfigError:
    """Return the error for a key that does not exist."""
    meant = nearest_key(key)
    hint = f"did you mean {meant}?" if meant else "'voicectl config show' lists all keys"
    return ConfigError(f"{subject(origin, key)}: unknown key; {hint}")


def bad_type(origin: str, key: str, value: object) -> ConfigError:
    """Return the error for a value that cannot be one of this key's type."""
    kind = KEYS[key]
    hint = nearest_value(value, get_args(kind)) if get_origin(kind) is Literal else ""
    return bad_value(origin, key, type_name(kind), value, hint)


def bad_value(origin: str, key: str, wanted: str, value: object, hint: str = "") -> ConfigError:
    """Return the error for a value that is not ``wanted``; ``hint`` is added at its end."""
    return ConfigError(f"{subject(origin, key)} must be {wanted}, got {shown(value)}{hint}")
