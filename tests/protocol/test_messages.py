"""Every message, read and written with the plain ``msgpack`` package as another language would."""

import msgpack
import msgspec
import pytest
from examples import MESSAGE_TYPES, as_plain, instances, values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicectl.protocol import feeding, speaking, supervising
from voicectl.protocol.frames import decode, encode
from voicectl.protocol.message import Message
from voicectl.protocol.messages import PROTOCOL_VERSION

every_message = pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: kind.__name__)
few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_no_message_is_left_out_of_the_union() -> None:
    """A message type that is defined but not in ``Body`` could be sent and never be read."""
    every = [each for family in (feeding, speaking, supervising) for each in vars(family).values()]
    defined = {each for each in every if isinstance(each, type) and issubclass(each, Message)}
    assert set(MESSAGE_TYPES) == defined - {Message}


def test_no_two_messages_share_a_type_tag() -> None:
    """The tag is what tells the messages apart."""
    assert len({kind.__struct_config__.tag for kind in MESSAGE_TYPES}) == len(MESSAGE_TYPES)


@every_message
@few
@given(data=st.data())
def test_msgpack_reads_what_we_write(kind: type[Message], data: st.DataObject) -> None:
    """The header is a plain map with every field by name."""
    message = data.draw(instances(kind))
    plain = msgpack.unpackb(encode(message, "parser.3"))
    assert set(plain) == {"v", "sender", "sent", "body"}
    assert (plain["v"], plain["sender"], plain["body"]) == (PROTOCOL_VERSION, "parser.3", as_plain(message))


@every_message
@few
@given(data=st.data())
def test_we_read_what_msgpack_writes(kind: type[Message], data: st.DataObject) -> None:
    """A stage in another language sends plain maps, with fields in any order and unknown ones beside them."""
    message = data.draw(instances(kind))
    body = dict(reversed(list(as_plain(message).items()))) | {"of_a_later_version": [1]}
    header = msgpack.packb({"body": body, "sent": 5, "v": PROTOCOL_VERSION, "sender": "other.1"})
    envelope = decode(header)
    assert (envelope.sender, envelope.sent, envelope.body) == ("other.1", 5, message)


@every_message
@few
@given(data=st.data())
def test_fields_with_defaults_may_be_left_out(kind: type[Message], data: st.DataObject) -> None:
    """A sender need not know the fields that were added later."""
    needed = {field.name: values(field.type) for field in msgspec.structs.fields(kind) if field.required}
    given_fields = {name: data.draw(strategy) for name, strategy in needed.items()}
    body = {"type": kind.__name__.lower()} | {name: as_plain(value) for name, value in given_fields.items()}
    header = msgpack.packb({"v": PROTOCOL_VERSION, "sender": "", "sent": 0, "body": body})
    assert decode(header).body == kind(**given_fields)
