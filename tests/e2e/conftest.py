"""A whole pipeline in folders of its own, driven by the real command line."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from instance import Instance

# Tests that a shell runs in the background ignore interrupts, and so would everything that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def instance() -> Iterator[Instance]:
    """An instance that leaves no process behind, whatever the test did."""
    with Instance() as instance:
        yield instance
