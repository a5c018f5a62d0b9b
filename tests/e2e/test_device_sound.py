"""What feed sends comes out of the device: recorded from a null sink's monitor and compared."""

import pytest
from instance import TEXT, Instance
from speech import assert_each_once_in_order, longest_gap_s

from rig import PulseRig, require_rig


@pytest.mark.rig
def test_the_device_plays_every_sentence_bit_exact(instance: Instance) -> None:
    """Each sentence is found in the recorded monitor sample for sample, once, in order, without a dropout."""
    require_rig()
    with PulseRig() as rig:
        instance.env |= rig.env
        instance.up("device", "--set", "sink.latency_ms=500")  # a busy machine must not leave a dropout
        with rig.record() as recording:
            instance.run("feed", "--wait", "--format", "text", stdin=TEXT.encode())
            recording.wait_for_more(rig.rate // 2)
        texts = [row["translation"] for row in instance.history()]
        counters = instance.counters("sink")
        instance.run("down")
    assert_each_once_in_order(recording.samples, texts)
    assert longest_gap_s(recording.samples, rig.rate) < 0.5
    assert counters["underruns"] == 0
