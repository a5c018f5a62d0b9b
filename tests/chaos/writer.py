"""An agent that writes numbered sentences into ``voicectl feed``, and goes on in a new feed when that is killed."""

import contextlib
import itertools
import os
import queue
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import tones

Start = Callable[[str, int], "subprocess.Popen[bytes]"]
"""Starts a feed: the name of its session, the descriptor of its standard input."""


LOOK_EVERY_S = 0.05
MIDDLE_TIMEOUT_S = 3.0
"""So long a kill waits for the middle of a sentence; a writer that waits for the voice is between two."""


class Pace(NamedTuple):
    """How fast an agent writes: the range of seconds between sentences, and whether it is to wait for the voice."""

    pause: tuple[float, float]
    is_far_ahead: Callable[[], bool]


class Writer(threading.Thread):
    """One input. The pipe outlives its reader, so what a killed feed had not read is left for the next one.

    ``written`` is when (monotonic) each sentence was wholly in the pipe; ``cut`` are the last numbers written before
    each death of a feed between two sentences, ``torn`` those that were being written at the others; ``sessions``
    names the feeds in turn.
    """

    def __init__(self, feed: int, seed: int, pace: Pace, start: Start) -> None:
        super().__init__(name=f"writer {feed}")
        self.feed = feed
        self.written: dict[int, float] = {}
        self.cut: list[int] = []
        self.torn: list[int] = []
        self.sessions: list[str] = []
        self._chance = random.Random(seed * 31 + feed)
        self._pace = pace
        self._start = start
        self._between = threading.Lock()
        self._request = 0
        self._answer: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._finish = threading.Event()
        self._source, self._pipe = os.pipe()
        self.process = self._next()

    def run(self) -> None:
        """Write sentences in small pieces until told to finish."""
        number = 0
        while not self._finish.is_set():
            number += 1
            with self._between:
                self._write(number)
            self._finish.wait(self._chance.uniform(*self._pace.pause))
            while self._pace.is_far_ahead() and not self._finish.wait(LOOK_EVERY_S):
                pass
        with self._between:
            os.close(self._pipe)
            self._pipe = -1

    def finish(self) -> None:
        """End the input after the sentence in hand."""
        self._finish.set()

    def stop(self) -> int:
        """Stop the feed between two sentences; return its pid."""
        with self._between:
            self.process.send_signal(signal.SIGSTOP)
            return self.process.pid

    def kill(self, number: int) -> int:
        """Kill the feed between two sentences and let a new one go on where it ended; return the old pid."""
        with self._between:
            self.cut.append(max(self.written, default=0))
            return self._replace(number)

    def kill_in_sentence(self, number: int) -> int:
        """Kill the feed when it has been given a part of a sentence; where none comes in time, between two."""
        self._request = number
        with contextlib.suppress(queue.Empty):
            return self._answer.get(timeout=MIDDLE_TIMEOUT_S)
        with self._between:
            late = not self._request
            self._request = 0
        return self._answer.get() if late else self.kill(number)

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._source)

    def _replace(self, number: int) -> int:
        old = self.process
        old.send_signal(number)
        old.send_signal(signal.SIGCONT)  # a stopped process takes no other signal than SIGKILL
        old.wait()
        self.process = self._next()
        return old.pid

    def _next(self) -> "subprocess.Popen[bytes]":
        self.sessions.append(f"f{self.feed}.{len(self.sessions)}")
        return self._start(self.sessions[-1], self._source)

    def _write(self, number: int) -> None:
        data = f"{tones.text(self.feed, number)}\n\n".encode()
        request, self._request = self._request, 0
        cuts = sorted(self._chance.sample(range(1, len(data)), self._chance.randint(1 if request else 0, 3)))
        for begin, end in itertools.pairwise([0, *cuts, len(data)]):
            os.write(self._pipe, data[begin:end])
            self._finish.wait(self._chance.choice((0, 0, 0.01)))
            if request:
                self.torn.append(number)
                self._answer.put(self._replace(request))
                request = 0
        self.written[number] = time.monotonic()
