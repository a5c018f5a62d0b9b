"""Large files that a library maps into memory: their pages are given back when a sentence has been read.

Open JTalk's and Sudachi's dictionaries have 100 and 200 MB. Every word that is looked up maps the 64 kB around it into
the process, so its resident size grows for hundreds of sentences, towards that of the files. The kernel's cache keeps
pages that are given back; the next sentence takes them from there, in about 2 µs for each 64 kB.
"""

import contextlib
import ctypes
import os
import sys
from pathlib import Path
from typing import NamedTuple

_MADV_DONTNEED = 4
_READ_ONLY = "r--s"
"""Shared and never written: giving such pages back can lose nothing, unlike those of a private mapping."""


class _Mapping(NamedTuple):
    start: int
    size: int
    file: str
    link: str
    """A link to the file, which the kernel keeps as long as the mapping stands as it is."""


class MappedFiles:
    """The mapped files of this process that have a suffix and a size of at least so many bytes.

    Where the system does not tell which they are (it is not Linux, or /proc is not there), there are none.
    """

    def __init__(self, suffix: str, at_least: int = 1 << 20) -> None:
        """Look for the files that are mapped now; those that come later do not belong to it."""
        self._mappings = [each for each in _mappings() if each.file.endswith(suffix) and each.size >= at_least]
        if self._mappings:
            self._madvise = ctypes.CDLL(None).madvise
            self._madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)

    @property
    def files(self) -> list[str]:
        """Their paths."""
        return [each.file for each in self._mappings]

    def give_back(self) -> None:
        """Let the process hold none of their pages; what is read from them is the same as before."""
        for mapping in self._mappings:
            with contextlib.suppress(OSError):
                # The library may have closed the file, and something else may lie there now.
                if os.readlink(mapping.link) == mapping.file:  # noqa: PTH115 (a Path would be made for each sentence)
                    self._madvise(mapping.start, mapping.size, _MADV_DONTNEED)


def _mappings() -> list[_Mapping]:
    """Return the files that are mapped shared and read-only (proc(5): address, permissions, ..., path)."""
    found = []
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/maps").read_text().splitlines() if sys.platform == "linux" else ():
            address, permissions, *_, file = line.split(maxsplit=5)
            if permissions == _READ_ONLY:
                start, end = (int(each, 16) for each in address.split("-"))
                found.append(_Mapping(start, end - start, file, f"/proc/self/map_files/{address}"))
    return found
