"""Logging: structlog events as JSON lines in a file of the process's own, and as plain lines on a terminal.

Losing a log line is better than losing a sentence: whatever happens to the file, the caller is not disturbed.
"""

import contextlib
import datetime as dt
import json
import logging
import os
import sys
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor, WrappedLogger

from voicectl.config.settings import LogSettings

_FIRST = ("timestamp", "level", "stage", "pid", "event")
_UNSHOWN = frozenset({"timestamp", "level", "stage", "pid", "event", "logger", "exception", "stack"})


class LogFile(RotatingFileHandler):
    """A log file that rotates by size; what goes wrong with it is said once on stderr and never raised."""

    def __init__(self, path: Path, settings: LogSettings) -> None:
        # Nothing is opened before the first event. A lone surrogate becomes \udcXX, which JSON reads back.
        super().__init__(
            path,
            maxBytes=settings.max_bytes,
            backupCount=settings.keep,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )
        self._complained = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name logging calls
        """Drop the record, tell the user once, and open the file anew at the next event."""
        error = sys.exc_info()[1]
        if self.stream:
            with contextlib.suppress(OSError, ValueError):
                self.stream.close()  # cannot flush what did not fit
            self.stream = None  # logging's own mark of "not open"
        if not self._complained:
            self._complained = True
            reason = getattr(error, "strerror", None) or error
            with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr may be closed as well
                sys.stderr.write(f"voicectl: cannot write {self.baseFilename} ({reason}); going on without this log\n")


class Terminal(logging.StreamHandler[Any]):
    """Human lines on stderr; a terminal that is gone is nobody's problem."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name logging calls
        """Drop the record: there is nowhere left to complain."""


def set_up_logging(name: str, settings: LogSettings, log_dir: Path, terminal: bool) -> None:
    """Send everything that this process logs, structlog's and the standard library's, to its own file.

    The file is ``log_dir/NAME.jsonl``: one JSON object a line with ``timestamp`` (RFC 3339, UTC), ``level``, ``stage``,
    ``pid``, ``event`` and the event's own keys. ``terminal`` adds plain lines on stderr. A second call replaces the
    first. Never raises for a folder or a disk that cannot be written.
    """
    shared = _processors(name)
    handlers: list[logging.Handler] = [_with_format(LogFile(log_dir / f"{name}.jsonl", settings), shared, _as_json)]
    if terminal:
        handlers.append(_with_format(Terminal(sys.stderr), shared, _as_line))
    with contextlib.suppress(OSError):  # the first event says what is wrong with the folder
        log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    close_logging()
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(settings.level.upper())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def close_logging() -> None:
    """Close the log file and take back what ``set_up_logging`` added."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LogFile | Terminal)]:
        root.removeHandler(handler)
        with contextlib.suppress(OSError, ValueError):
            handler.close()


def _processors(name: str) -> list[Processor]:
    """Return what is done to every event, whoever logged it, before it is rendered."""

    def identify(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("stage", name)
        event["pid"] = os.getpid()
        return {key: event.pop(key) for key in _FIRST if key in event} | dict(event)

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        identify,
    ]


def _with_format(handler: logging.Handler, shared: list[Processor], renderer: Processor) -> logging.Handler:
    """Return the handler, rendering structlog's and foreign records alike."""
    steps = [ProcessorFormatter.remove_processors_meta, renderer]
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=shared, processors=steps))
    return handler


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Render an event as one JSON object; what JSON does not know is written as its ``repr``."""
    return json.dumps(event, ensure_ascii=False, default=repr)


def _as_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Render an event as a line for a person."""
    return human_line(event)


def human_line(event: Mapping[str, Any]) -> str:
    """Return an event as ``TIME LEVEL STAGE EVENT KEY=VALUE …`` in local time; a traceback follows, indented."""
    keys = " ".join(f"{without_controls(key)}={_plain(value)}" for key, value in event.items() if key not in _UNSHOWN)
    time, level, stage, text = (str(event.get(key, "")) for key in ("timestamp", "level", "stage", "event"))
    line = f"{local_time(time)} {without_controls(f'{level:<7} {stage:<11} {text}')} {keys}".rstrip()
    trace = str(event.get("exception", "")).splitlines()
    return "\n".join([line, *(f"    {without_controls(each)}" for each in trace)])


def _plain(value: object) -> str:
    """Return a value as it is shown behind ``KEY=``; texts with spaces in quotes."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    quoted = isinstance(value, str) and (" " in text or not text)
    return without_controls(f'"{text}"' if quoted else text)


def local_time(timestamp: str) -> str:
    """Return an RFC 3339 time as local time to the millisecond; anything else as it is."""
    try:
        return dt.datetime.fromisoformat(timestamp).astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return without_controls(timestamp)


def without_controls(text: str) -> str:
    """Return a text whose control characters are spelled out, so that a log cannot drive the terminal."""
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in text)
