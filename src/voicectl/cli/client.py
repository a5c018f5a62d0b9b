"""Talking to the running pipeline: one request, one reply."""

from pathlib import Path
from typing import Any

import zmq

from voicectl.config.paths import runtime_dir
from voicectl.protocol.errors import FrameError, SupervisorError
from voicectl.protocol.frames import decode, encode
from voicectl.protocol.supervising import Reply, Request
from voicectl.supervisor.book import Book, running_book

TIMEOUT_S = 5.0


def find_pipeline(folder: Path | None = None) -> Book:
    """Return the address book of the running pipeline.

    Raises:
        SupervisorError: none is running.
    """
    book = running_book(folder or runtime_dir())
    if book is None:
        raise SupervisorError("no pipeline is running; start one with: voicectl up --detach")
    return book


def ask(verb: str, timeout_s: float = TIMEOUT_S, **args: Any) -> dict[str, Any]:
    """Send a request to the supervisor and return the data of its reply.

    Raises:
        SupervisorError: no pipeline runs, it does not answer, or it says what is wrong.
    """
    book = find_pipeline()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    try:
        socket.connect(book.command)
        socket.send(encode(Request(verb=verb, args=args), "voicectl"))
        if not socket.poll(int(timeout_s * 1000)):
            raise SupervisorError(f"the supervisor (pid {book.pid}) does not answer; see voicectl logs supervisor")
        reply = decode(socket.recv()).body
    except FrameError as exc:
        raise SupervisorError(f"the supervisor answered nonsense: {exc}") from exc
    finally:
        socket.close()
        context.term()
    if not isinstance(reply, Reply):
        raise SupervisorError(f"the supervisor answered with {type(reply).__name__}, expected a reply")
    if reply.error:
        raise SupervisorError(reply.error)
    return reply.data
