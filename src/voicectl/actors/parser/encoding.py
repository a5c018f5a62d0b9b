"""Makes the bytes of an input UTF-8: a shell of Windows writes UTF-16 into files, with a mark that says so."""

import codecs

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Encoding:
    """Reads an input's first bytes, and changes what follows where it must.

    ``name`` is the encoding once it is known, ``held`` the bytes of half a character or of half a mark.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.held = b""

    def utf8(self, data: bytes) -> bytes:
        """Return the next bytes of the input as UTF-8."""
        if self.name == "utf-8":
            return data
        data = self.held + data
        self.held = b""
        if not self.name and not (data := self._without_mark(data)):
            return b""
        if self.name == "utf-8":
            return data
        decoder = codecs.getincrementaldecoder(self.name)("replace")
        text = decoder.decode(data)
        self.held = decoder.getstate()[0]
        return text.encode()

    def flush(self) -> bytes:
        """Return what was held when the input ended: half a mark is none."""
        held, self.held = self.held, b""
        return held if not self.name else b""

    def width(self, data: bytes | bytearray) -> int:
        """Return how many bytes of the input became these."""
        return len(data) if self.name in {"", "utf-8"} else len(data.decode().encode(self.name))

    def _without_mark(self, data: bytes) -> bytes:
        """Find out the encoding, if there are bytes enough; return what follows its mark."""
        if len(data) < 2 and any(mark.startswith(data) for mark in _MARKS):
            self.held = data
            return b""
        self.name = _MARKS.get(data[:2], "utf-8")
        return data if self.name == "utf-8" else data[2:]
