"""The English of voicectl's own words; every catalogue translates these, key by key.

The English is what travels through the pipeline and what the history shows as the source.
"""

ONE = "_one"
"""The end of the key of a phrase for a ``count`` of one."""

PHRASES = {
    "translator_failed": "The translator {backend} has failed. It goes on with {successor}.",
    "translator_gone": "The translator {backend} has failed. It goes on without translation.",
    "translator_back": "The translator is back on {backend}.",
    "synthesizer_failed": "The synthesizer {backend} has failed. It goes on with {successor}.",
    "synthesizer_back": "The synthesizer is back on {backend}.",
    "skipped": "The old text was omitted.",
    "task": "Task completed:",
    "tasks": "{count} tasks are done.",
    "code": "Code block, {count} lines.",
    "code_one": "Code block, {count} line.",
    "code_in": "Code block, {count} lines of {language}.",
    "code_in_one": "Code block, {count} line of {language}.",
    "permission": "Claude needs your permission.",
    "permission_tool": "Claude needs your permission to use {tool}.",
    "waiting": "Claude is waiting for your input.",
}
"""The last three are Claude Code's notifications, word for word."""


def say(key: str, **values: object) -> str:
    """Return a phrase with its values; a ``count`` of one takes the singular, where there is one."""
    if values.get("count") == 1 and key + ONE in PHRASES:
        key += ONE
    return PHRASES[key].format_map(values)
