"""The client's settings file: voicectl's hooks go in and come out, everything else stays as it is."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from voicectl.protocol.errors import ConfigError

TIMEOUT_S = 10
_VERSION_TIMEOUT_S = 20

EVENTS = {
    "MessageDisplay": (2, 1, 152),
    "Stop": (1, 0, 38),
    "StopFailure": (2, 1, 78),
    "Notification": (1, 0, 38),
    "TaskCompleted": (2, 1, 33),
    "SessionEnd": (1, 0, 85),
}
"""The hooks, each with the version of the client that brought it. Clients before 2.1.101 ignore a settings file that
names one they do not know. Source: the client's change log."""

_OWN = re.compile(r"voicectl(?:['\"]|\.exe)? hooks run\s*$")


def default_settings(project: bool) -> Path:
    """Return the user's settings file, or that of the project in this folder."""
    if project:
        return Path(".claude/settings.json").absolute()
    return Path(os.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude").expanduser() / "settings.json"


def client_version() -> tuple[int, ...]:
    """Return the version of the installed client, or () when there is none that says."""
    claude = shutil.which("claude")
    if claude is None:
        return ()
    try:
        done = subprocess.run(
            [claude, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found else ()


def events_for(version: tuple[int, ...]) -> list[str]:
    """Return the hooks that a client of this version (unknown: the newest) has."""
    return [event for event, since in EVENTS.items() if not version or version >= since]


def hook_command() -> str:
    """Return the command line that runs a hook, by absolute paths: the client's PATH may be another one."""
    program = Path(sys.argv[0]).absolute()
    if program.name == "voicectl" and os.access(program, os.X_OK):
        return f"{shlex.quote(str(program))} hooks run"
    return f"{shlex.quote(sys.executable)} -m voicectl hooks run"


class Written(NamedTuple):
    """A text of the settings and the object in it; an absent file has neither."""

    text: str | None
    data: dict[str, Any]


class HookSettings:
    """One settings file; its backup is what it was before voicectl wrote it."""

    def __init__(self, path: Path) -> None:
        """Name the file; a link is followed, so that it stays one."""
        self.path = path.resolve()
        self.backup = self.path.with_name(self.path.name + ".voicectl-backup")

    def installed(self) -> dict[str, str]:
        """Return the events that voicectl's hooks are installed for, with their commands."""
        found = {}
        for event, groups in _hooks(self._read().data, self.path).items():
            for group in groups if isinstance(groups, list) else []:
                for hook in _commands(group):
                    if _is_own(hook):
                        found[event] = str(hook["command"])
        return found

    def disabled(self) -> bool:
        """Return whether the file turns all hooks off."""
        return self._read().data.get("disableAllHooks") is True

    def install(self, events: list[str], command: str) -> bool:
        """Add the hooks; False: they are there already.

        Raises:
            ConfigError: the file cannot be read, is no JSON, or its hooks are no object.
        """
        if self.installed() == dict.fromkeys(events, command):
            return False
        before = self._read()
        data = _with_hooks(_without_hooks(before.data, self.path), events, command)
        if not self.installed():
            self._keep(before.text)
        self._write(_dump(data, before.text or ""))
        return True

    def remove(self) -> bool:
        """Take the hooks out; False: there are none.

        A file that nobody else has changed since gets its old bytes back.
        """
        installed = self.installed()
        if not installed:
            return False
        now = self._read()
        data = _without_hooks(now.data, self.path)
        old = self._read_backup()
        command = next(iter(installed.values()))
        if old and _with_hooks(_without_hooks(old.data, self.path), list(installed), command) == now.data:
            self._write(str(old.text))
        elif data or old is not None:
            self._write(_dump(data, now.text or ""))
        else:
            self.path.unlink()
        self.backup.unlink(missing_ok=True)
        return True

    def _read(self) -> Written:
        return _read(self.path)

    def _read_backup(self) -> Written | None:
        try:
            return _read(self.backup) if self.backup.exists() else None
        except ConfigError:
            return None

    def _keep(self, text: str | None) -> None:
        """Keep what the file was; of a file that was not there nothing."""
        if text is None:
            self.backup.unlink(missing_ok=True)
        else:
            _replace(self.backup, text, like=self.path)

    def _write(self, text: str) -> None:
        _replace(self.path, text, like=self.path)


def _read(path: Path) -> Written:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Written(None, {})
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"cannot read {path}: {exc}; nothing was changed") from exc
    try:
        data = json.loads(text or "{}", object_pairs_hook=_unique)
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{path} is not valid JSON ({exc}); correct it first, nothing was changed") from exc
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds no JSON object; correct it first, nothing was changed")
    return Written(text, data)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; of a key that is there twice one value would be lost."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _replace(path: Path, text: str, like: Path) -> None:
    """Write a file so that at any time it is the old one or the new one, with the mode of ``like``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if like.exists():
                shutil.copymode(like, name)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as exc:
        raise ConfigError(f"cannot write {path}: {exc.strerror}; nothing was changed") from exc


def _dump(data: dict[str, Any], old: str) -> str:
    """Return the text of an object, indented and ended as ``old`` was."""
    found = re.search(r"\n([ \t]+)\S", old)
    indent: str | int = found.group(1) if found else 2
    end = "" if old.strip() and not old.endswith("\n") else "\n"
    text = json.dumps(data, indent=indent, ensure_ascii=False) + end
    return text.replace("\n", "\r\n") if "\r\n" in old else text


def _hooks(data: dict[str, Any], path: Path) -> dict[str, Any]:
    hooks = data.get("hooks", {})
    if not isinstance(hooks, dict):
        raise ConfigError(f"'hooks' in {path} is no object; correct it first, nothing was changed")
    return hooks


def _commands(group: Any) -> list[Any]:
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return hooks if isinstance(hooks, list) else []


def _is_own(hook: Any) -> bool:
    command = hook.get("command") if isinstance(hook, dict) else None
    return isinstance(command, str) and _OWN.search(command) is not None


def _with_hooks(data: dict[str, Any], events: list[str], command: str) -> dict[str, Any]:
    hook = {"type": "command", "command": command, "timeout": TIMEOUT_S}
    hooks = dict(data.get("hooks", {}))
    for event in events:
        groups = hooks.get(event, [])
        if not isinstance(groups, list):
            raise ConfigError(f"the hooks of {event} are no list; correct the file first, nothing was changed")
        hooks[event] = [*groups, {"hooks": [dict(hook)]}]
    return {**data, "hooks": hooks}


def _without_hooks(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the settings without voicectl's hooks, and without the places that only they had."""
    hooks = {}
    for event, groups in _hooks(data, path).items():
        kept = [_kept(group) for group in groups] if isinstance(groups, list) else groups
        kept = [group for group in kept if group is not None] if isinstance(groups, list) else groups
        if kept or kept == groups:
            hooks[event] = kept
    if hooks or not data.get("hooks"):
        return {key: (hooks if key == "hooks" else value) for key, value in data.items()}
    return {key: value for key, value in data.items() if key != "hooks"}


def _kept(group: Any) -> Any:
    """Return a group without voicectl's hooks; None when nothing is left of it."""
    commands = _commands(group)
    kept = [hook for hook in commands if not _is_own(hook)]
    if len(kept) == len(commands):
        return group
    return {**group, "hooks": kept} if kept else None
