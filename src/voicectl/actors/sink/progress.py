"""What was heard, kept in a memory-mapped file so that the next incarnation of the sink knows it."""

import mmap
import os
import struct
import zlib
from pathlib import Path

import msgspec

from voicectl.protocol.errors import SinkError
from voicectl.protocol.speaking import Cancelled

MAX_PLACES = 64
"""Utterances that can be in the ring at once."""

MAX_FAILED = 64
"""So many numbers that tombstones settled are remembered: more than the parser's window."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where an utterance lies in the ring: positions; ``end`` is None while it is not wholly written.

    ``restarts`` is how often it had begun again at ``start``; ``failed`` says that a tombstone ends it.
    """

    play: int
    start: int
    end: int | None
    restarts: int = 0
    failed: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the sink is about to do, positions in samples at ``sample_rate`` (Hz).

    ``held`` says that it is paused, ``speed`` and ``volume`` how it is played (factors;
    None: nobody has said yet), ``failed`` which numbers tombstones have settled of late, ``cancels`` what
    the parser has not answered yet.
    """

    generation: int = 0
    settled: int = 0
    epoch: int = 0
    sample_rate: int = 0
    held: bool = False
    speed: float | None = None
    volume: float | None = None
    failed: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()
    cancels: tuple[Cancelled, ...] = ()


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What the last incarnation left; the fields of ``speaking.Ledger``, ``Plan`` and ``Place``."""

    settled: int = 0
    current: int = 0
    samples: int = 0
    sample_rate: int = 0
    restarts: int = 0
    epoch: int = 0
    held: bool = False
    speed: float | None = None
    volume: float | None = None
    failed: tuple[int, ...] = ()
    cancels: tuple[Cancelled, ...] = ()


_HEAD = struct.Struct("<QII")  # count of writes, length of the payload, checksum
_CONSUMED = struct.Struct("<qqq")  # generation, position, ns of speech in the device

_PLAN_SLOT = 8192
_CONSUMED_SLOT = _HEAD.size + _CONSUMED.size
SIZE = 2 * (_PLAN_SLOT + _CONSUMED_SLOT)


class _Record:
    """Two slots in turn, each with a count and a checksum: a death in the middle of one leaves the other."""

    def __init__(self, memory: mmap.mmap, offset: int, slot: int) -> None:
        self._memory = memory
        self._offsets = (offset, offset + slot)
        self._slot = slot
        self._count = max((count for count, _ in self._valid()), default=0)

    def read(self) -> bytes | None:
        """Return the newest payload that is whole, or None."""
        return max(self._valid(), default=(0, None))[1]

    def write(self, payload: bytes) -> None:
        """Replace the older slot; a payload that does not fit is left out."""
        if len(payload) > self._slot - _HEAD.size:
            return
        self._count += 1
        head = _HEAD.pack(self._count, len(payload), self._checksum(self._count, payload))
        offset = self._offsets[self._count % 2]
        self._memory[offset : offset + len(head) + len(payload)] = head + payload

    def _valid(self) -> list[tuple[int, bytes]]:
        found = []
        for offset in self._offsets:
            count, length, checksum = _HEAD.unpack_from(self._memory, offset)
            start = offset + _HEAD.size
            payload = self._memory[start : start + min(length, self._slot - _HEAD.size)]
            if count and checksum == self._checksum(count, payload):
                found.append((count, payload))
        return found

    @staticmethod
    def _checksum(count: int, payload: bytes) -> int:
        return zlib.crc32(payload, count & 0xFFFF_FFFF)


class Progress:
    """The file.

    It has two parts, each written by one thread: the plan (which utterance lies where in the ring) by the sink
    before the samples go in, the position by the audio callback. Together they say what was heard.

    The file lives as long as the machine runs; it is never synced (the promise covers processes, not power).

    Raises:
        SinkError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(fd).st_size != SIZE:
                    # Written, not only extended: a full disk is an error here and not a SIGBUS later.
                    os.ftruncate(fd, 0)
                    os.pwrite(fd, bytes(SIZE), 0)
                self._memory = mmap.mmap(fd, SIZE)
            finally:
                os.close(fd)
        except (OSError, ValueError) as exc:
            raise SinkError(
                f"cannot keep {path}: {exc}; make room or set VOICECTL_RUNTIME_DIR to another folder"
            ) from exc
        self._plan = _Record(self._memory, 0, _PLAN_SLOT)
        self._consumed = _Record(self._memory, 2 * _PLAN_SLOT, _CONSUMED_SLOT)
        plan = self._read_plan()
        self.heard = self._what_was_heard(plan)
        self._generation = plan.generation + 1

    def publish(self, plan: Plan) -> None:
        """Say where the utterances lie (its generation is filled in here)."""
        self._plan.write(msgspec.msgpack.encode(msgspec.structs.replace(plan, generation=self._generation)))

    def consumed(self, position: int, latency: int) -> None:
        """Say how far the callback has come (called by it), and how many ns of speech before it the device holds."""
        self._consumed.write(_CONSUMED.pack(self._generation, position, latency))

    def close(self) -> None:
        """Unmap the file; the callback must have ended."""
        self._memory.close()

    def _read_plan(self) -> Plan:
        payload = self._plan.read()
        try:
            return msgspec.msgpack.decode(payload, type=Plan) if payload else Plan()
        except msgspec.DecodeError:
            # Whole, but of another version of voicectl.
            return Plan()

    def _what_was_heard(self, plan: Plan) -> Heard:
        position = latency = 0
        consumed = self._consumed.read()
        if consumed and (last := _CONSUMED.unpack(consumed))[0] == plan.generation:
            _, position, latency = last
        # What the device had not played yet died with its stream.
        audible = max(0, position - latency * plan.sample_rate // 1_000_000_000)
        settled, failed = plan.settled, list(plan.failed)
        current, samples, restarts = 0, 0, 0
        for place in plan.places:
            if place.end is not None and place.end <= audible:
                settled = place.play
                failed += [place.play] if place.failed else []
            elif place.start < position:
                current, samples, restarts = place.play, max(0, audible - place.start), place.restarts
                break
        return Heard(
            settled=settled,
            current=current,
            samples=samples,
            sample_rate=plan.sample_rate,
            restarts=restarts,
            epoch=plan.epoch,
            held=plan.held,
            speed=plan.speed,
            volume=plan.volume,
            failed=tuple(failed[-MAX_FAILED:]),
            cancels=plan.cancels,
        )
