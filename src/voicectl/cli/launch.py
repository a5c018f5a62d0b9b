"""Starting a pipeline's supervisor and following its start."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import IO

import msgspec

from voicectl.config.paths import ensure_dir, ensure_runtime_dir, log_dir
from voicectl.config.settings import Settings
from voicectl.protocol.errors import SupervisorError
from voicectl.supervisor.progress import FAILED, Progress

Follow = Callable[[str, str], None]
"""Called with a stage and what became of it."""


class Launch:
    """A supervisor that was started; ``lifeline`` ends it when this process does."""

    def __init__(self, settings: Settings, fresh: bool = False, lifeline: bool = False) -> None:
        runtime = ensure_runtime_dir()
        settings_file = runtime / f"settings.{os.getpid()}.json"
        settings_file.write_bytes(msgspec.json.encode(settings))
        read, write = os.pipe()
        command = [sys.executable, "-m", "voicectl.supervisor", "--settings", str(settings_file)]
        command += ["--progress-fd", str(write), *(["--fresh"] if fresh else []), *(["--lifeline"] if lifeline else [])]
        with (ensure_dir(log_dir()) / "supervisor.stderr").open("ab") as stderr:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if lifeline else subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                pass_fds=(write,),
                start_new_session=True,
            )
        os.close(write)
        self._settings_file = settings_file
        self._progress: IO[bytes] = os.fdopen(read, "rb")

    def wait_until_up(self, follow: Follow) -> None:
        """Return when every stage is ready.

        Raises:
            SupervisorError: a stage cannot start; the text is its one line.
        """
        try:
            failure = self._follow(follow)
        except KeyboardInterrupt:
            self.abort()
            raise
        if failure is None:
            return
        self.process.wait()
        self._settings_file.unlink(missing_ok=True)
        raise SupervisorError(failure or "the pipeline ended while it started; see voicectl logs supervisor")

    def _follow(self, follow: Follow) -> str | None:
        """Read the progress; return None when the pipeline is up, else why it is not."""
        failure = ""
        for line in self._progress:
            progress = msgspec.json.decode(line, type=Progress)
            if progress.text.startswith(FAILED):
                failure = failure or _failure(progress)
            elif progress == Progress("", "up"):
                return None
            elif progress.stage:
                follow(progress.stage, progress.text)
        return failure

    def failure(self) -> str:
        """Return why a pipeline that was up gave up (after its process has ended), or an empty string."""
        progress = [msgspec.json.decode(line, type=Progress) for line in self._progress]
        return next((_failure(each) for each in progress if each.text.startswith(FAILED)), "")

    def abort(self) -> None:
        """Stop a pipeline that is starting, at once."""
        for _ in range(2):  # the second signal asks not to finish the sentence
            self.process.terminate()
        self.process.wait()

    def close(self) -> None:
        """Let go of the pipes; with a lifeline this stops the pipeline."""
        self._progress.close()
        if self.process.stdin:
            self.process.stdin.close()


def _failure(progress: Progress) -> str:
    stage = f"{progress.stage}: " if progress.stage else ""
    return stage + progress.text.removeprefix(FAILED)
