"""What one hop costs: voicectl's machinery against the bare ZeroMQ floor, in one run.

A hop is from before the message is made and encoded in one process to the receiver having it decoded in another (and,
for sound, a NumPy view of its PCM). *Ours* is an ``Outlet`` that sends to an ``Actor``, both as the stages use them.
The *floor* is PUSH/PULL over ipc, a blocking receive and the smallest msgspec struct. Both send a sentence of 200 bytes
and 100 kB of PCM, paced; their rounds are interleaved, so that a busy machine hurts them alike.
"""

import argparse
import json
import logging
import multiprocessing as mp
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import structlog
import zmq

from voicectl.actors.base import About, Actor, Wiring
from voicectl.protocol.addresses import ipc_address
from voicectl.protocol.frames import Frame
from voicectl.protocol.message import Message, Utterance
from voicectl.protocol.sockets import Outlet
from voicectl.protocol.speaking import Audio, Sentence
from voicectl.protocol.trace import Trace

TEXT = "The quick brown fox jumps over the lazy dog. " * 5
TEXT = TEXT[:200]
PCM = np.arange(50_000, dtype=np.int16)
SENTENCE, SOUND = "200 B sentence", "100 kB PCM"
WARM_UP = 20
"""Messages at the start of each round that are not counted."""
WHO = Utterance(session="bench", seq=1, play=1, epoch=0)

Clock = Callable[[], int]
now: Clock = time.monotonic_ns


class Receiver(NamedTuple):
    """A process that receives ``kind`` through ``path`` (ours, floor) and how to send one message to it."""

    path: str
    kind: str
    send: Callable[[], None]
    process: Any
    results: Connection


class Plain(msgspec.Struct, array_like=True):
    """The floor's message: when it was made, and a text."""

    made: int
    text: str = ""


class Sample(Actor):
    """A stage that only notes how old each message is when its handler has it."""

    stage = "hops"

    def __init__(self, wiring: Wiring, count: int, is_bound: Callable[[], None]) -> None:
        super().__init__(wiring)
        self.ages: list[int] = []
        self._count = count
        self._is_bound = is_bound

    def setup(self) -> About:
        """Say that messages may come."""
        self._is_bound()
        return About()

    def handle(self, frame: Frame) -> None:
        """Note the age of one message; end after the last."""
        message = frame.envelope.body
        assert isinstance(message, Sentence | Audio)
        if frame.payload:
            np.frombuffer(frame.payload, np.int16)
        self.ages.append(now() - message.trace.arrived)
        self.draining = len(self.ages) == self._count


def receive_ours(folder: Path, kind: str, count: int, results: Connection) -> None:
    """Run the actor in this process; send the ages of all messages when it has ended."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    wiring = Wiring(runtime=folder, incarnation=(SENTENCE, SOUND).index(kind))
    actor = Sample(wiring, count, lambda: results.send("bound"))
    actor.run()
    results.send(actor.ages)


def receive_floor(address: str, kind: str, count: int, results: Connection) -> None:
    """Receive in the plainest way; send the ages of all messages after the last."""
    socket = zmq.Context().socket(zmq.PULL)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.bind(address)
    results.send("bound")
    decode = msgspec.msgpack.Decoder(Plain).decode
    ages = []
    for _ in range(count):
        if kind == SENTENCE:
            message = decode(socket.recv())
        else:
            header, payload = socket.recv_multipart()
            message = decode(header)
            np.frombuffer(payload, np.int16)
        ages.append(now() - message.made)
    results.send(ages)


def start_ours(context: "zmq.Context[zmq.Socket[bytes]]", folder: Path, kind: str, count: int) -> Receiver:
    """Start an actor and return it with an outlet to it."""
    process, results = _spawn(receive_ours, folder, kind, count)
    address = ipc_address(folder, f"hops.{(SENTENCE, SOUND).index(kind)}", "data")
    outlet = Outlet(context, address, "bench.0")

    def send() -> None:
        made = now()
        trace = Trace(arrived=made, written=made)
        message: Message
        if kind == SENTENCE:
            message = Sentence(utterance=WHO, text=TEXT, trace=trace)
            outlet.send(message)
        else:
            message = Audio(utterance=WHO, index=1, sample_rate=48_000, trace=trace)
            outlet.send(message, PCM.data.cast("B"))

    return Receiver("ours", kind, send, process, results)


def start_floor(context: "zmq.Context[zmq.Socket[bytes]]", folder: Path, kind: str, count: int) -> Receiver:
    """Start a plain receiver and return it with a plain sender."""
    address = f"ipc://{folder}/floor.{(SENTENCE, SOUND).index(kind)}"
    process, results = _spawn(receive_floor, address, kind, count)
    socket = context.socket(zmq.PUSH)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.connect(address)
    encode = msgspec.msgpack.Encoder().encode

    def send() -> None:
        made = now()
        if kind == SENTENCE:
            socket.send(encode(Plain(made, TEXT)))
        else:
            socket.send_multipart([encode(Plain(made)), PCM.data.cast("B")])

    return Receiver("floor", kind, send, process, results)


def _spawn(target: Callable[..., None], place: Path | str, kind: str, count: int) -> tuple[Any, Connection]:
    """Start a receiver and return it, with its pipe, when its socket is bound."""
    spawn = mp.get_context("spawn")
    results, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=target, args=(place, kind, count, theirs), daemon=True)
    process.start()
    results.recv()
    return process, results


def measure(rounds: int, per_round: int, interval: float) -> dict[str, dict[str, list[list[int]]]]:
    """Return the ages in nanoseconds by kind and path, a list per round without its warm-up."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    length = WARM_UP + per_round
    ages: dict[str, dict[str, list[list[int]]]] = {SENTENCE: {}, SOUND: {}}
    with tempfile.TemporaryDirectory(prefix="vchops-") as folder:
        place = Path(folder)
        receivers = [
            start(context, place, kind, rounds * length)
            for kind in (SENTENCE, SOUND)
            for start in (start_floor, start_ours)
        ]
        for _ in range(rounds):
            for receiver in receivers:
                for _ in range(length):
                    receiver.send()
                    time.sleep(interval)
        for receiver in receivers:
            flat = receiver.results.recv()
            receiver.process.join()
            cuts = range(0, rounds * length, length)
            ages[receiver.kind][receiver.path] = [flat[cut + WARM_UP : cut + length] for cut in cuts]
        context.destroy(linger=0)
    return ages


def summary(rounds: list[list[int]]) -> dict[str, float]:
    """Return median, p99 and the lowest and highest median of a round, in microseconds."""
    everything = sorted(age / 1000 for part in rounds for age in part)
    medians = [statistics.median(part) / 1000 for part in rounds]
    figures = {
        "p50": statistics.median(everything),
        "p99": everything[int(len(everything) * 0.99)],
        "round_low": min(medians),
        "round_high": max(medians),
    }
    return {name: round(value, 1) for name, value in figures.items()}


def main() -> None:
    """Measure and print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--messages", type=int, default=300, help="of each kind and path, a round")
    parser.add_argument("--interval-ms", type=float, default=2.0, help="between two messages")
    options = parser.parse_args()
    ages = measure(options.rounds, options.messages, options.interval_ms / 1000)
    hops = {kind: {path: summary(rounds) for path, rounds in paths.items()} for kind, paths in ages.items()}
    ratios = {kind: round(paths["ours"]["p50"] / paths["floor"]["p50"], 2) for kind, paths in hops.items()}
    if options.json:
        machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
        print(json.dumps({"unit": "µs", "hops": hops, "ratio_p50": ratios, "machine": machine}, ensure_ascii=False))
        return
    print(f"{'one hop, µs':<16}{'path':<8}{'p50':>8}{'p99':>9}{'medians of the rounds':>24}{'ours / floor':>14}")
    for kind, paths in hops.items():
        for path, figures in paths.items():
            spread = f"{figures['round_low']:.1f} … {figures['round_high']:.1f}"
            ratio = f"{ratios[kind]:.2f}" if path == "ours" else ""
            print(f"{kind:<16}{path:<8}{figures['p50']:>8.1f}{figures['p99']:>9.1f}{spread:>24}{ratio:>14}")


if __name__ == "__main__":
    main()
