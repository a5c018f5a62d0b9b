"""The demonstration behind ``make demo``: a recorded agent session, spoken in Japanese.

It uses only what ships with voicectl (the profile ``offline``), in folders of its own: neither the user's settings nor
a pipeline that is already running is touched. The sound goes to the sink that is named on the
command line (as for ``voicectl up --sink``), else to the audio device, else to ``demo.wav``.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[1]
VOICECTL = Path(sys.executable).with_name("voicectl")


def run(env: dict[str, str], *arguments: str, may_fail_with: str = "\0") -> bool:
    """Run a command, return whether it worked; a failure without the expected text ends the demonstration."""
    with tempfile.TemporaryFile("w+") as errors:
        status = subprocess.run([VOICECTL, *arguments], env=env, stderr=errors, check=False).returncode
        errors.seek(0)
        text = errors.read()
    sys.stderr.write(text)
    if status and may_fail_with not in text:
        sys.exit(f"demo: 'voicectl {arguments[0]}' ended with status {status}")
    return status == 0


def kill_all(runtime: str) -> None:
    """Kill what is left of the pipeline in this runtime folder, which is ours alone."""
    running = psutil.process_iter(["environ"])
    left = [each for each in running if (each.info["environ"] or {}).get("VOICECTL_RUNTIME_DIR") == runtime]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=5)


def describe(wav: Path) -> str:
    """Return one line on a WAV file; a silent one ends the demonstration."""
    with wave.open(os.fspath(wav)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
        if not np.frombuffer(sound.readframes(sound.getnframes()), np.int16).any():
            sys.exit(f"demo: {wav} is silent")
    return f"The sound is in {wav} ({seconds:.1f} s)."


def main() -> None:
    """Start a pipeline, speak the recording with captions, print the latency record, stop."""
    sink = "".join(sys.argv[1:2])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="vcdemo-") as folder, contextlib.ExitStack() as ends:
        own = {"VOICECTL_RUNTIME_DIR": f"{folder}/r", "VOICECTL_STATE_DIR": f"{folder}/s", "XDG_CONFIG_HOME": folder}
        env = {key: value for key, value in os.environ.items() if not key.startswith("VOICECTL_")} | own
        ends.callback(kill_all, own["VOICECTL_RUNTIME_DIR"])
        up = ("up", "--detach", "--profile", "offline", "--sink")
        if not run(env, *up, sink or "device", may_fail_with="\0" if sink else "voicectl: sink:"):
            sink = f"wav:{ROOT / 'demo.wav'}"
            run(env, *up, sink)
        began = time.monotonic()
        run(env, "feed", "--captions", os.fspath(ROOT / "examples" / "agentic.partial.jsonl"))
        seconds = time.monotonic() - began
        run(env, "stats")
        run(env, "down")
    wav = Path(sink.removeprefix("wav:").partition(",")[0])
    print(describe(wav) if sink.startswith("wav:") else f"The sound was played ({sink or 'device'}, {seconds:.0f} s).")


if __name__ == "__main__":
    main()
