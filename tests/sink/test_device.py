"""The audio device, played into a private PulseAudio and recorded from its monitor."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sink_parts import identity, speech
from sink_parts import settings as sink_settings

from rig import PulseRig, require_rig
from voicectl.actors.sink.device import DeviceOutput
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.actors.sink.player import Player
from voicectl.actors.sink.portaudio import open_stream
from voicectl.actors.sink.progress import Progress
from voicectl.protocol.errors import SinkError
from voicectl.protocol.speaking import Audio, Expect
from voicectl.protocol.trace import Trace

RATE = 48_000

NO_DEVICE = """
from voicectl.actors.sink.device import DeviceOutput
from voicectl.protocol.errors import SinkError
try:
    DeviceOutput("", 100).prepare()
except SinkError as exc:
    print(exc)
"""


@pytest.fixture(scope="module")
def rig() -> Iterator[PulseRig]:
    """Return a rig that this process's PortAudio plays into."""
    require_rig()
    with PulseRig(RATE) as rig, rig.in_process():
        yield rig


def until_played(player: Player, output: DeviceOutput) -> list[str]:
    """Run the player until it has nothing left; return the states it reported."""
    pause, states = threading.Event(), []
    while player.advance(time.monotonic_ns()) or player.is_playing:
        output.poll(time.monotonic_ns())
        states += [receipt.state for receipt in player.events()]
        pause.wait(0.01)
    return states + [receipt.state for receipt in player.events()]


def accept(player: Player, play: int, pcm: np.ndarray, rate: int = RATE) -> None:
    """Let the player have an utterance of three chunks."""
    for index, part in enumerate(np.array_split(pcm, 3)):
        header = Audio(utterance=identity(play), index=index, sample_rate=rate, last=index == 2, trace=Trace(arrived=1))
        player.accept(header, part, "synthesizer.1", 1)


def heard_by_now(output: DeviceOutput) -> int:
    """Return how many samples can have been heard by now, by the device's own account."""
    ahead = max(0, output._consumer.heard_at - time.monotonic_ns())
    return output.position - ahead * RATE // 1_000_000_000


@pytest.mark.rig
def test_what_is_played_is_heard_bit_by_bit(rig: PulseRig, tmp_path: Path) -> None:
    """Two utterances, longer than the ring, join without a gap and end with their last sample."""
    output = DeviceOutput("pulse", 500)
    output.prepare()
    player = Player(output, sink_settings("device"), Progress(tmp_path / "p"), PcmStore(tmp_path / "pcm"))
    player.expect(Expect(play=1, epoch=0))
    with rig.record() as recording:
        for play in (1, 2):
            accept(player, play, speech(play, 3 * RATE // 2))
        states = until_played(player, output)
        output.close()
    whole = np.concatenate([speech(1, 3 * RATE // 2), speech(2, 3 * RATE // 2)])
    assert whole.tobytes() in recording.samples.tobytes()
    assert states == ["buffered", "buffered", "speaking", "spoken", "speaking", "spoken"]
    assert output.underruns == 0


@pytest.mark.rig
def test_pause_and_stop_are_silence_at_once_and_resume_loses_nothing(rig: PulseRig) -> None:
    """What the device held is not heard during the pause but after it; after a flush it is never heard."""
    pcm = np.arange(1, 32001).astype(np.int16)
    output = DeviceOutput("pulse", 300)
    output.open(RATE)
    with rig.record() as recording:
        output.write(pcm)
        recording.wait_until(lambda samples: samples.max() > 8000)
        output.pause(True)
        paused = output.position  # it has gone back to what can be heard
        recording.wait_for_more(RATE // 2)
        during = int(recording.samples.max())
        output.pause(False)
        recording.wait_until(lambda samples: samples.max() > during + 8000)
        flushed = heard_by_now(output)
        output.flush()
        recording.wait_for_more(RATE // 2)
    output.close()
    heard = recording.samples
    assert during - paused < RATE // 10
    assert heard.max() - flushed < RATE // 10
    # The first 5 ms after the pause fade in; the device's own account of its latency is good for 10 ms.
    missing = set(range(1, int(heard.max()))) - set(heard.tolist())
    assert len(missing) <= RATE * 15 // 1000


@pytest.mark.rig
def test_a_change_of_volume_does_not_wait_for_what_the_device_holds(rig: PulseRig) -> None:
    """Of 300 ms that it was given, it forgets what it has not played; that comes again, at the new volume."""
    pcm = np.arange(1, 32001).astype(np.int16)
    output = DeviceOutput("pulse", 300)
    output.open(RATE)
    with rig.record() as recording:
        output.write(pcm)
        recording.wait_until(lambda samples: samples.max() > 8000)
        changed = heard_by_now(output)
        output.tune(1.0, 0.25)
        recording.wait_for_more(RATE)
    output.close()
    heard = recording.samples
    loudest = int(heard.argmax())
    assert heard[loudest] - changed < RATE // 10
    # What follows, by its level at a quarter, begins where the other has ended.
    follows = heard[loudest:][heard[loudest:] > 0][RATE // 20 : RATE // 20 + 100].astype(int) * 4
    assert abs(follows[0] - heard[loudest] - RATE // 20) < RATE // 20


@pytest.mark.rig
def test_a_stamp_says_when_a_sample_can_be_heard(rig: PulseRig, tmp_path: Path) -> None:
    """Latency is the device's own, not zero and not seconds; the hand-over lies behind the arrival."""
    output = DeviceOutput("pulse", 100)
    player = Player(output, sink_settings("device"), Progress(tmp_path / "p"), PcmStore(tmp_path / "pcm"))
    player.expect(Expect(play=1, epoch=0))
    arrived = time.monotonic_ns()
    accept(player, 1, speech(1, RATE // 4))
    while not (receipts := [receipt for receipt in player.events() if receipt.state == "speaking"]):
        player.advance(time.monotonic_ns())
    output.close()
    assert arrived < receipts[0].first_sample < time.monotonic_ns()
    assert 0 < receipts[0].device_latency < 500_000_000


@pytest.mark.rig
def test_a_server_that_hangs_is_noticed_and_speech_goes_on_when_it_runs_again(rig: PulseRig) -> None:
    """A stopped PulseAudio ends no stream; the loop never waits for it, and pause and flush do not either."""
    pcm = np.arange(1, 32001).astype(np.int16)
    output = DeviceOutput("pulse", 100)
    output.open(RATE)
    assert rig._daemon
    with rig.record() as recording:
        output.write(pcm)
        recording.wait_until(lambda samples: samples.max() > 8000)
        rig._daemon.send_signal(signal.SIGSTOP)
        try:
            while not output.notices:
                output.poll(time.monotonic_ns())
            assert "does not answer" in output.notices.pop()
            output.pause(True)
            output.pause(False)
            output.poll(time.monotonic_ns())
        finally:
            rig._daemon.send_signal(signal.SIGCONT)
        while not output.notices:
            output.poll(time.monotonic_ns())
        assert "goes on" in output.notices.pop()
        recording.wait_until(lambda samples: samples.max() == 32000)
    output.close()
    heard = recording.samples[recording.samples > 0]
    missing = set(range(1, 32001)) - set(heard.tolist())
    # What the server held while it was stopped is heard twice, but for the 5 ms that fade in.
    assert len(missing) <= RATE * 5 // 1000
    assert len(heard) <= 32000 + RATE // 5


@pytest.mark.rig
def test_a_device_that_does_not_know_the_rate_is_opened_at_its_own(rig: PulseRig) -> None:
    """PulseAudio refuses 400 kHz: the stream resamples, and what is pulled at that rate keeps its pitch."""
    source, position = 400_000, 0

    def tone(out: np.ndarray, now: int, latency: int, lapsed: bool) -> None:
        nonlocal position
        out[:] = 8000 * np.sin(2 * np.pi * 440 * np.arange(position, position + len(out)) / source)
        position += len(out)

    with rig.record() as recording:
        stream, _ = open_stream("pulse", (source,), 0.1, tone, source)
        recording.wait_until(lambda samples: np.count_nonzero(samples) > RATE)
        stream.close()
    assert stream.rate < source
    heard = np.trim_zeros(recording.samples)[4800:][: RATE // 2]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert abs(int(np.argmax(spectrum)) * 2 - 440) <= 2


@pytest.mark.rig
def test_a_device_is_found_by_a_part_of_its_name(rig: PulseRig) -> None:
    """An unknown one is an error that names those there are."""
    assert DeviceOutput("PULS", 100).prepare() == "pulse"
    with pytest.raises(SinkError, match=r"use a part of one of: .*pulse"):
        DeviceOutput("gramophone", 100).prepare()


@pytest.mark.rig
def test_without_any_device_the_error_says_what_to_use(tmp_path: Path) -> None:
    """A machine without sound is told of the outputs that need none."""
    require_rig()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PULSE", "ALSA"))}
    env |= {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", NO_DEVICE], env=env, capture_output=True, text=True, check=True)
    if not done.stdout:
        pytest.skip("this machine has an audio output")
    assert "there is no audio output here" in done.stdout
    assert "--sink null" in done.stdout


def test_without_portaudio_the_error_says_what_to_install(tmp_path: Path) -> None:
    """The import that fails is sounddevice's own."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", NO_DEVICE], env=env, capture_output=True, text=True, check=True)
    assert "install libportaudio2" in done.stdout
    assert len(done.stdout.splitlines()) == 1
