"""voicectl: hear your coding agent, in your own language, as it types, on your own machine."""


def __getattr__(name: str) -> str:
    """Look up ``__version__`` when it is asked for: the import takes longer than a hook may."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("voicectl")
