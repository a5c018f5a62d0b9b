"""One file for every session."""

import os
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sink_parts import MS, NS, RATE, Samples, audio, settings, speech

from voicectl.actors.sink.file import FileOutput
from voicectl.actors.sink.output import make_output
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.actors.sink.player import Player
from voicectl.actors.sink.progress import Progress
from voicectl.actors.sink.sessions import SessionOutput, file_path
from voicectl.protocol.errors import SinkError
from voicectl.protocol.speaking import Expect
from voicectl.protocol.supervising import Cancel

DAY = date(2026, 3, 1)
HOSTILE = ("..", "../../etc/passwd", "/", "a/b", "a_b", "", ".x", "{date}", "a\0", "x" * 300)


def read(path: Path) -> Samples:
    """Return the samples of a WAV or FLAC file."""
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    return samples


class Recorder:
    """A player that records sessions; a second one in the same folder is the next incarnation."""

    def __init__(self, folder: Path, pattern: str = "talks/", realtime: bool = False, pause_ms: int = 0) -> None:
        self.now = NS
        self.talks = folder / "talks"
        self.output = SessionOutput(f"{folder}/{pattern}", realtime)
        self.output.prepare()
        self.progress = Progress(folder / "sink.progress")
        self.player = Player(
            self.output, settings(pause_ms=pause_ms), self.progress, PcmStore(folder / "pcm"), held=False
        )
        self.player.restore(is_new_pipeline=False)
        ledger = self.player.ledger()
        self.player.expect(Expect(play=ledger.settled + 1, epoch=ledger.epoch))

    def say(self, play: int, session: str, pcm: Samples, epoch: int = 0, rate: int = RATE) -> None:
        """Accept a whole utterance of a session."""
        header = audio(play, last=True, epoch=epoch, rate=rate)
        header = msgspec.structs.replace(header, utterance=msgspec.structs.replace(header.utterance, session=session))
        self.player.accept(header, pcm, "synthesizer.1", self.now)

    def run(self) -> None:
        """Go on until nothing moves."""
        while self.player.advance(self.now):
            self.output.poll(self.now)

    def after(self, milliseconds: int) -> None:
        """Let time pass in steps of 10 ms."""
        for _ in range(milliseconds // 10):
            self.now += 10 * MS
            self.output.poll(self.now)
            self.player.advance(self.now)

    def files(self) -> list[str]:
        """Return the names of the files."""
        return sorted(path.name for path in self.talks.iterdir())


def test_every_session_has_a_file_that_begins_with_its_first_word(tmp_path: Path) -> None:
    """However often they alternate; a pause follows the sentence before it."""
    recorder = Recorder(tmp_path, pause_ms=50)
    for play, session in enumerate(("a", "b", "a", "a"), start=1):
        recorder.say(play, session, speech(play, 1000))
    recorder.run()
    pause = np.zeros(RATE // 10, np.int16)
    parts = [speech(1, 1000), pause, speech(3, 1000), pause, speech(4, 1000)]
    assert recorder.files() == ["a.wav", "b.wav"]
    assert np.array_equal(read(recorder.talks / "a.wav"), np.concatenate(parts))
    assert np.array_equal(read(recorder.talks / "b.wav"), np.concatenate([speech(2, 1000), pause]))


def test_in_real_time_too(tmp_path: Path) -> None:
    """Silence goes into the file of who has spoken last."""
    recorder = Recorder(tmp_path, "talks/{session}.flac", realtime=True)
    recorder.say(1, "a", speech(1, RATE // 2))
    recorder.say(2, "b", speech(2, RATE // 2))
    recorder.after(1500)
    recorder.say(3, "a", speech(3, RATE // 2))
    recorder.after(1000)
    assert recorder.files() == ["a.flac", "b.flac"]
    first, second = read(recorder.talks / "a.flac"), read(recorder.talks / "b.flac")
    assert np.array_equal(first[: RATE // 2], speech(1, RATE // 2))
    assert np.array_equal(first[RATE // 2 : RATE], speech(3, RATE // 2))
    assert np.array_equal(second[: RATE // 2], speech(2, RATE // 2))
    assert not second[RATE // 2 + 50 :].any()
    assert len(second) >= RATE * 9 // 10


def test_the_next_incarnation_goes_on_with_the_right_file(tmp_path: Path) -> None:
    """In the middle of a sentence, without a sample too many or too few; also when another session was first."""
    first = Recorder(tmp_path, realtime=True)
    first.say(1, "a", speech(1, 1000))
    first.say(2, "b", speech(2, RATE))
    first.after(500)
    assert first.player.ledger().current == 2
    second = Recorder(tmp_path)
    second.say(3, "a", speech(3, 1000))
    second.run()
    assert np.array_equal(read(second.talks / "a.wav"), np.concatenate([speech(1, 1000), speech(3, 1000)]))
    assert np.array_equal(read(second.talks / "b.wav"), speech(2, RATE))


def test_at_another_speed_the_files_part_where_the_sessions_do(tmp_path: Path) -> None:
    """Within what the stretching holds back."""
    recorder = Recorder(tmp_path)
    recorder.output.tune(2.0, 1.0)
    recorder.say(1, "a", np.full(RATE, 8000, np.int16))
    recorder.say(2, "b", np.full(RATE, -8000, np.int16))
    recorder.run()
    for name, sign in (("a.wav", 1), ("b.wav", -1)):
        samples = read(recorder.talks / name)
        assert abs(len(samples) - RATE // 2) < RATE // 10
        assert np.mean(np.sign(samples) == sign) > 0.8


def test_what_was_dropped_before_it_was_heard_leaves_no_file(tmp_path: Path) -> None:
    """A skipped session was never spoken; the one behind it has its own sentence."""
    recorder = Recorder(tmp_path, realtime=True)
    recorder.say(1, "a", speech(1, RATE))
    recorder.say(2, "b", speech(2, 1000))
    recorder.after(200)
    recorder.player.cancel(Cancel(action="skip"), recorder.now)
    recorder.player.expect(Expect(play=3, epoch=1))
    recorder.say(3, "c", speech(3, 1000), epoch=1)
    recorder.after(300)
    assert recorder.files() == ["a.wav", "c.wav"]
    assert np.array_equal(read(recorder.talks / "c.wav")[:1000], speech(3, 1000))


def test_a_later_pipeline_goes_on_and_overwrites_nothing(tmp_path: Path) -> None:
    """A file that is no recording of ours, or has another rate, is left alone, then and later."""
    talks = tmp_path / "talks"
    talks.mkdir()
    (talks / "a.wav").write_bytes(b"notes on a session")
    other = FileOutput(talks / "b.wav", realtime=False, append=False)
    other.prepare()
    other.open(2 * RATE)
    other.write(speech(9, 500))
    other.poll(NS)
    other.close()
    kept = {path: path.read_bytes() for path in talks.iterdir()}
    for play in (1, 3):
        recorder = Recorder(tmp_path)
        recorder.say(play, "a", speech(play, 500))
        recorder.say(play + 1, "b", speech(play + 1, 500))
        recorder.run()
        recorder.output.close()
    assert recorder.files() == ["a (2).wav", "a.wav", "b (2).wav", "b.wav"]
    assert {path: path.read_bytes() for path in kept} == kept
    for name, plays in (("a (2).wav", (1, 3)), ("b (2).wav", (2, 4))):
        assert np.array_equal(read(talks / name), np.concatenate([speech(play, 500) for play in plays]))


def test_a_session_that_cannot_be_recorded_is_told_once_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Its speech goes on, and the other sessions are recorded."""
    recorder = Recorder(tmp_path)
    (recorder.talks / "a.wav").mkdir()
    for play, session in enumerate(("a", "b", "a"), start=1):
        recorder.say(play, session, speech(play, 500))
    recorder.run()
    assert recorder.player.ledger().settled == 3
    assert np.array_equal(read(recorder.talks / "b.wav"), speech(2, 500))
    (notice,) = recorder.output.notices
    assert "a.wav: Is a directory; this session is not recorded" in notice


@given(st.lists(st.text(max_size=60) | st.sampled_from(HOSTILE)))
def test_no_name_of_a_session_leads_out_of_the_folder_or_into_anothers_file(sessions: list[str]) -> None:
    """Whatever an agent calls its session."""
    paths = {session: file_path("/talks/{session}.wav", session, DAY) for session in sessions}
    assert len(set(paths.values())) == len(paths)
    for path in paths.values():
        assert Path(os.path.normpath(path)) == path
        assert path.parent == Path("/talks")
        assert not path.name.startswith(".")
        assert len(os.fsencode(path.name)) < 250


def test_a_plain_name_is_kept_and_the_day_can_be_part_of_it() -> None:
    """Folders may be made of them too."""
    session = "3f0c1a52-9d5e-4a55-8a43-4f1f1f0d2b7e"
    assert file_path("/t/{date}/{session}.flac", session, DAY) == Path(f"/t/2026-03-01/{session}.flac")
    assert file_path("/t/{date}.wav", session, DAY) == Path("/t/2026-03-01.wav")
    assert file_path("/t/{session}.wav", "fix v1.2", DAY).name.startswith("fix_v1.2-")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("wav:/t/", "wav:/t/{session}.wav"),
        ("wav:/t/,realtime", "wav:/t/{session}.wav"),
        ("wav:/t/{session}", "wav:/t/{session}.wav"),
        ("wav:/t/talk-{session}.flac", "wav:/t/talk-{session}.flac"),
        ("wav:/t/{date}.flac,realtime", "wav:/t/{date}.flac"),
    ],
)
def test_a_folder_or_a_pattern_stands_for_many_files(spec: str, name: str) -> None:
    """And only these."""
    output = make_output(spec, settings(spec))
    assert isinstance(output, SessionOutput)
    assert output.name == name
    assert output.realtime is spec.endswith(",realtime")
    assert not isinstance(make_output("wav:/t/{sessions}.wav", settings()), SessionOutput)


def test_a_folder_that_cannot_be_made_is_known_at_once(tmp_path: Path) -> None:
    """Before anything is spoken, in one line."""
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match=r"cannot make .*file/x: Not a directory; name another folder"):
        SessionOutput(f"{tmp_path}/file/x/", realtime=False).prepare()


def test_folders_of_a_pattern_are_made_when_they_are_needed(tmp_path: Path) -> None:
    """What is before the first part that changes, at once."""
    recorder = Recorder(tmp_path, "talks/all/{session}/voice.wav")
    assert recorder.files() == ["all"]
    recorder.say(1, "a", speech(1, 500))
    recorder.run()
    assert np.array_equal(read(recorder.talks / "all" / "a" / "voice.wav"), speech(1, 500))
