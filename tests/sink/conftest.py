"""Lets the sink's tests import ``rig``, which the end-to-end tests use as well."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
