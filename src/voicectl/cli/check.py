"""One item of the doctor's checklist, and asking a child process what could crash or hang this one."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from voicectl.protocol.errors import VoicectlError

State = Literal["ok", "warn", "fail"]


class Check(NamedTuple):
    """What was looked at, how it is, what was found, and what to do about it (empty when it is ok)."""

    name: str
    state: State
    detail: str
    advice: str = ""


def guarded(name: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Yield the checks of ``look``; an error in it is a failed check, not the end of the checklist."""
    try:
        yield from look()
    except VoicectlError as exc:
        what, _, advice = str(exc).rpartition("; ")
        yield Check(name, "fail", what or advice, advice if what else "see 'voicectl logs'")
    except Exception as exc:
        yield Check(name, "fail", f"{type(exc).__name__}: {exc}", "this is a bug in voicectl; please report this line")


class ChildError(Exception):
    """A child process crashed, failed or hung; the text is one line that says how."""


def ask_child(code: str, timeout_s: float) -> Any:
    """Run Python code in a child process and return the JSON value it prints last.

    Raises:
        ChildError: the child failed or took longer than ``timeout_s`` seconds.
    """
    # -P: a torch.py in the current folder must not be taken for the package.
    command = [sys.executable, "-P", "-c", code]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False, text=True
        )
    except subprocess.TimeoutExpired as exc:
        raise ChildError(f"no answer within {timeout_s:g} s") from exc
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ChildError(last or f"ended with status {done.returncode}")
    return json.loads(done.stdout.strip().rpartition("\n")[2])
