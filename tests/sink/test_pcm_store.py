"""The PCM on disk: what goes in comes out, whatever kills the writer."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_parts import Samples, Stage, audio, speech, tombstone

from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.protocol.speaking import Audio, Expect
from voicectl.protocol.supervising import Cancel

KILLED = """
import sys
from pathlib import Path
import numpy as np
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.protocol.message import Utterance
from voicectl.protocol.speaking import Audio
from voicectl.protocol.trace import Trace

store = PcmStore(Path(sys.argv[1]))
print("running", flush=True)
for n in range(1_000_000):
    identity = Utterance(session="s", seq=1, play=1, epoch=0)
    header = Audio(utterance=identity, index=n, sample_rate=8000, trace=Trace(arrived=1))
    store.append(header, np.full(1000, n % 1000, np.int16), "synthesizer.1")
"""

FILLED = """
import resource, sys
from pathlib import Path
import numpy as np
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.protocol.message import Utterance
from voicectl.protocol.speaking import Audio
from voicectl.protocol.trace import Trace

store = PcmStore(Path(sys.argv[1]))
identity = Utterance(session="s", seq=1, play=1, epoch=0)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for index, limit in enumerate((hard, 3000, hard)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    header = Audio(utterance=identity, index=index, sample_rate=8000, trace=Trace(arrived=1))
    store.append(header, np.ones(1000, np.int16), "synthesizer.1")
print(len(store.notices))
"""


def contents(store: PcmStore) -> list[tuple[int, int, str, Samples]]:
    """Return (play, index, sender, samples) of every frame."""
    result = []
    for frame in store.frames():
        body = frame.envelope.body
        assert isinstance(body, Audio)
        pcm = np.frombuffer(frame.payload, "<i2")
        result.append((body.utterance.play, body.index, frame.envelope.sender, pcm))
    return result


def files(folder: Path) -> list[str]:
    """Return the names of the files of a stage's store, less the empty one that waits for the next utterance."""
    return sorted(path.name for path in (folder / "pcm").iterdir() if path.stat().st_size)


def test_the_next_store_gives_back_what_was_appended(tmp_path: Path) -> None:
    """By play number, each in the order in which it came, headers and senders too."""
    store = PcmStore(tmp_path / "pcm")
    for play, index in ((10, 0), (9, 0), (10, 1)):
        store.append(audio(play, index), speech(play + index), f"synthesizer.{play}")
    store = PcmStore(tmp_path / "pcm")
    found = contents(store)
    assert [item[:3] for item in found] == [
        (9, 0, "synthesizer.9"),
        (10, 0, "synthesizer.10"),
        (10, 1, "synthesizer.10"),
    ]
    assert all(np.array_equal(pcm, speech(play + index)) for play, index, _, pcm in found)
    assert next(store.frames()).envelope.body == audio(9)


def test_an_utterance_may_end_with_a_chunk_of_nothing(tmp_path: Path) -> None:
    """A voice may know only after its last sample that it was the last."""
    store = PcmStore(tmp_path / "pcm")
    store.append(audio(1, 0), speech(1), "synthesizer.1")
    store.append(audio(1, 1, last=True), speech(1, 0), "synthesizer.1")
    assert [len(pcm) for *_, pcm in contents(PcmStore(tmp_path / "pcm"))] == [len(speech(1)), 0]


def test_no_name_of_a_file_is_interned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter's table of such names grows with those that are gone too: by 2 MB in 50,000 sentences."""
    store = PcmStore(tmp_path / "pcm")
    interned: list[str] = []
    monkeypatch.setattr(sys, "intern", lambda name: interned.append(name) or name)
    store.expect(7)
    store.append(audio(7), speech(7), "synthesizer.1")
    store.remove(7)
    monkeypatch.undo()
    assert interned == []
    assert not list((tmp_path / "pcm").iterdir())


@given(cut=st.integers(0, 500))
@settings(deadline=None)
def test_a_record_that_was_cut_is_left_out_and_the_next_one_is_readable(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Wherever a death cuts the last record, those before it and those appended later are there."""
    folder = tmp_path_factory.mktemp("pcm")
    store = PcmStore(folder)
    store.append(audio(1, 0), speech(1, 50), "a")
    whole = (folder / "1.pcm").stat().st_size
    store.append(audio(1, 1), speech(2, 50), "a")
    data = (folder / "1.pcm").read_bytes()
    end = min(whole + cut, len(data))
    (folder / "1.pcm").write_bytes(data[:end])
    store = PcmStore(folder)
    assert len(contents(store)) == (2 if end == len(data) else 1)
    store.append(audio(1, 9), speech(3, 50), "b")
    assert contents(PcmStore(folder))[-1][:3] == (1, 9, "b")


def test_a_killed_writer_leaves_a_row_without_a_hole(tmp_path: Path) -> None:
    """Every frame is whole and all up to the last one are there."""
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        while not (tmp_path / "1.pcm").exists() or (tmp_path / "1.pcm").stat().st_size < 100_000:
            assert child.poll() is None
        child.kill()
    found = contents(PcmStore(tmp_path))
    assert [index for _, index, _, _ in found] == list(range(len(found)))
    assert all(np.array_equal(pcm, np.full(1000, index % 1000)) for _, index, _, pcm in found)


def test_a_disk_that_takes_half_a_record_gets_none_of_it(tmp_path: Path) -> None:
    """What is appended once there is room again can be read."""
    command = [sys.executable, "-c", FILLED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert [index for _, index, _, _ in contents(PcmStore(tmp_path))] == [0, 2]


def test_what_is_no_pcm_of_ours_is_left_alone_or_ignored(tmp_path: Path) -> None:
    """Garbage under a play number reads as nothing; other names are not touched."""
    (tmp_path / "7.pcm").write_bytes(b"\xff" * 100)
    (tmp_path / "notes.pcm").write_bytes(b"mine")
    store = PcmStore(tmp_path)
    assert contents(store) == []
    store.retain(())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.pcm"]


# -- how long the player keeps it --------------------------------------------------------------


def test_pcm_goes_when_its_sentence_was_heard_to_its_end(tmp_path: Path) -> None:
    """Not when it is wholly in the ring: a death then would lose it."""
    stage = Stage(tmp_path, realtime=True)
    stage.say(1, speech(1, 800))
    stage.say(2, speech(2, 800))
    stage.after(50)
    assert files(tmp_path) == ["1.pcm", "2.pcm"]
    stage.after(100)
    assert files(tmp_path) == ["2.pcm"]
    stage.after(100)
    assert files(tmp_path) == []


def test_the_file_of_the_next_sentence_is_there_before_its_sound(tmp_path: Path) -> None:
    """Making one takes longer than all the rest between a chunk's arrival and its first sample; one waits at a time."""
    stage = Stage(tmp_path)
    assert [path.name for path in (tmp_path / "pcm").iterdir()] == ["1.pcm"]
    stage.say(1, speech(1))
    stage.run()
    assert [path.name for path in (tmp_path / "pcm").iterdir()] == ["2.pcm"]
    stage.player.cancel(Cancel(action="stop"), stage.now)
    stage.player.expect(Expect(play=5, epoch=1))
    assert [path.name for path in (tmp_path / "pcm").iterdir()] == ["5.pcm"]


def test_pcm_of_a_buried_sentence_goes_in_its_turn(tmp_path: Path) -> None:
    """A tombstone settles it like an end."""
    stage = Stage(tmp_path)
    stage.chunk(1, 0, speech(1))
    stage.player.bury(tombstone(1))
    stage.run()
    assert files(tmp_path) == []


def test_a_cancel_deletes_the_pcm_of_its_epoch_only(tmp_path: Path) -> None:
    """What came ahead for the new epoch is kept, in the ring and behind it nothing of the old one."""
    stage = Stage(tmp_path, realtime=True)
    for play in (1, 2, 3):
        stage.say(play, speech(play, 8000))
    stage.after(100)
    stage.say(7, speech(7), epoch=1)
    stage.player.cancel(Cancel(action="stop"), stage.now)
    assert files(tmp_path) == ["7.pcm"]


def test_what_the_parser_no_longer_expects_is_deleted(tmp_path: Path) -> None:
    """It was settled without being heard, expired for example."""
    stage = Stage(tmp_path, expect=None)
    for play in (1, 2):
        stage.say(play, speech(play))
    stage.player.expect(Expect(play=2, epoch=0))
    assert files(tmp_path) == ["2.pcm"]


def test_a_repeat_is_not_stored(tmp_path: Path) -> None:
    """A sentence that is here does not grow."""
    stage = Stage(tmp_path)
    stage.say(2, speech(2))
    size = (tmp_path / "pcm" / "2.pcm").stat().st_size
    stage.say(2, speech(2), sender="synthesizer.2")
    assert (tmp_path / "pcm" / "2.pcm").stat().st_size == size


def test_a_full_disk_is_said_once_and_speech_goes_on(tmp_path: Path) -> None:
    """``/dev/full`` refuses every byte, as a full disk does."""
    stage = Stage(tmp_path)
    for play in (1, 2):
        (tmp_path / "pcm" / f"{play}.pcm").unlink(missing_ok=True)
        (tmp_path / "pcm" / f"{play}.pcm").symlink_to("/dev/full")
        stage.say(play, speech(play), chunks=3)
    stage.run()
    assert np.array_equal(stage.output.heard, np.concatenate([speech(1), speech(2)]))
    (notice,) = stage.store.notices
    assert "cannot keep PCM" in notice
    assert "No space left" in notice
