"""FLAC files that grow, die and go on."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sink_parts import NS, RATE, kill_a_writer, speech

from voicectl.actors.sink.file import FileOutput
from voicectl.actors.sink.flac import MAX_BLOCK, FlacFile
from voicectl.actors.sink.flac_frames import SYNC, last_frame, renumbered


def read(path: Path) -> tuple[int, np.ndarray]:
    """Return rate and samples of a file, as libFLAC decodes them."""
    samples, rate = soundfile.read(path, dtype="int16")
    return rate, samples


def written(path: Path, *parts: np.ndarray, rate: int = RATE, append: bool = False) -> None:
    """Write parts, each in a call of its own."""
    file = FlacFile(path, append)
    if file.is_empty:
        file.set_rate(rate)
    for part in parts:
        file.write(part)
    file.close()


def test_a_file_can_be_decoded_before_the_first_and_after_every_block(tmp_path: Path) -> None:
    """A reader that looks in at any time finds all that was written."""
    path = tmp_path / "out.flac"
    file = FlacFile(path, append=False)
    assert soundfile.info(path).format == "FLAC"
    file.set_rate(RATE)
    for count in range(1, 4):
        file.write(speech(count))
        rate, samples = read(path)
        assert rate == RATE
        assert np.array_equal(samples, np.concatenate([speech(n) for n in range(1, count + 1)]))
    file.close()


@given(sizes=st.lists(st.lists(st.integers(1, 2 * MAX_BLOCK + 20), min_size=1, max_size=4), min_size=1, max_size=4))
def test_blocks_of_any_size_from_any_number_of_processes_are_one_recording(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[list[int]]
) -> None:
    """Sample by sample, also across frames that are shorter than FLAC allows in the middle of a file."""
    path = tmp_path_factory.mktemp("f") / "out.flac"
    parts = [[speech(7 * run + n, size) for n, size in enumerate(run_sizes)] for run, run_sizes in enumerate(sizes)]
    for run in parts:
        written(path, *run, append=True)
    assert np.array_equal(read(path)[1], np.concatenate([part for run in parts for part in run]))


@pytest.mark.parametrize("rate", [4000, 11025, 22050, 24000, 48000, 96000, 384000])
def test_every_rate_that_the_configuration_allows_comes_back(tmp_path: Path, rate: int) -> None:
    """Whether the frames name it by a code, in a number or leave it to the head of the file."""
    path = tmp_path / "out.flac"
    written(path, speech(1), rate=rate)
    written(path, speech(2), append=True)
    assert read(path)[0] == rate
    assert np.array_equal(read(path)[1], np.concatenate([speech(1), speech(2)]))


def test_speech_takes_less_room_than_its_samples(tmp_path: Path) -> None:
    """Otherwise there would be no reason for it."""
    path = tmp_path / "out.flac"
    tone = (8000 * np.sin(np.arange(10 * RATE) / 7)).astype(np.int16)
    written(path, *np.array_split(tone, 500))
    assert path.stat().st_size < tone.nbytes / 2


def test_a_killed_writer_leaves_a_file_that_can_be_decoded(tmp_path: Path) -> None:
    """After SIGKILL in mid-write all that is told of is there, and a new sink appends to it."""
    path = tmp_path / "out.flac"
    kill_a_writer("flac", "FlacFile", path)
    _, before = read(path)
    assert len(before) > 1000
    assert np.array_equal(before, np.arange(len(before)).astype(np.int16))
    output = FileOutput(path, realtime=False, append=True)
    output.prepare()
    output.open(RATE)
    output.write(speech(1))
    output.poll(NS)
    output.close()
    samples = read(path)[1]
    assert np.array_equal(samples[-4000:], speech(1))
    # The last frame may be one that the head of the file had not told of yet.
    assert np.array_equal(samples[:-4000], np.arange(len(samples) - 4000).astype(np.int16))
    assert len(samples) - 4000 - len(before) in (0, 37)


@given(cut=st.integers(0, 12_000))
def test_a_truncated_file_is_taken_up_behind_its_last_whole_frame(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Whatever a full disk or a crash left of it, the result is valid and the new speech is whole."""
    path = tmp_path_factory.mktemp("f") / "out.flac"
    frames = [speech(n, 800) for n in range(1, 7)]
    ends = []
    for frame in frames:
        written(path, frame, append=True)
        ends.append(path.stat().st_size)
    path.write_bytes(path.read_bytes()[:cut])
    written(path, speech(9, 800), append=True)
    whole = [frame for frame, end in zip(frames, ends, strict=True) if end <= cut]
    assert np.array_equal(read(path)[1], np.concatenate([*whole, speech(9, 800)]))


def test_sound_that_looks_like_the_beginning_of_a_frame_ends_none(tmp_path: Path) -> None:
    """White noise, stored as it is, holds every pair of bytes; each file still goes on where it ended."""
    path = tmp_path / "out.flac"
    noise = np.random.default_rng(3).integers(-32768, 32767, 40 * MAX_BLOCK).astype(np.int16)
    for block in np.array_split(noise, 40):
        written(path, block, append=True)
    assert path.read_bytes().count(SYNC) > 40
    assert np.array_equal(read(path)[1], noise)


@given(data=st.binary(max_size=300), number=st.integers(0, 2**36 - 1))
def test_damage_is_never_taken_for_a_frame(data: bytes, number: int) -> None:
    """Not beside a real one either, whatever its number is."""
    source = bytes.fromhex("fff86008000f") + bytes(10)
    assert last_frame(SYNC + data) is None
    with pytest.raises(ValueError, match="not a FLAC frame"):
        renumbered(source + data, number)


def test_the_output_writes_flac_where_the_name_says_so(tmp_path: Path) -> None:
    """In capitals too; a file of another kind is begun anew."""
    path = tmp_path / "TALK.FLAC"
    path.write_bytes(b"RIFF" * 100)
    output = FileOutput(path, realtime=True, append=True)
    output.load()
    assert output.prepare() == f"wav:{path}"
    output.open(RATE)
    output.poll(NS)
    output.write(speech(1))
    for step in range(1, 40):
        output.poll(NS + step * NS // 50)
    output.close()
    assert np.array_equal(read(path)[1][:4000], speech(1))
