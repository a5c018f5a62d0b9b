"""The latency record: one sketch per hop and kind, fed by the traces that the sink reports.

DDSketch (Masson, Rim, Lee 2019) keeps quantiles within 1 % relative error in bounded memory.
"""

from typing import Any

from ddsketch import DDSketch

from voicectl.protocol.speaking import Receipt
from voicectl.protocol.supervising import STAGES
from voicectl.protocol.trace import wires

RELATIVE_ACCURACY = 0.01
KINDS = ("waiting", "working", "wire")


class Record:
    """Quantiles of one duration, in milliseconds."""

    def __init__(self) -> None:
        self._sketch = DDSketch(RELATIVE_ACCURACY)
        self._max = 0.0

    def add(self, nanoseconds: int) -> None:
        """Add one duration; clocks being what they are, a negative one counts as 0."""
        milliseconds = max(0, nanoseconds) / 1e6
        self._sketch.add(milliseconds)
        self._max = max(self._max, milliseconds)

    def summary(self) -> dict[str, Any]:
        """Return p50, p90, p99, max and count; the quantiles are None while there is nothing."""
        quantiles = {f"p{p}": self._quantile(p / 100) for p in (50, 90, 99)}
        count = int(self._sketch.count)
        return {**quantiles, "max": round(self._max, 3) if count else None, "count": count}

    def _quantile(self, q: float) -> float | None:
        value = self._sketch.get_quantile_value(q)
        return None if value is None else round(min(float(value), self._max), 3)


class Latency:
    """Every hop's waiting, working and wire time, and time to first audio with what stands beside it."""

    def __init__(self) -> None:
        self.hops = {stage: {kind: Record() for kind in KINDS} for stage in STAGES}
        self.ttfa = Record()
        self.ttfa_later = Record()
        self.certainty = Record()
        self.device = Record()
        self.machinery = Record()

    def add(self, receipt: Receipt) -> None:
        """Record a sentence whose first sample was handed to the device."""
        trace = receipt.trace
        if trace is None:
            return
        wire = wires(trace)
        for hop in trace.hops:
            if (kinds := self.hops.get(hop.stage)) is None:
                continue  # of a stage that is not one of ours
            kinds["waiting"].add(hop.waiting)
            kinds["working"].add(hop.working)
            kinds["wire"].add(wire[hop.stage])
        (self.ttfa if receipt.first else self.ttfa_later).add(receipt.first_sample - trace.arrived)
        self.certainty.add(trace.arrived - trace.written)
        self.device.add(receipt.device_latency)
        if receipt.first:
            models = sum(hop.working for hop in trace.hops if hop.stage in ("translator", "synthesizer"))
            self.machinery.add(receipt.first_sample - trace.arrived - models)

    def summary(self) -> dict[str, Any]:
        """Return everything as ``stats --json`` prints it, in milliseconds."""
        return {
            "hops": {
                stage: {kind: record.summary() for kind, record in kinds.items()} for stage, kinds in self.hops.items()
            },
            "ttfa": self.ttfa.summary(),
            "ttfa_later": self.ttfa_later.summary(),
            "machinery": self.machinery.summary(),
            "certainty": self.certainty.summary(),
            "device": self.device.summary(),
        }
