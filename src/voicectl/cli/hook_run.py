"""What a hook of the client does: it leaves the text in a spool, which the parser adopts within a second.

The client waits for its hooks, so this imports little, waits for nobody, and says nothing. One turn of a session
is one feed. A hook is a process of its own: what must be remembered from one to the next (the turn's feed and how
many bytes it has) lies in a small file for each session, which is locked while a hook works.
"""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from voicectl.actors.parser.formats import HOOKS
from voicectl.actors.parser.spool import Spool, SpoolHeader
from voicectl.actors.phrases.english import say
from voicectl.config.paths import spool_dir, state_dir

LOCK_TIMEOUT_S = 1.0
TRANSCRIPT_TIMEOUT_S = 0.3
TWICE_S = 2.0
"""Within this time a hook with the same words is the same hook, installed twice."""
TURN_LEFT_AFTER_S = 3600.0
"""After so long without text the parser takes a turn for left; what comes then is another one."""
FORGET_AFTER_S = 86_400.0

_QUIET = frozenset({"idle_prompt", "auth_success", "elicitation_complete", "elicitation_response"})
_FIELDS = (
    "hook_event_name",
    "session_id",
    "message_id",
    "index",
    "final",
    "delta",
    "last_assistant_message",
    "error",
    "task_id",
    "task_subject",
)


class SessionState(msgspec.Struct):
    """The open turn's feed and its bytes, and the last words that must not be said twice.

    ``at`` and ``left`` (when the turn's last text was) are wall clocks: hooks are processes, and share no other one.
    """

    turn: str = ""
    feed: str = ""
    offset: int = 0
    stopped: str = ""
    announced: str = ""
    at: float = 0.0
    left: float = 0.0


def run_hook(data: bytes) -> None:
    """Do what one hook is for; ``data`` is the JSON that the client gave it.

    Raises:
        OSError, ValueError: the state folder cannot be used, or ``data`` is no JSON.
    """
    event = msgspec.json.decode(data, type=dict[str, Any])
    # Of a subagent's text nothing is spoken; what runs without a terminal is read by voicectl feed, or by nobody.
    if event.get("agent_id") or os.environ.get("CLAUDE_CODE_ENTRYPOINT", "").startswith("sdk"):
        return
    session = str(event.get("session_id") or "session")
    with _session(session) as state:
        name = event.get("hook_event_name")
        if name == "Notification":
            _announce(session, _notification(event), str(event.get("notification_type") or ""), state)
        elif name in ("Stop", "StopFailure"):
            _stop(session, event, state)
        elif name in ("MessageDisplay", "TaskCompleted"):
            _turn(session, str(event.get("turn_id") or state.turn), state)
            _leave(session, event, state)
        elif name == "SessionEnd" and state.feed:  # in mid-turn
            _spool(session, state, b"", ends=True)
            state.turn = state.feed = ""


def _turn(session: str, turn: str, state: SessionState) -> None:
    """Begin a feed where a turn begins; one that was interrupted gets its end now."""
    if state.feed and turn != state.turn and state.turn:
        _spool(session, state, b"", ends=True)
        state.feed = ""
    state.turn = turn
    if not state.feed or time.time() - state.left > TURN_LEFT_AFTER_S:
        state.feed, state.offset = f"hook-{time.time_ns():020d}", 0


def _leave(session: str, event: dict[str, Any], state: SessionState, ends: bool = False) -> None:
    line = msgspec.json.encode({field: event[field] for field in _FIELDS if field in event}) + b"\n"
    _spool(session, state, line, ends)


def _stop(session: str, event: dict[str, Any], state: SessionState) -> None:
    """End the turn; what it said last is spoken as far as it was not displayed."""
    text = event.get("last_assistant_message") or _last_words(str(event.get("transcript_path") or ""))
    words = _digest(f"{event.get('prompt_id')} {text}")
    is_same = words == state.stopped and bool(event.get("prompt_id") or event.get("stop_hook_active"))
    if not state.feed and (is_same or (words == state.stopped and time.time() - state.at < TWICE_S)):
        return
    _turn(session, state.turn, state)
    _leave(session, {**event, "last_assistant_message": text}, state, ends=True)
    state.turn = state.feed = ""
    state.stopped, state.at = words, time.time()


def _notification(event: dict[str, Any]) -> str:
    """Return what a notification says; a request for permission names the tool, if the client does."""
    text, tool = str(event.get("message") or ""), str(event.get("tool_name") or "")
    is_nameless = event.get("notification_type") == "permission_prompt" and tool and tool not in text
    return say("permission_tool", tool=tool) if is_nameless else text


def _announce(session: str, text: str, kind: str, state: SessionState) -> None:
    """Say that the session waits for the user, before everything that is queued."""
    if not text or kind in _QUIET or (not kind and "waiting for your input" in text):
        return
    words = _digest(text)
    if words == state.announced and time.time() - state.at < TWICE_S:
        return
    header = SpoolHeader(feed=f"announce-{time.time_ns():020d}", session=session[:200], format="text", announce=True)
    spool = Spool(spool_dir(), header, tell=_silent)
    spool.append(text.encode("utf-8", "replace"))
    spool.close(keep=True)
    state.announced, state.at = words, time.time()


def _spool(session: str, state: SessionState, data: bytes, ends: bool) -> None:
    header = SpoolHeader(feed=state.feed, session=session[:200], format=HOOKS, base=state.offset, ends=ends)
    spool = Spool(spool_dir(), header, tell=_silent, name=f"{state.feed}-{state.offset:012d}")
    spool.append(data)
    spool.close(keep=True)
    state.offset += len(data)
    state.left = time.time()


def _silent(_: str) -> None:
    """Nobody would see it."""


@contextlib.contextmanager
def _session(session: str) -> Iterator[SessionState]:
    """Lock and read what is remembered of a session; write it back."""
    folder = state_dir() / "hooks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{_digest(session)}.json"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        data = os.pread(descriptor, 1 << 16, 0)
        try:
            state = msgspec.json.decode(data, type=SessionState)
        except msgspec.MsgspecError:  # new, or half written
            state = SessionState()
            _forget_old(folder)
        yield state
        data = msgspec.json.encode(state)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, data, 0)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Wait for another hook of the session, but not for long.

    Raises:
        OSError: it does not come to its end.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def _forget_old(folder: Path) -> None:
    for path in folder.glob("*.json"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - FORGET_AFTER_S:
                path.unlink()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


# -- clients before 2.1.47, which do not say what the last message was ---------------------------


def _last_words(transcript: str) -> str:
    """Return the text of the last message in a transcript, which may be written a moment later."""
    deadline = time.monotonic() + TRANSCRIPT_TIMEOUT_S
    while transcript and not (text := _last_message(Path(transcript).expanduser())):
        if time.monotonic() > deadline:
            return ""
        time.sleep(0.02)
    return text if transcript else ""


def _last_message(transcript: Path) -> str:
    """Return the text of the last message, if nothing but it follows the user's last word."""
    try:
        with transcript.open("rb") as file:
            file.seek(max(0, transcript.stat().st_size - (1 << 18)))
            lines = file.read().splitlines()
    except OSError:
        return ""
    name, texts = "", []
    for line in reversed(lines):
        try:
            fields = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.MsgspecError, ValueError):
            continue  # the first one may be cut
        message = fields.get("message")
        if fields.get("isSidechain") or fields.get("isMeta") or not isinstance(message, dict):
            continue
        if fields.get("type") != "assistant" or (name and message.get("id") != name):
            break
        name = message.get("id") or name
        blocks = message.get("content")
        texts += [str(b.get("text")) for b in reversed(blocks or []) if isinstance(b, dict) and b.get("type") == "text"]
    return "".join(reversed(texts))
