"""The PCM that was not heard yet, on disk, so that the next incarnation of the sink need not ask for it again."""

import contextlib
import errno
import os
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from voicectl.actors.sink.ring import Samples
from voicectl.protocol.errors import FrameError
from voicectl.protocol.frames import Frame, decode, encode
from voicectl.protocol.speaking import Audio

_LENGTHS = struct.Struct("<II")  # bytes of the header, bytes of the payload


class PcmStore:
    """A folder with one file ``PLAY.pcm`` for every utterance that was not heard to its end.

    A file is a row of records: two lengths, the frame's header as it is on the wire, its payload. It is never
    synced (the promise covers processes, not power). What cannot be written is said once, in ``notices``;
    such an utterance starts again after a death of the sink.
    """

    def __init__(self, folder: Path) -> None:
        self.notices: list[str] = []
        self._folder = folder
        self._complained = False
        self._plays: set[int] = set()
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._plays = {int(path.stem) for path in folder.glob("*.pcm") if path.stem.isdecimal()}
        except OSError as exc:
            self._complain(exc)

    def expect(self, play: int) -> None:
        """Make the file of the utterance that comes next: its first sound need not wait for that."""
        try:
            os.close(self._open(play))
        except OSError as exc:
            self._complain(exc)

    def append(self, audio: Audio, pcm: Samples, sender: str) -> None:
        """Keep a frame that ``sender`` (an incarnation) made."""
        header, payload = encode(audio, sender), pcm.astype("<i2", copy=False).view(np.uint8).data
        record = (_LENGTHS.pack(len(header), len(payload)), header, payload)
        try:
            file = self._open(audio.utterance.play)
            try:
                size = os.fstat(file).st_size
                if os.writev(file, record) != sum(map(len, record)):
                    # Half a record would make what follows it unreadable.
                    os.ftruncate(file, size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(file)
        except OSError as exc:
            self._complain(exc)

    def remove(self, play: int) -> None:
        """Delete the PCM of one utterance, if there is any."""
        if play not in self._plays:
            return
        self._plays.discard(play)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path(play))  # noqa: PTH108
        except OSError as exc:
            self._complain(exc)

    def retain(self, plays: Collection[int]) -> None:
        """Delete the PCM of all utterances but these."""
        for play in self._plays.difference(plays):
            self.remove(play)

    @property
    def plays(self) -> list[int]:
        """The play numbers of which there is PCM, rising."""
        return sorted(self._plays)

    def frames(self) -> Iterator[Frame]:
        """Return all frames by play number, each utterance's in the order in which they came.

        ``received`` is when they came. A record that a death has cut is taken off.
        """
        for play in self.plays:
            try:
                data = Path(self._path(play)).read_bytes()
                frames, end = _records(data)
                if end < len(data):
                    os.truncate(self._path(play), end)
            except OSError as exc:
                self._complain(exc)
            else:
                yield from frames

    def _open(self, play: int) -> int:
        """Return a descriptor that appends to the file of an utterance, which is made where there is none."""
        file = os.open(self._path(play), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._plays.add(play)
        return file

    def _path(self, play: int) -> str:
        # Not a Path: that interns its name, and the interpreter's table of them grows also with names that are gone.
        return f"{self._folder}/{play}.pcm"

    def _complain(self, exc: OSError) -> None:
        if not self._complained:
            self._complained = True
            text = f"cannot keep PCM in {self._folder}: {exc.strerror}; a sentence starts again if the sink dies"
            self.notices.append(text)


def _records(data: bytes) -> tuple[list[Frame], int]:
    """Return the frames in a file's bytes, and where the last whole one ends."""
    frames: list[Frame] = []
    end = 0
    with contextlib.suppress(struct.error, FrameError):
        while True:
            header, payload = _LENGTHS.unpack_from(data, end)
            body = end + _LENGTHS.size + header
            if body + payload > len(data):
                break
            envelope = decode(data[end + _LENGTHS.size : body])
            frames.append(Frame(envelope, data[body : body + payload], envelope.sent))
            end = body + payload
    return frames, end
