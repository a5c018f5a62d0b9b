"""What is known of the ``edge`` voices without importing their libraries, for the table of backends."""

from voicectl.actors.synthesizer.backend import SynthesizerBackend
from voicectl.actors.synthesizer.voice import VoiceInfo, importable
from voicectl.config.settings import SynthesizerSettings
from voicectl.protocol.errors import BackendUnavailable

NAME = "edge"
INSTALL = "pip install 'voicectl[edge]'"

_LIST = "edge-tts --list-voices names them"


def load(settings: SynthesizerSettings, language: str) -> SynthesizerBackend:
    """Return the backend.

    Raises:
        BackendUnavailable: a package is missing, or the service cannot be reached.
        ConfigError: the service has no voice of the configured name.
    """
    if not importable("edge_tts", "miniaudio"):
        raise BackendUnavailable(f"edge needs edge-tts and miniaudio: {INSTALL}")
    from voicectl.actors.synthesizer.edge.backend import EdgeBackend

    return EdgeBackend(settings, language)


def installed(_settings: SynthesizerSettings, _language: str | None) -> list[VoiceInfo]:
    """Return no voices: they are the service's, and listing them would ask it."""
    return []


def missing(_settings: SynthesizerSettings, _language: str | None) -> str | None:
    """Return how to get the voices of the service."""
    get = _LIST if importable("edge_tts", "miniaudio") else INSTALL
    return f"Microsoft's, in the cloud: what is spoken leaves your machine; only if you name it ({get})"


def auto(_settings: SynthesizerSettings, _language: str) -> str | None:
    """Return None: a service in the cloud is never taken unasked."""
    return None
