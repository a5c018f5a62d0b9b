"""Parts that the sink's tests share: speech, messages, a player over an output that a test drives."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicectl.actors.sink.null import NullOutput
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.actors.sink.player import Player
from voicectl.actors.sink.progress import Progress
from voicectl.config.settings import SinkSettings
from voicectl.protocol.message import Pause, Settled, Utterance
from voicectl.protocol.speaking import Audio, Expect, Receipt, Tombstone
from voicectl.protocol.trace import Hop, Trace

RATE = 8000
MS = 1_000_000
NS = 1_000_000_000

Samples = npt.NDArray[np.int16]

_WRITER = """
import sys
from pathlib import Path
import numpy as np
from voicectl.actors.sink.{module} import {name}

file = {name}(Path(sys.argv[1]), append=True)
file.set_rate(8000)
print("running", flush=True)
n = 0
while True:
    file.write(np.arange(n, n + 37).astype(np.int16))
    n += 37
"""


def kill_a_writer(module: str, name: str, path: Path) -> None:
    """Let a process write 0, 1, 2 … into a file of the sink's class ``name`` and kill it in mid-write."""
    program = _WRITER.format(module=module, name=name)
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        while path.stat().st_size < 10_000:
            os.sched_yield()
        child.send_signal(signal.SIGKILL)


def settings(spec: str = "null", sample_rate: int = 0, pause_ms: int = 0) -> SinkSettings:
    """Return settings with one length for every pause."""
    return SinkSettings(
        spares=0,
        spec=spec,
        latency_ms=100,
        sample_rate=sample_rate,
        pause_clause_ms=pause_ms,
        pause_sentence_ms=2 * pause_ms,
        pause_paragraph_ms=3 * pause_ms,
        speed=1.0,
        volume=1.0,
    )


def speech(play: int, samples: int = 4000) -> Samples:
    """Return the samples of an utterance: never zero, and different for every play number."""
    noise = np.random.default_rng(play).integers(1, 12000, samples)
    return noise.astype(np.int16)


def identity(play: int, epoch: int = 0) -> Utterance:
    """Return the identity of an utterance."""
    return Utterance(session="s", seq=play, play=play, epoch=epoch)


def audio(
    play: int,
    index: int = 0,
    last: bool = False,
    epoch: int = 0,
    rate: int = RATE,
    pause: Pause = "sentence",
    voice: str = "mei",
) -> Audio:
    """Return the header of a chunk."""
    trace = Trace(arrived=1, hops=(Hop(stage="synthesizer", received=1, begun=2, sent=3),))
    text = f"text {play}" if index == 0 else ""
    name = voice if index == 0 else ""
    return Audio(
        utterance=identity(play, epoch),
        index=index,
        sample_rate=rate,
        last=last,
        source=text,
        text=text,
        synthesizer=name,
        pause=pause,
        trace=trace,
    )


def tombstone(play: int, state: Settled = "failed", epoch: int = 0) -> Tombstone:
    """Return a tombstone."""
    return Tombstone(utterance=identity(play, epoch), state=state, error="no voice")


class Ear(NullOutput):
    """An output in the test's hands: it keeps what was heard; ``realtime`` as the test says."""

    def __init__(self, realtime: bool = False) -> None:
        super().__init__(realtime)
        self.blocks: list[Samples] = []

    def open(self, sample_rate: int) -> None:
        """Open, and keep what the consumer is given."""
        super().open(sample_rate)
        fill = self._consumer.fill

        def listen(out: Samples, now: int, latency: int) -> int:
            count = fill(out, now, latency)
            self.blocks.append(out[:count].copy())
            return count

        self._consumer.fill = listen  # type: ignore[method-assign]

    @property
    def heard(self) -> Samples:
        """Everything that was taken so far."""
        return np.concatenate([np.zeros(0, np.int16), *self.blocks])


class Stage:
    """A player, its output, progress file and PCM store; ``now`` only moves when a test says so.

    A second one in the same folder is the next incarnation, or the first of a ``new_pipeline``.
    """

    def __init__(
        self,
        folder: Path,
        config: SinkSettings | None = None,
        realtime: bool = False,
        expect: int | None = 1,
        new_pipeline: bool = False,
    ) -> None:
        self.now = NS
        self.output = Ear(realtime)
        self.progress = Progress(folder / "sink.progress")
        self.store = PcmStore(folder / "pcm")
        self.player = Player(self.output, config or settings(), self.progress, self.store)
        self.player.restore(new_pipeline)
        self.receipts: list[Receipt] = []
        if expect is not None:
            self.player.expect(Expect(play=expect, epoch=self.player.ledger().epoch))

    def say(self, play: int, pcm: Samples, chunks: int = 1, sender: str = "synthesizer.1", **header: object) -> None:
        """Accept a whole utterance in so many chunks."""
        parts = np.array_split(pcm, chunks)
        for index, part in enumerate(parts):
            self.chunk(play, index, part, index == len(parts) - 1, sender, **header)

    def chunk(
        self, play: int, index: int, pcm: Samples, last: bool = False, sender: str = "synthesizer.1", **header: object
    ) -> None:
        """Accept one chunk."""
        self.player.accept(audio(play, index, last, **header), pcm, sender, self.now)  # type: ignore[arg-type]

    def run(self) -> None:
        """Go on until nothing moves."""
        self.output.poll(self.now)
        while self.player.advance(self.now):
            self.output.poll(self.now)
        self.receipts += self.player.events()

    def after(self, milliseconds: float) -> None:
        """Let time pass in steps of 10 ms, as the sink's loop would."""
        end = self.now + int(milliseconds * MS)
        while self.now < end:
            self.now = min(end, self.now + 10 * MS)
            self.output.poll(self.now)
            self.player.advance(self.now)
            self.receipts += self.player.events()

    def states(self, *states: str) -> list[tuple[int, str]]:
        """Return (play, state) of the receipts so far, of these states or of all but ``buffered``."""
        wanted = states or ("speaking", "spoken", "failed", "cancelled", "quarantined")
        return [(receipt.utterance.play, receipt.state) for receipt in self.receipts if receipt.state in wanted]
