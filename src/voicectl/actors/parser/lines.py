"""Cuts bytes into lines without ever copying a long line twice, and without keeping one that is too long."""

from collections.abc import Iterator

MAX_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is skipped and counted."""


class Lines:
    """Collects bytes and gives out whole lines.

    ``consumed`` counts the bytes of the input that were given out or skipped; ``skipping`` says that
    the input stands inside a line that is too long; ``oversized`` counts those lines.
    """

    def __init__(self, consumed: int = 0, skipping: bool = False) -> None:
        self.consumed = consumed
        self.skipping = skipping
        self.oversized = 0
        self._held = bytearray()

    def push(self, data: bytes) -> Iterator[bytes]:
        """Add bytes and yield the lines that they complete, without their ends."""
        position = 0
        while (newline := data.find(b"\n", position)) >= 0:
            if self.skipping:
                self.skipping = False
                self.consumed += newline + 1 - position
            elif self._held:
                self._held += data[position:newline]
                line = bytes(self._held)
                self._held.clear()
                self.consumed += len(line) + 1
                yield line
            else:
                self.consumed += newline + 1 - position
                yield data[position:newline]
            position = newline + 1
        self._keep(data[position:])

    def flush(self) -> bytes:
        """Return the unfinished last line at the end of the input."""
        line = bytes(self._held)
        self._held.clear()
        self.consumed += len(line)
        return line

    def _keep(self, rest: bytes) -> None:
        """Keep the beginning of a line, unless the line is too long."""
        if self.skipping:
            self.consumed += len(rest)
            return
        self._held += rest
        if len(self._held) > MAX_LINE:
            self.consumed += len(self._held)
            self._held.clear()
            self.skipping = True
            self.oversized += 1
