"""Loads the settings from all their layers and remembers where each value came from.

The layers, later ones win: packaged defaults, the profile, the user's file, ``--config``, the environment
(``VOICECTL_SINK__SPEC=null``), ``--profile`` and ``--set sink.spec=null``. The profile's own name is taken from the
highest layer that names one.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from voicectl.config.keys import KEYS, SECTIONS, bad_value, shortened, subject, unknown_key
from voicectl.config.paths import user_config_path
from voicectl.config.rules import check_together, check_value
from voicectl.config.settings import Settings
from voicectl.config.values import typed, typed_text, with_absolute_paths
from voicectl.protocol.errors import ConfigError

_PREFIX = "VOICECTL_"
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Loaded(NamedTuple):
    """The settings, where each value came from, and the files that were read.

    ``origins`` maps each key (``sink.spec``) to ``default``, ``profile NAME``, the path of a file, the name of an
    environment variable, ``--profile`` or ``--set``.
    """

    settings: Settings
    origins: dict[str, str]
    files: list[Path]


class Value(NamedTuple):
    """One checked value of one layer."""

    key: str
    value: Any
    origin: str


def load_settings(
    config: Path | None = None,
    overrides: Sequence[str] = (),
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Load the settings.

    Args:
        config: The file of ``--config``; it must exist.
        overrides: ``KEY=VALUE``, later ones win.
        profile: The name of ``--profile``.
        environ: Stands in for the process's environment.

    Raises:
        ConfigError: a key is unknown, a value is bad or a file cannot be read; one line that says which.
    """
    environ = os.environ if environ is None else environ
    files = _files(config, environ)
    written = [value for path in files for value in _of_file(path)]
    written += _of_environment(environ)
    if profile is not None:
        written.append(_checked("--profile", "profile", profile, typed_text))
    written += [_of_override(text) for text in overrides]

    defaults = list(_of_package("default.toml", "default"))
    named = [value for value in [*defaults, *written] if value.key == "profile"][-1]
    layers = [*defaults, *_of_profile(named.value), *written]
    values = {value.key: value.value for value in layers}
    origins = {value.key: value.origin for value in layers}
    settings = msgspec.convert(_nested(values), Settings)
    check_together(settings, origins)
    return Loaded(settings, origins, files)


def check_file(path: Path) -> None:
    """Check every key and value of one file.

    Raises:
        ConfigError: the first thing that is wrong, in one line.
    """
    load_settings(config=path, environ={"XDG_CONFIG_HOME": os.devnull})


def _files(config: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Return the files to be read: the user's own, where there is one, then ``--config``."""
    own = user_config_path(environ)
    try:
        files = [own] if own.is_file() else []
    except OSError as exc:
        raise ConfigError(f"{own}: cannot be read ({exc.strerror}); set XDG_CONFIG_HOME to another folder") from exc
    return files if config is None else [*files, config.absolute()]


def _of_package(name: str, origin: str) -> Iterator[Value]:
    """Yield the values of a file that ships with the package."""
    text = (resources.files("voicectl.config") / name).read_text(encoding="utf-8")
    return _of_table(tomllib.loads(text), origin, base=None)


def _of_profile(name: str) -> Iterator[Value]:
    """Yield the values of a profile; ``auto`` changes nothing."""
    return iter(()) if name == "auto" else _of_package(f"{name}.toml", f"profile {name}")


def _of_file(path: Path) -> Iterator[Value]:
    """Yield the values of a file of the user's.

    Raises:
        ConfigError: it cannot be read, is not TOML or holds something wrong.
    """
    try:
        table = tomllib.loads(text := path.read_bytes().decode("utf-8-sig"))
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read ({exc.strerror}); give the path of a TOML file") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {exc.start}); save it as UTF-8") from exc
    except (ValueError, RecursionError) as exc:
        raise ConfigError(_broken(path, text, exc)) from exc
    return _of_table(table, str(path), base=path.parent)


def _broken(path: Path, text: str, error: Exception) -> str:
    """Return the one line about a file that is not TOML, with the number of the broken line."""
    message = str(error)
    found = _PLACE.search(message)
    end = len(text.splitlines()) or 1
    place = f"line {found[1]}, column {found[2]}" if found and found[1] else f"line {end}"
    return f"{path}: {place}: broken TOML: {shortened(_PLACE.sub('', message))}"


def _of_table(table: dict[str, Any], origin: str, base: Path | None) -> Iterator[Value]:
    """Yield the values of a TOML document."""
    for name, content in table.items():
        if isinstance(content, dict):
            for key, value in content.items():
                yield _checked(origin, f"{name}.{key}", value, typed, base)
        elif name in SECTIONS:
            raise bad_value(origin, name, f"a section, [{name}]", content)
        else:
            yield _checked(origin, name, content, typed, base)


def _of_environment(environ: Mapping[str, str]) -> Iterator[Value]:
    """Yield the values of ``VOICECTL_PROFILE`` and of every ``VOICECTL_<SECTION>__<KEY>``."""
    for name in sorted(environ):
        key = name.removeprefix(_PREFIX).replace("__", ".").lower()
        if name == f"{_PREFIX}PROFILE":
            if environ[name]:
                yield _checked(name, "profile", environ[name], typed_text)
        elif name.startswith(_PREFIX) and "__" in name:
            yield _checked(name, key, environ[name].strip(), typed_text)


def _of_override(text: str) -> Value:
    """Return the value of one ``KEY=VALUE``."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"{subject('--set', text)}: expected KEY=VALUE, for example --set sink.spec=null")
    return _checked("--set", key.strip(), value.strip(), typed_text)


def _checked(
    origin: str, key: str, value: Any, convert: Callable[[str, str, Any], Any], base: Path | None = None
) -> Value:
    """Return a value in the type of its key, checked, its path absolute.

    Raises:
        ConfigError: the key is unknown or the value bad.
    """
    if key not in KEYS:
        raise unknown_key(origin, key)
    value = convert(origin, key, value)
    check_value(origin, key, value)
    return Value(key, with_absolute_paths(origin, key, value, base), origin)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as the nested tables that they stand for."""
    tables: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        (tables.setdefault(section, {}) if section else tables)[name] = value
    return tables
