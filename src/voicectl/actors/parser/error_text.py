"""What is said of an agent's error."""

import re

import msgspec

_IDS = re.compile(
    r"\s*[(\[]?\b(?:(?:request|message|session)[ _-]?id:?\s*\S+|(?:req|msg)_[A-Za-z0-9]{16,})[)\]]?", re.IGNORECASE
)


def error_text(text: str) -> str:
    """Return an error message without the ids in it; of an error in JSON only its message is left."""
    brace = text.find("{")
    if brace >= 0:
        try:
            error = msgspec.json.decode(text[brace : text.rfind("}") + 1])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            error = None
        error = error.get("error", error) if isinstance(error, dict) else None
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            text = text[:brace] + error["message"]
    return _IDS.sub("", text)
