"""The interface of every translator backend."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from voicectl.protocol.errors import BackendUnavailable
from voicectl.protocol.message import Span

ORIGINAL = "original"
"""Note: the text is the source text, at least in part."""
REFUSED = "refused"
"""Note: no translation was fit to be heard; another backend may have one."""


class Source(NamedTuple):
    """One sentence to translate and the spans in it that must survive verbatim."""

    text: str
    spans: tuple[Span, ...] = ()


class Result(NamedTuple):
    """One translation; ``notes`` say what was unusual, e.g. ``original`` when it is the source text.

    ``language`` is the BCP 47 tag of a source text that was kept, where the backend has detected it.
    """

    text: str
    notes: tuple[str, ...] = ()
    language: str = ""


class TranslatorBackend(Protocol):
    """Translates between the two languages it was loaded for; loading happens in its constructor."""

    name: str
    device: str

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Return one result for each source, in order.

        Raises:
            BackendError: these sentences could not be translated (out of memory, lost device);
                the backend itself can still be used or says so.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


@runtime_checkable
class Polyglot(TranslatorBackend, Protocol):
    """A backend that can be told, between two sentences, that the next are in another language."""

    def set_source(self, code: str) -> None:
        """Take this FLORES-200 code for the language of what comes next.

        Raises:
            BackendUnavailable: the model does not know it.
        """
        ...


class WrongDevice(BackendUnavailable):
    """A device computes something else than the CPU; the text says which one and what was to be seen."""


def first_line(exc: Exception) -> str:
    """Return the first line of an exception of a model library, to be quoted in an error of ours."""
    return (str(exc).strip().splitlines() or [type(exc).__name__])[0]
