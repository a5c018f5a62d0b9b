"""What the tests of the synthesizer share."""

import os
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from voicectl.config.load import load_settings
from voicectl.config.settings import SynthesizerSettings


@pytest.fixture(scope="session")
def settings() -> Callable[..., SynthesizerSettings]:
    """Return the packaged defaults, with changes."""
    defaults = load_settings(environ={"XDG_CONFIG_HOME": os.devnull}).settings.synthesizer

    def changed(**changes: Any) -> SynthesizerSettings:
        return msgspec.structs.replace(defaults, **changes)

    return changed
