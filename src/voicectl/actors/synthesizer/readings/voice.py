"""A Japanese voice that reads English, code, numbers and symbols as a Japanese developer says them."""

from collections.abc import Iterator
from pathlib import Path

from voicectl.actors.synthesizer.backend import Pcm, SynthesizerBackend
from voicectl.actors.synthesizer.readings.reader import Reader
from voicectl.config.paths import user_config_path

OWN = "readings.tsv"
"""The user's own dictionary, beside the user's configuration."""


class ReadingVoice:
    """Hands a backend the text as it is said; everything else is the backend's own."""

    def __init__(self, backend: SynthesizerBackend, reader: Reader) -> None:
        self._backend = backend
        self._reader = reader
        self.name = backend.name
        self.device = backend.device
        self.voice = backend.voice
        self.sample_rate = backend.sample_rate

    def synthesize(self, text: str) -> Iterator[Pcm]:
        """Yield the speech of one sentence, chunk by chunk.

        Raises:
            BackendError: this sentence could not be spoken; the backend can still be used.
        """
        return self._backend.synthesize(self._reader.read(text))

    def close(self) -> None:
        """Free the model."""
        self._backend.close()


def reading(backend: SynthesizerBackend, configured: str) -> ReadingVoice:
    """Return a Japanese backend as one that reads, with the dictionary that ``synthesizer.readings`` names.

    Raises:
        ConfigError: the dictionary cannot be read, or a line of it is not an entry.
    """
    return ReadingVoice(backend, Reader(own_dictionary(configured)))


def own_dictionary(configured: str) -> Path | None:
    """Return the file that ``synthesizer.readings`` names, else ``readings.tsv`` beside the user's own file, if any."""
    if configured:
        return Path(configured)
    path = user_config_path().with_name(OWN)
    return path if path.is_file() else None
