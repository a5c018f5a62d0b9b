"""An audio server that can be killed; what is played into it is recorded, file after file."""

import os
import subprocess
import threading
from pathlib import Path

import tones
from sound import Watch

from rig import PulseRig

RECORDER = ("parec", "-d", "rig.monitor", "--format=s16le", f"--rate={tones.RATE}", "--channels=1", "--raw")


class AudioServer:
    """A private PulseAudio at the voice's own rate, so that nothing is resampled, and its recorder.

    Players come in by a door of their own, which opens when the recorder records: a sink that is quicker than the
    recorder after a death of the server would seem to have lost what was played before.
    """

    def __init__(self, folder: Path, watch: Watch) -> None:
        self._rig = PulseRig(tones.RATE)
        self._folder = folder
        self._watch = watch
        self._recorder: subprocess.Popen[bytes] | None = None
        self._rig.__enter__()
        self._door = f"{self._rig.folder}/players"
        self.env = {**self._rig.env, "PULSE_SERVER": f"unix:{self._door}"}
        self._record()

    def die(self, seconds: float) -> None:
        """Kill the server, and start it again after a while."""
        self._rig.kill()
        if self._recorder:
            self._recorder.wait()
        threading.Event().wait(seconds)
        self._rig.start()
        self._record()

    def close(self) -> None:
        """Stop recording, and the server."""
        if self._recorder:
            self._recorder.terminate()
            self._recorder.wait()
        self._rig.__exit__(None, None, None)

    def _record(self) -> None:
        path = self._folder / f"{len(self._watch.files) + 1}.raw"
        with path.open("wb") as file:
            command = [*RECORDER, "--latency-msec=10"]
            self._recorder = subprocess.Popen(command, env=os.environ | self._rig.env, stdout=file)
        while not path.stat().st_size and self._recorder.poll() is None:
            threading.Event().wait(0.005)
        door = ("load-module", "module-native-protocol-unix", "auth-anonymous=1", f"socket={self._door}")
        subprocess.run(["pactl", *door], env=os.environ | self._rig.env, capture_output=True, check=True)
        self._watch.follow(path)
