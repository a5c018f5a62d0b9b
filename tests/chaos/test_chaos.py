"""The short run: whatever is killed, every sentence is heard once, in order."""

from pathlib import Path

import pytest
import tones

import chaos
from voicectl.protocol.supervising import STAGES


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("seed", "settings"),
    [(7, {}), (8, {f"{stage}.spares": "1" for stage in STAGES} | tones.POISON)],
    ids=["without spares", "with spares, and sentences that kill"],
)
def test_every_sentence_is_heard_once_whatever_dies(tmp_path: Path, seed: int, settings: dict[str, str]) -> None:
    """Faults of every kind for half a minute; a failure keeps schedule, sound, journal and logs for a replay."""
    outcome = chaos.run(chaos.Plan(seed, 25.0, spacing=(0.7, 2.0), settings=settings), tmp_path)
    assert outcome.is_good, f"kept in {outcome.folder}\n{chaos.table(chaos.summary([outcome]))}"
    assert outcome.verdict.sentences > 15
    assert len(outcome.faults) > 5
