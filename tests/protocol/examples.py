"""Hypothesis strategies for every message, made from the types of their fields."""

import types
import typing

import msgspec
from hypothesis import strategies as st

from voicectl.protocol.message import Message
from voicectl.protocol.messages import Body

MESSAGE_TYPES: tuple[type[Message], ...] = typing.get_args(Body)

_integers = st.integers(-(2**63), 2**64 - 1)
_plain = st.recursive(
    st.none() | st.booleans() | _integers | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_SIMPLE = {
    str: st.text(),
    int: _integers,
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    types.NoneType: st.none(),
    typing.Any: _plain,
}


def values(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Return a strategy for values of a field's type."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(values(each) for each in arguments))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return instances(kind)
    raise TypeError(f"no strategy for a field of type {kind!r}")


def instances(kind: type[msgspec.Struct]) -> st.SearchStrategy[typing.Any]:
    """Return a strategy for instances of a struct."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: values(hints[name]) for name in kind.__struct_fields__})


def as_plain(value: typing.Any) -> typing.Any:
    """Return what another language would see: maps, lists and scalars, a message with its ``type``."""
    if isinstance(value, msgspec.Struct):
        tag = {"type": type(value).__name__.lower()} if isinstance(value, Message) else {}
        return tag | {name: as_plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [as_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: as_plain(each) for key, each in value.items()}
    return value
