"""A whole pipeline in folders of its own, driven by the real command line."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from instance import Instance


@pytest.fixture
def instance() -> Iterator[Instance]:
    """An instance that leaves no process behind, whatever the test did."""
    with Instance() as instance:
        yield instance
