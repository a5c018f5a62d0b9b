"""No translation: the target is the source."""

from collections.abc import Sequence

from voicectl.actors.translator.backend import ORIGINAL, Result, Source


class NoneBackend:
    """Gives every sentence back as it came, with the note ``original``; needs no model."""

    name = "none"
    device = "cpu"

    def translate(self, batch: Sequence[Source]) -> list[Result]:
        """Return the sources."""
        return [Result(source.text, (ORIGINAL,)) for source in batch]

    def close(self) -> None:
        """Do nothing: there is no model."""
