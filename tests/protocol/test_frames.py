"""What does not decode raises ``FrameError`` and nothing else."""

import contextlib

import msgpack
import pytest
from examples import MESSAGE_TYPES, instances
from hypothesis import given, settings
from hypothesis import strategies as st

from voicectl.protocol.errors import FrameError
from voicectl.protocol.frames import decode, encode
from voicectl.protocol.messages import PROTOCOL_VERSION, Envelope
from voicectl.protocol.supervising import Drain, Request

DEEP = 200_000
"""Levels of nesting: far more than any recursive reader survives."""


def request_with(value: bytes) -> bytes:
    """Return the header of a ``Request`` whose ``args`` hold these msgpack bytes under the key ``a``."""
    whole = msgpack.packb(
        {"v": PROTOCOL_VERSION, "sender": "", "sent": 0, "body": {"type": "request", "verb": "", "args": {"a": 7}}}
    )
    assert whole.endswith(b"\xa1a\x07")
    return whole[:-1] + value


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
def test_no_byte_string_crashes_the_decoder(header: bytes) -> None:
    """Whatever comes: an envelope or a FrameError."""
    with contextlib.suppress(FrameError):
        assert isinstance(decode(header), Envelope)


@settings(max_examples=400, deadline=None)
@given(message=st.one_of(*map(instances, MESSAGE_TYPES)), data=st.data())
def test_no_mutation_of_a_valid_frame_crashes_the_decoder(message: object, data: st.DataObject) -> None:
    """Bytes changed, cut out or put in reach deeper into the decoder than noise does."""
    header = bytearray(encode(message, "parser.1"))  # type: ignore[arg-type]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(header)))
        header[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=6))
    with contextlib.suppress(FrameError):
        assert isinstance(decode(bytes(header)), Envelope)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_no_value_of_a_free_field_crashes_the_decoder(value: bytes) -> None:
    """``Request.args`` takes any msgpack: extensions, time stamps, maps as keys."""
    with contextlib.suppress(FrameError):
        assert isinstance(decode(request_with(value)).body, Request)


@pytest.mark.parametrize(
    "value",
    [
        b"\x91" * DEEP + b"\x01",
        b"\x81\xa1a" * DEEP + b"\x01",
        b"\x81\x91" * DEEP + b"\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x81\x80\x01",
        b"\xd7\xff" + b"\xff" * 8,
        b"\xa2\xff\xfe",
        b"\xc1",
        b"",
    ],
    ids=[
        "deep lists",
        "deep maps",
        "deep keys",
        "an endless list",
        "an endless map",
        "endless bytes",
        "a map as a key",
        "an impossible time",
        "broken UTF-8",
        "the code that is never used",
        "nothing",
    ],
)
def test_a_hostile_value_is_refused(value: bytes) -> None:
    """Each of these is a FrameError: no crash, no recursion, no gigabytes."""
    with pytest.raises(FrameError, match="expected a msgpack envelope, got"):
        decode(request_with(value))


def test_deep_nesting_in_an_unknown_field_is_refused() -> None:
    """What the decoder only skips is nested too deep as well."""
    with pytest.raises(FrameError):
        decode(b"\x82\xa1v\x01\xa1z" + b"\x91" * DEEP)


def test_the_largest_integers_pass() -> None:
    """A stamp may be any 64-bit number; an integer cannot be larger in msgpack."""
    header = msgpack.packb({"v": PROTOCOL_VERSION, "sender": "", "sent": 2**64 - 1, "body": {"type": "drain"}})
    assert decode(header).sent == 2**64 - 1


@pytest.mark.parametrize("version", [0, 2, 2**64 - 1])
def test_another_version_is_refused_with_both_versions(version: int) -> None:
    """The text says what was expected and what came."""
    header = msgpack.packb({"v": version, "sender": "", "sent": 0, "body": {"type": "drain"}})
    with pytest.raises(FrameError, match=f"^expected protocol version {PROTOCOL_VERSION}, got {version}$"):
        decode(header)


def test_another_version_is_named_though_its_messages_are_unknown() -> None:
    """A later version may look altogether different; its number is what helps."""
    with pytest.raises(FrameError, match=f"^expected protocol version {PROTOCOL_VERSION}, got 9$"):
        decode(msgpack.packb({"v": 9, "body": {"type": "telepathy"}}))


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        ({}, "missing required field `v`"),
        ({"v": "one"}, "Expected `int`, got `str`"),
        ({"v": 1, "sender": "", "sent": 0, "body": {"type": "telepathy"}}, "Invalid value 'telepathy'"),
        ({"v": 1, "sender": "", "sent": 0, "body": {}}, "missing required field `type`"),
        ({"v": 1, "sender": "", "sent": 0, "body": {"type": "suspect", "stage": "sink"}}, "field `play`"),
        ([1, 2], "Expected `object`, got `array`"),
    ],
)
def test_the_error_names_what_is_wrong(plain: object, complaint: str) -> None:
    """Somebody who writes a stage in another language reads it."""
    with pytest.raises(FrameError) as caught:
        decode(msgpack.packb(plain))
    assert complaint in str(caught.value)


def test_the_error_of_a_huge_frame_is_short() -> None:
    """It goes into a log: one line, not a dump."""
    with pytest.raises(FrameError) as caught:
        decode(b"\xff" * 1_000_000)
    assert len(str(caught.value)) < 300
    assert "1000000 bytes" in str(caught.value)


def test_a_header_is_stamped_on_sending() -> None:
    """Two headers of one message have stamps in the order of sending."""
    first, second = decode(encode(Drain(), "supervisor")), decode(encode(Drain(), "supervisor"))
    assert 0 < first.sent <= second.sent
