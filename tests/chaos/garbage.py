"""Frames that no stage should ever get."""

import random

import msgpack
import zmq

HUGE_BYTES = 16 << 20


def frames(chance: random.Random) -> list[list[bytes]]:
    """Return a row of bad frames: random bytes, msgpack of a wrong shape, wrong versions, wrong messages, huge ones."""
    envelope = {"v": 1, "sender": "chaos", "sent": 1}
    utterance = {"session": "chaos", "seq": 1, "play": 1 << 40, "epoch": -1}
    return [
        [b""],
        [chance.randbytes(chance.randint(1, 400))],
        [msgpack.packb(chance.choice([None, [], {}, "x", 7, [envelope], {"v": 1}]))],
        [msgpack.packb(envelope | {"body": {"type": "nobody"}})],
        [msgpack.packb(envelope | {"body": {"type": "audio", "index": "one"}})],
        [msgpack.packb(envelope | {"v": 99, "body": {"type": "replay"}})],
        [msgpack.packb(envelope | {"body": {"type": "ack", "feed": "chaos", "offset": 1}})],
        [msgpack.packb(envelope | {"body": {"type": "expect", "play": 1, "epoch": -1}}), b"", b"", b""],
        [msgpack.packb(envelope | {"body": {"type": "tombstone", "utterance": utterance, "state": "failed"}})[:-3]],
        [msgpack.packb(envelope | {"body": {"type": "heartbeat", "stage": "nobody"}})],
        [chance.randbytes(64), chance.randbytes(HUGE_BYTES)],
        [chance.randbytes(HUGE_BYTES)],
    ]


def throw(address: str, chance: random.Random) -> int:
    """Send a random choice of them, in random order, to an inbox; return how many."""
    bad = frames(chance)
    chosen = chance.sample(bad, chance.randint(1, len(bad)))
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.connect(address)
    for frame in chosen:
        socket.send_multipart(frame)
    socket.close(linger=2000)
    context.term()
    return len(chosen)
