"""FLAC's frames (RFC 9639, section 9): finding them in a file, and giving them another number.

libFLAC numbers the frames of a stream from 0 and needs the whole stream for it. A recording that grows over many
processes needs frames that can be made one by one: each carries the number of its first sample ("variable block
size"), and between them nothing is shared.
"""

from collections.abc import Iterator
from typing import NamedTuple

SYNC = b"\xff\xf9"
"""How a frame begins that carries the number of its first sample."""

_SYNC_OF_ENCODER = b"\xff\xf8"
"""How a frame begins that carries its own number."""

_BLOCK_SIZES = {
    1: 192,
    **{code: 576 << (code - 2) for code in range(2, 6)},
    **{c: 256 << (c - 8) for c in range(8, 16)},
}
"""Samples in a frame by the code in its header; 6 and 7 say that the number follows in one byte or two."""

_RATE_BYTES = {12: 1, 13: 2, 14: 2}
"""Bytes that hold the rate behind the header, by its code."""

_CRC_BYTES = 2


class Frame(NamedTuple):
    """A frame in a piece of a file: ``start`` and ``end`` in bytes; the number of its ``first`` sample; ``samples``."""

    start: int
    end: int
    first: int
    samples: int


class _Header(NamedTuple):
    """``number`` is coded in ``width`` bytes from the fourth on; the checksum is the last of ``size`` bytes."""

    number: int
    width: int
    samples: int
    size: int


def renumbered(frame: bytes, first: int) -> bytes:
    """Return an encoder's frame as one that begins with sample ``first``; the sound stays bit by bit.

    Raises:
        ValueError: it is no frame.
    """
    header = _header(frame, _SYNC_OF_ENCODER) or _header(frame, SYNC)
    if not header:
        raise ValueError("not a FLAC frame")
    head = SYNC + frame[2:4] + _coded(first) + frame[4 + header.width : header.size - 1]
    head += bytes([_crc8(head)])
    body = head + frame[header.size : -_CRC_BYTES]
    return body + crc16(body).to_bytes(_CRC_BYTES, "big")


def last_frame(data: bytes) -> Frame | None:
    """Return the last whole frame of the end of a file, or None; what is torn behind it is left out."""
    ends = [len(data)]
    for start in _places(data):
        header = _header(data[start : start + 32], SYNC)
        if not header:
            continue
        for end in ends:
            # Over a frame with its own checksum the checksum is 0.
            if end > start + header.size + _CRC_BYTES and crc16(data[start:end]) == 0:
                return Frame(start, end, header.number, header.samples)
        # Sound may look like a header, so a frame may end at any of them.
        ends.append(start)
    return None


def _places(data: bytes) -> Iterator[int]:
    """Yield where a header may begin, the last first."""
    at = len(data)
    while (at := data.rfind(SYNC, 0, at + 1)) >= 0:
        yield at
        at -= 1


def _header(data: bytes, sync: bytes) -> _Header | None:
    if len(data) < 6 or data[:2] != sync:
        return None
    size_code, rate_code = data[2] >> 4, data[2] & 15
    width = max(1, 8 - (data[4] ^ 0xFF).bit_length())
    at = 4 + width
    number = data[4] & (0x7F if width == 1 else 0x7F >> width)
    for byte in data[5:at]:
        number = number << 6 | byte & 0x3F
    size_bytes = {6: 1, 7: 2}.get(size_code, 0)
    samples = _BLOCK_SIZES.get(size_code, 1 + int.from_bytes(data[at : at + size_bytes], "big"))
    size = at + size_bytes + _RATE_BYTES.get(rate_code, 0) + 1
    if len(data) < size or _crc8(data[: size - 1]) != data[size - 1]:
        return None
    return _Header(number, width, samples, size)


def _coded(number: int) -> bytes:
    """Code a number of up to 36 bits as UTF-8 codes characters, in up to 7 bytes."""
    if number < 0x80:
        return bytes([number])
    width = next(width for width in range(2, 8) if number < 1 << (5 * width + 1))
    tail = [0x80 | number >> (6 * place) & 0x3F for place in reversed(range(width - 1))]
    return bytes([(0xFF00 >> width) & 0xFF | number >> (6 * (width - 1)), *tail])


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask = 1 << (bits - 1), (1 << bits) - 1
    table = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return tuple(table)


_CRC8 = _table(0x07, 8)
_CRC16 = _table(0x8005, 16)


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def crc16(data: bytes) -> int:
    """Return the checksum that ends a frame."""
    crc = 0
    for byte in data:
        crc = crc << 8 & 0xFF00 ^ _CRC16[crc >> 8 ^ byte]
    return crc
