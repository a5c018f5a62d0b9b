"""What all tests share: no property is judged by how fast this machine is, and each run tries the same examples.

``pytest --hypothesis-profile=random`` tries others.
"""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "any machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("random", settings.get_profile("any machine"), derandomize=False)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def tiny_nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint in NLLB's form that knows a few sentences by heart."""
    if not all(importlib.util.find_spec(name) for name in ("torch", "transformers")):
        pytest.skip("needs torch and transformers")
    from tiny_nllb import make_tiny_nllb

    return make_tiny_nllb(tmp_path_factory.mktemp("models") / "tiny-nllb")
