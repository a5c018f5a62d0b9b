"""voicectl: hear your coding agent, in your own language, as it types, on your own machine."""

from importlib.metadata import version

__version__ = version("voicectl")
