"""Frames that no stage should ever get."""

import contextlib
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
    # The supervisor's commands come through a ROUTER, which takes nothing from a PUSH.
    socket = context.socket(zmq.DEALER if "supervisor." in address and ".control." in address else zmq.PUSH)
    socket.setsockopt(zmq.SNDTIMEO, 1000)
    socket.connect(address)
    for frame in chosen:
        with contextlib.suppress(zmq.Again):
            socket.send_multipart(frame)
    socket.close(linger=2000)
    context.term()
    return len(chosen)
