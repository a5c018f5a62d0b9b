"""Every error voicectl raises on purpose.

An error's text is one line for a person: what happened, then what to do about it.
"""


class VoicectlError(Exception):
    """Base of all errors that are reported as one line; the command exits with status 1."""


class UsageError(VoicectlError):
    """The command or its input was wrong; the command exits with status 2."""


class ConfigError(UsageError):
    """A configuration value is unknown or bad; the text names source, key and nearest valid name."""


class FrameError(VoicectlError):
    """A frame did not decode; the text says what was expected and what came."""


class BackendError(VoicectlError):
    """A translator or synthesizer backend failed on one sentence; the process is still sound."""


class BackendUnavailable(BackendError):
    """A backend cannot be loaded here (package, model or device missing); the text says how to get it."""


class SinkError(VoicectlError):
    """The audio output cannot be opened or was lost; the text says what to use instead."""


class SupervisorError(VoicectlError):
    """The pipeline cannot be reached, is already running or failed to start."""
