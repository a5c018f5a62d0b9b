"""Backends of the user's own: named as ``package.module:Class`` in the configuration."""

import importlib
from collections.abc import Callable
from typing import Any

from voicectl.protocol.errors import BackendUnavailable


def is_plugin(name: str) -> bool:
    """Whether a backend's name is an import path."""
    return ":" in name


def plugin(name: str) -> Callable[..., Any]:
    """Return what an import path names; a factory calls it with the settings of its stage and the language.

    Raises:
        BackendUnavailable: there is no such module or attribute.
    """
    module, _, attribute = name.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as exc:
        raise BackendUnavailable(f"cannot load {name!r}: {exc}; name it as package.module:Class") from exc
    return found
