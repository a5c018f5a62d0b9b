"""The standard session: recorded answers of an agent, played into ``voicectl feed`` with the pace they came at.

Texts and times are those of the project's recordings; the lines around them are written as Claude Code's
``--include-partial-messages`` stream has them. The last answer is spoken to its end. Of the others only the first
words matter: each is stopped when it has begun, so that the next one finds an idle pipeline.
"""

import fcntl
import subprocess
import sys
import termios
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from importlib.resources import files
from types import TracebackType
from typing import IO, Self

import msgspec

from voicectl.cli.client import ask
from voicectl.protocol.errors import VoicectlError

PAUSE_S = 0.5
"""Between two answers: what the synthesizer had begun of the last one is done by then."""
BEGIN_TIMEOUT_S = 120.0
LOOK_EVERY_S = 0.02
SESSION_ID = "be9c0000-0000-4000-8000-000000000000"

Answer = list[tuple[float, str]]
"""Pieces of text as they came, each with its time in seconds from the first."""


class Session(msgspec.Struct, frozen=True):
    """What the data file holds."""

    answers: list[Answer]


def standard_session() -> list[Answer]:
    """Return the answers of the standard session."""
    return msgspec.json.decode(
        files("voicectl.cli").joinpath("data/bench_session.json").read_bytes(), type=Session
    ).answers


class Player:
    """A ``voicectl feed`` that an agent writes to; ``begun`` counts the sentences that were begun to be spoken."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "voicectl", "feed", "--captions", "--quiet", "--format", "stream-json"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self.process.stdin
        assert self.process.stdout
        self._input: IO[bytes] = self.process.stdin
        self._captions: IO[bytes] = self.process.stdout
        self._begun = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        self._write({"type": "system", "subtype": "init", "session_id": SESSION_ID})
        self._wait_until_read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._input.close()
        self._captions.close()

    def play(self, answers: list[Answer], progress: Callable[[int], None]) -> None:
        """Write all answers and wait until the last one is spoken; ``progress`` is told the number of each.

        Raises:
            VoicectlError: an answer is not spoken, or the feed ended.
        """
        for number, answer in enumerate(answers, 1):
            progress(number)
            self._begun.clear()
            self._pace(number, answer)
            if number < len(answers):
                self._wait_until_begun(number)
                ask("stop")
            self._write({"type": "result", "subtype": "success", "is_error": False, "session_id": SESSION_ID})
            time.sleep(PAUSE_S)
        self._input.close()
        self.process.wait()

    def _pace(self, number: int, answer: Answer) -> None:
        began = time.monotonic()
        for line in before(number):
            self._write(line)
        for at, text in answer:
            time.sleep(max(0.0, began + at - time.monotonic()))
            self._write(event(number, {"type": "content_block_delta", "index": 0, "delta": delta(text)}))
        for line in after(number):
            self._write(line)

    def _write(self, line: dict[str, object]) -> None:
        try:
            self._input.write(msgspec.json.encode(line) + b"\n")
        except OSError as exc:
            raise VoicectlError(f"the feed ended with status {self.process.wait()}; see voicectl logs") from exc

    def _wait_until_read(self) -> None:
        """Wait until the feed has started and read its first line, so that the pace is kept from the first word on."""
        unread = array("i", [1])
        while unread[0] and self.process.poll() is None:
            time.sleep(LOOK_EVERY_S)
            fcntl.ioctl(self._input, termios.FIONREAD, unread)

    def _wait_until_begun(self, number: int) -> None:
        if not self._begun.wait(BEGIN_TIMEOUT_S):
            raise VoicectlError(f"answer {number} was not begun within {BEGIN_TIMEOUT_S:g} s; see voicectl logs")

    def _listen(self) -> None:
        try:
            for _ in self._captions:
                self._begun.set()
        except ValueError:
            return  # closed


def before(number: int) -> Iterator[dict[str, object]]:
    """Return the lines before an answer's first word."""
    message = {"id": _message_id(number), "type": "message", "role": "assistant", "model": "claude", "content": []}
    yield event(number, {"type": "message_start", "message": message})
    yield event(number, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})


def after(number: int) -> Iterator[dict[str, object]]:
    """Return the lines behind an answer's last word, less the ``result``."""
    yield event(number, {"type": "content_block_stop", "index": 0})
    yield event(number, {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}})
    yield event(number, {"type": "message_stop"})


def delta(text: str) -> dict[str, str]:
    """Return a piece of text as the API has it."""
    return {"type": "text_delta", "text": text}


def event(number: int, event: dict[str, object]) -> dict[str, object]:
    """Return one event of the API as a line of the client."""
    return {
        "type": "stream_event",
        "event": event,
        "session_id": SESSION_ID,
        "parent_tool_use_id": None,
        "uuid": "be9c0000-0000-4000-8000-000000000001",
        "api_message_id": _message_id(number),
    }


def _message_id(number: int) -> str:
    return f"msg_bench{number:04}"
