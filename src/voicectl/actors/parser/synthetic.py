"""What the client says itself, in messages it makes up: errors, and the reports of its commands."""

import re
from typing import Any, Literal

from voicectl.actors.parser.streamlines import Line

SILENT_TEXTS = frozenset({"(no content)", "No response requested."})
"""What the client puts where there is no text."""

Kind = Literal["error", "limit", "refusal", "report"]

_LIMIT = re.compile(r"output token maximum")
_REFUSAL = re.compile(r"unable to respond to this request|safeguards flagged")
_ERRORS = ("API Error", "Error")


def is_synthetic(line: Line, message: dict[str, Any]) -> bool:
    """Say whether the client made a message up."""
    return bool(message.get("model") == "<synthetic>" or line.is_api_error_message)


def kind_of(line: Line, message: dict[str, Any], text: str) -> Kind:
    """Return what a text by the client is; not every version marks errors or reports.

    A ``limit`` may not be the last word: some versions go on with the answer behind it.
    """
    if not (line.is_api_error_message or line.error or line.api_error):
        if line.local_command_source or line.local_command_run or message.get("stop_reason") == "end_turn":
            return "report"
        if "\n" in text.strip() and not text.lstrip().startswith(_ERRORS):
            return "report"
    if _LIMIT.search(text):
        return "limit"
    return "refusal" if message.get("stop_reason") == "refusal" or _REFUSAL.search(text) else "error"
