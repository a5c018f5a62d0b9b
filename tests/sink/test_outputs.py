"""The outputs without a device, and the specs that name them."""

import os
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sink_parts import MS, NS, RATE, kill_a_writer, speech
from sink_parts import settings as sink_settings

from voicectl.actors.sink.device import DeviceOutput
from voicectl.actors.sink.file import FileOutput
from voicectl.actors.sink.null import NullOutput
from voicectl.actors.sink.output import Output, make_output
from voicectl.actors.sink.pace import Pace
from voicectl.actors.sink.resample import PullResampler
from voicectl.protocol.errors import SinkError, UsageError


def read(path: Path) -> tuple[int, np.ndarray]:
    """Return rate and samples of a WAV file, as the standard library reads them."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")


def play(output: Output, pcm: np.ndarray, rate: int = RATE) -> None:
    """Play samples that fit into the ring through an output that does not wait."""
    if not output.is_open:
        output.open(rate)
    assert output.write(pcm) == len(pcm)
    output.poll(NS)


# -- specs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        ("device", DeviceOutput, "device"),
        ("device:USB, front", DeviceOutput, "device:USB, front"),
        ("wav:a,b.wav", FileOutput, "wav:a,b.wav"),
        ("wav:a.wav,realtime", FileOutput, "wav:a.wav"),
        ("null", NullOutput, "null"),
        ("null:fast", NullOutput, "null:fast"),
    ],
)
def test_a_spec_names_an_output(spec: str, kind: type[Output], name: str) -> None:
    """Every spec of the configuration's page is known; only ``,realtime`` and ``null`` keep time."""
    output = make_output(spec, sink_settings())
    assert isinstance(output, kind)
    assert output.name == name
    assert output.realtime is (spec.endswith("realtime") or spec == "null" or kind is DeviceOutput)


@pytest.mark.parametrize("spec", ["", "devise", "device:", "wav", "wav:", "wav:,realtime", "null:slow", "mp3:x"])
def test_a_bad_spec_names_the_good_ones(spec: str) -> None:
    """The error is one line with every valid form."""
    with pytest.raises(UsageError, match="wav:PATH,realtime"):
        make_output(spec, sink_settings())


# -- time --------------------------------------------------------------------------------------


@given(st.integers(8000, 48000), st.lists(st.integers(0, 3 * NS), min_size=1))
def test_a_pace_gives_every_sample_once(rate: int, times: list[int]) -> None:
    """However often it is asked, the sum is what the time gives."""
    pace, times = Pace(rate), sorted(times)
    given = sum(pace.due(now) for now in times)
    assert given == (times[-1] - times[0]) * rate // NS


def test_null_keeps_real_time() -> None:
    """After a second by the clock it has taken a second of sound; silence before it does not count."""
    output = NullOutput(realtime=True)
    output.open(RATE)
    output.poll(NS)
    output.poll(3 * NS)
    output.write(speech(1, 2 * RATE))
    for step in range(1, 51):
        output.poll(3 * NS + step * 20 * MS)
    assert output.position == RATE
    assert output.stamp(0).at == 3 * NS + 20 * MS


def test_null_fast_takes_everything_at_once() -> None:
    """It never waits, and waiting for the voice is no underrun."""
    output = NullOutput(realtime=False)
    output.open(RATE)
    output.busy(True)
    for _ in range(10):
        output.write(speech(1, 1234))
        output.poll(NS)
    assert output.position == 12340
    assert output.underruns == 0


# -- wav ---------------------------------------------------------------------------------------


def test_a_wav_file_is_valid_before_the_first_and_after_every_block(tmp_path: Path) -> None:
    """A reader that looks in at any time finds a whole file."""
    path = tmp_path / "out.wav"
    output = FileOutput(path, realtime=False, append=False)
    output.prepare()
    assert len(read(path)[1]) == 0
    for count in range(1, 4):
        play(output, speech(count))
        rate, samples = read(path)
        assert rate == RATE
        assert np.array_equal(samples, np.concatenate([speech(n) for n in range(1, count + 1)]))
    output.close()


def test_a_killed_writer_leaves_a_valid_file(tmp_path: Path) -> None:
    """After SIGKILL in mid-write the header tells of whole samples only, and a new sink appends to them."""
    path = tmp_path / "out.wav"
    kill_a_writer("wav", "WavFile", path)
    _, before = read(path)
    assert np.array_equal(before, np.arange(len(before)).astype(np.int16))
    output = FileOutput(path, realtime=False, append=True)
    output.prepare()
    play(output, speech(1))
    output.close()
    assert np.array_equal(read(path)[1][-4000:], speech(1))


@given(cut=st.integers(0, 2000))
def test_a_truncated_file_is_taken_up_at_a_whole_sample(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Whatever a full disk or a crash left of it, the result is valid and the new speech is whole."""
    path = tmp_path_factory.mktemp("w") / "out.wav"
    first = FileOutput(path, realtime=False, append=False)
    first.prepare()
    play(first, speech(1, 800))
    first.close()
    path.write_bytes(path.read_bytes()[:cut])
    second = FileOutput(path, realtime=False, append=True)
    second.prepare()
    play(second, speech(2, 800))
    second.close()
    rate, samples = read(path)
    assert rate == RATE
    assert np.array_equal(samples[-800:], speech(2, 800))
    assert np.array_equal(samples[:-800], speech(1, 800)[: max(0, min(cut, 1644) - 44) // 2])


def test_the_same_run_appends_at_the_files_rate_and_a_new_one_replaces(tmp_path: Path) -> None:
    """``append`` keeps rate and samples; without it the file begins anew."""
    path = tmp_path / "out.wav"
    for append, rate, count in ((False, 8000, 1), (True, 24000, 2), (False, 24000, 1)):
        output = FileOutput(path, realtime=False, append=append)
        output.prepare()
        play(output, speech(1), rate)
        assert output.sample_rate == (24000 if (append, rate) == (False, 24000) else 8000)
        output.close()
        assert len(read(path)[1]) == 4000 * count


def test_realtime_keeps_gaps_and_leaves_out_a_long_silence(tmp_path: Path) -> None:
    """A second between two utterances is a second of the file; a minute is two."""
    path = tmp_path / "out.wav"
    output = FileOutput(path, realtime=True, append=False)
    output.open(RATE)
    now = NS
    for silence in (1, 60, 0):
        output.poll(now)
        output.write(np.full(RATE, 100, np.int16))
        for _ in range(50 * (1 + silence)):
            now += 20 * MS
            output.poll(now)
    samples = read(path)[1]
    output.close()
    assert len(samples) == RATE * (1 + 1 + 1 + 2 + 1)
    assert np.all(samples[2 * RATE : 3 * RATE] == 100)
    assert not samples[RATE + 100 : 2 * RATE].any()


def test_a_path_that_cannot_be_written_is_known_at_once(tmp_path: Path) -> None:
    """Before anything is spoken, in one line."""
    with pytest.raises(SinkError, match="No such file or directory; name another file"):
        FileOutput(tmp_path / "missing" / "out.wav", realtime=False, append=False).prepare()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_once_and_speech_goes_on(tmp_path: Path) -> None:
    """The file is given up with one notice; samples are still consumed, so nothing waits."""
    output = FileOutput(tmp_path / "out.wav", realtime=False, append=False)
    output.prepare()
    output.open(RATE)
    assert output._file
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, output._file._fd)
    os.close(full)
    play(output, speech(1))
    play(output, speech(2))
    assert output.position == 8000
    assert len(output.notices) == 1
    assert "No space left on device" in output.notices[0]
    output.close()


# -- another rate ------------------------------------------------------------------------------


def test_a_device_at_another_rate_pulls_what_it_needs() -> None:
    """In blocks of any size the tone comes out whole, and of the source no more is taken than was due."""
    source, target, taken = 48_000, 44_100, 0

    def tone(block: np.ndarray) -> None:
        nonlocal taken
        block[:] = 8000 * np.sin(2 * np.pi * 440 * np.arange(taken, taken + len(block)) / source)
        taken += len(block)

    resampler = PullResampler(source, target)
    blocks = [np.zeros(size, np.int16) for size in (1, 441, 4410, 7, 39_241)]
    for block in blocks:
        resampler.fill(block, tone)
    expected = 8000 * np.sin(2 * np.pi * 440 * np.arange(target) / target)
    assert np.abs(np.concatenate(blocks) - expected)[500:].max() < 50
    assert abs(taken - source) < source // 20
