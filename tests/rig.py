"""A private PulseAudio with a null sink: what is played into it is recorded sample by sample."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pytest

NEEDED = ("pulseaudio", "parec", "pactl")

_DEFAULT_PA = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=rig format=s16le rate={rate} channels=1
set-default-sink rig
set-default-source rig.monitor
"""

_ASOUNDRC = """\
pcm.!default { type pulse }
ctl.!default { type pulse }
"""


def require_rig() -> None:
    """Skip the test where PulseAudio or PortAudio is missing; fail it when VOICECTL_REQUIRE_RIG=1."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    try:
        import sounddevice  # noqa: F401
    except OSError:
        missing.append("libportaudio2")
    if not missing:
        return
    text = f"the audio rig needs {', '.join(missing)}"
    if os.environ.get("VOICECTL_REQUIRE_RIG") == "1":
        pytest.fail(text)
    pytest.skip(text)


class Recording:
    """What the null sink's monitor gave; ``samples`` is complete when the ``record`` block has ended."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._heard = threading.Condition()

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """Mono PCM, shape (n,), signed 16 bit, at the rig's rate."""
        data = bytes(self._data)
        return np.frombuffer(data[: len(data) // 2 * 2], np.int16)

    def wait_for(self, samples: int, timeout: float = 20.0) -> None:
        """Wait until at least ``samples`` were recorded (the monitor records silence too).

        Raises:
            TimeoutError: they did not come.
        """
        with self._heard:
            if not self._heard.wait_for(lambda: len(self._data) >= 2 * samples, timeout):
                raise TimeoutError(f"recorded {len(self._data) // 2} of {samples} samples")

    def wait_for_more(self, samples: int, timeout: float = 20.0) -> None:
        """Wait until ``samples`` more were recorded from now on."""
        self.wait_for(len(self._data) // 2 + samples, timeout)

    def wait_until(self, true: Callable[[npt.NDArray[np.int16]], bool], timeout: float = 20.0) -> None:
        """Wait until ``true`` of the samples recorded so far.

        Raises:
            TimeoutError: it did not become true.
        """
        with self._heard:
            if not self._heard.wait_for(lambda: true(self.samples), timeout):
                raise TimeoutError(f"not in the {len(self.samples)} samples recorded")

    def _feed(self, pipe: "subprocess.Popen[bytes]") -> None:
        assert pipe.stdout
        while data := os.read(pipe.stdout.fileno(), 65536):
            with self._heard:
                self._data.extend(data)
                self._heard.notify_all()


class PulseRig:
    """A PulseAudio daemon of our own, with one mono null sink at ``rate`` Hz.

    ``env`` is what a child process needs so that PortAudio's default device plays into it;
    ``in_process`` sets the same for this process. Playing, sink and recording at one rate are bit-exact.
    """

    def __init__(self, rate: int = 48_000) -> None:
        self.rate = rate
        self.folder = Path(tempfile.mkdtemp(prefix="rig-"))
        self._daemon: subprocess.Popen[bytes] | None = None
        socket = self.folder / "native"
        self.env = {
            "PULSE_SERVER": f"unix:{socket}",
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "ALSA_CONFIG_PATH": str(self.folder / "asound.conf"),
        }
        self._daemon_env = {
            "PULSE_RUNTIME_PATH": str(self.folder / "pulse"),
            "XDG_RUNTIME_DIR": str(self.folder),
            "HOME": str(self.folder),
            "DBUS_SESSION_BUS_ADDRESS": "",
        }

    def __enter__(self) -> Self:
        (self.folder / "pulse").mkdir()
        (self.folder / "default.pa").write_text(_DEFAULT_PA.format(socket=self.folder / "native", rate=self.rate))
        (self.folder / "asound.conf").write_text("</usr/share/alsa/alsa.conf>\n" + _ASOUNDRC)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        command = ["pulseaudio", "-n", "-F", str(self.folder / "default.pa"), "--daemonize=no", "--exit-idle-time=-1"]
        command += [
            "--use-pid-file=no",
            "--realtime=no",
            "--high-priority=no",
            "--log-target=stderr",
            "--log-level=error",
        ]
        log = (self.folder / "log").open("ab")
        with log:
            self._daemon = subprocess.Popen(command, env=os.environ | self._daemon_env, stdout=log, stderr=log)
        # ``pactl info`` fails until the socket is there; the pause between two tries ends when the daemon does.
        for _ in range(200):
            if self._answers():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._daemon.wait(0.05)
                break
        raise RuntimeError(f"pulseaudio did not start: {(self.folder / 'log').read_text()}")

    def kill(self) -> None:
        """Kill the daemon, as if the device were pulled out."""
        if self._daemon:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def _answers(self) -> bool:
        done = subprocess.run(["pactl", "info"], env=os.environ | self.env, capture_output=True, check=False)
        return done.returncode == 0

    @contextlib.contextmanager
    def record(self) -> Iterator[Recording]:
        """Record the monitor for the length of the block; it begins when the first samples have come."""
        command = ["parec", "-d", "rig.monitor", "--format=s16le", f"--rate={self.rate}", "--channels=1", "--raw"]
        recording = Recording()
        with subprocess.Popen(
            [*command, "--latency-msec=20"], env=os.environ | self.env, stdout=subprocess.PIPE
        ) as recorder:
            reader = threading.Thread(target=recording._feed, args=(recorder,))
            reader.start()
            try:
                recording.wait_for(1)
                yield recording
                # What was played at the very end is still on its way.
                recording.wait_for_more(self.rate // 4)
            finally:
                recorder.terminate()
                reader.join()

    @contextlib.contextmanager
    def in_process(self) -> Iterator[None]:
        """Let this process's PortAudio see the rig, for the length of the block."""
        import sounddevice as sd

        before = {name: os.environ.get(name) for name in self.env}
        os.environ.update(self.env)
        sd._terminate()
        sd._initialize()
        try:
            yield
        finally:
            sd._terminate()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
            sd._initialize()
