"""Frames: one message as bytes, and back.

A frame is ``[header]`` or ``[header][payload]``: the header is the msgpack of an ``Envelope``
(plain msgpack maps, so that any language can join), the payload is raw bytes.
"""

import time
from typing import NamedTuple

import msgspec

from voicectl.protocol.errors import FrameError
from voicectl.protocol.message import Message
from voicectl.protocol.messages import PROTOCOL_VERSION, Envelope

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


class _Version(msgspec.Struct):
    v: int = PROTOCOL_VERSION


_version_decoder = msgspec.msgpack.Decoder(_Version)


class Frame(NamedTuple):
    """A received frame; ``received`` is the monotonic stamp in nanoseconds of its arrival."""

    envelope: Envelope
    payload: bytes
    received: int


def encode(message: Message, sender: str) -> bytes:
    """Return the header of ``message``, stamped with the time of sending."""
    return _encoder.encode(
        Envelope(v=PROTOCOL_VERSION, sender=sender, sent=time.monotonic_ns(), body=message)  # type: ignore[arg-type]
    )


def decode(header: bytes | memoryview) -> Envelope:
    """Return the envelope in ``header``.

    Raises:
        FrameError: the bytes are not an envelope of this protocol version.
    """
    try:
        envelope = _decoder.decode(header)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError, ValueError) as exc:
        raise FrameError(_explain(header, exc)) from exc
    if envelope.v != PROTOCOL_VERSION:
        raise FrameError(f"expected protocol version {PROTOCOL_VERSION}, got {envelope.v}")
    return envelope


def _explain(header: bytes | memoryview, exc: Exception) -> str:
    try:
        version = _version_decoder.decode(header).v
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError, ValueError):
        version = PROTOCOL_VERSION
    if version != PROTOCOL_VERSION:
        return f"expected protocol version {PROTOCOL_VERSION}, got {version}"
    return f"expected a msgpack envelope, got {len(header)} bytes starting {bytes(header[:16])!r}: {exc}"
