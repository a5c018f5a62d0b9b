"""Cuts bytes into lines without ever copying a long line twice, and without keeping one that is too long."""

from collections.abc import Iterator

MAX_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is skipped and counted."""


class Lines:
    """Collects bytes and gives out whole lines.

    ``skipping`` says that the input stands inside a line that is too long; ``oversized`` counts those lines.
    """

    def __init__(self, skipping: bool = False) -> None:
        self.skipping = skipping
        self.oversized = 0
        self._held = bytearray()

    @property
    def held(self) -> bytearray:
        """The unfinished line, which is not to be changed."""
        return self._held

    def push(self, data: bytes) -> Iterator[bytes]:
        """Add bytes and yield the lines that they complete, without their ends."""
        position = 0
        while (newline := data.find(b"\n", position)) >= 0:
            if self.skipping:
                self.skipping = False
            elif self._held:
                self._held += data[position:newline]
                line = bytes(self._held)
                self._held.clear()
                yield line
            else:
                yield data[position:newline]
            position = newline + 1
        self._keep(data[position:])

    def flush(self) -> bytes:
        """Return the unfinished last line at the end of the input."""
        line = bytes(self._held)
        self._held.clear()
        return line

    def _keep(self, rest: bytes) -> None:
        """Keep the beginning of a line, unless the line is too long."""
        if self.skipping:
            return
        self._held += rest
        if len(self._held) > MAX_LINE:
            self._held.clear()
            self.skipping = True
            self.oversized += 1
