"""A small stage for the tests of the base: ``python echo_stage.py JSON`` (the fields of ``Wiring``).

It hands every notice on to its peer ``next``; the text of a notice may ask for more (``ORDERS``).
"""

import json
import select
import sys
from pathlib import Path

from voicectl.actors.base import About, Actor, Wiring
from voicectl.protocol.errors import BackendError, BackendUnavailable
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message
from voicectl.protocol.supervising import Hold, Notice, Suspect

FOREVER_MS = 1_000_000
ORDERS = ("stay", "gate", "fail", "crash", "mark")
"""Never return; return when data and control wait; raise what a stage reports; raise a bug; only name the work."""


class EchoActor(Actor):
    """Sends on what it gets."""

    stage = "translator"
    downstream = "next"

    def setup(self) -> About:
        """Fail where the folder has a file ``broken``."""
        if (self.wiring.runtime / "broken").exists():
            raise BackendUnavailable("the voice is missing; run voicectl models pull voice")
        return About("echo", "cpu", "detail")

    def handle(self, frame: Frame) -> None:
        """Hand on; a notice's stage names the play number that it belongs to."""
        message = frame.envelope.body
        assert isinstance(message, Notice)
        if message.stage:
            self.working_on(int(message.stage))
        if message.text in ("stay", "mark"):
            self.report(Suspect(play=self._play, stage="begun"))
        if message.text == "stay":
            select.select([], [], [])
        if message.text == "gate":
            self.report(Suspect(play=self._play, stage="begun"))
            assert self.data.socket.poll(FOREVER_MS)
            assert self.control_inbox.socket.poll(FOREVER_MS)
        if message.text == "fail":
            raise BackendError("the device was lost; plug it in")
        if message.text == "crash":
            raise ZeroDivisionError
        self.send(message, frame.payload)

    def control(self, message: Message) -> None:
        """Hand on a hold, so that the order shows; hang on a suspect."""
        if isinstance(message, Hold):
            self.send(message)
        elif isinstance(message, Suspect):
            select.select([], [], [])
        else:
            super().control(message)


if __name__ == "__main__":
    fields = json.loads(sys.argv[1])
    wiring = Wiring(**fields | {"runtime": Path(fields["runtime"])})
    sys.exit(EchoActor(wiring).run())
