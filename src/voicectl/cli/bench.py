"""``voicectl bench``: the standard session, measured on this machine."""

import os
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
import psutil
from rich.console import Console

from voicectl import __version__
from voicectl.cli.bench_report import Report, StageCost, hops, latencies, view
from voicectl.cli.bench_session import Answer, Player, standard_session
from voicectl.cli.client import ask
from voicectl.cli.launch import Launch
from voicectl.cli.options import raw_settings_options
from voicectl.cli.trace import fetch
from voicectl.config.load import load_settings
from voicectl.config.settings import Settings
from voicectl.protocol.errors import UsageError, VoicectlError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Keep the figures.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Compare with these.",
)
@raw_settings_options
def bench(
    as_json: bool,
    save: Path | None,
    against: Path | None,
    config: Path | None,
    overrides: tuple[str, ...],
    profile: str | None,
) -> None:
    """Measure the standard session on this machine: about three minutes, without a sound.

    It runs beside a pipeline that is already up, in folders of its own.
    """
    settings = load_settings(config, (*overrides, "sink.spec=null"), profile).settings
    then = read_report(against) if against else None
    save = save.absolute() if save else None
    report = measure(settings, standard_session(), _progress)
    data = msgspec.json.encode(report)
    if save:
        _save(save, data)
    if as_json:
        click.echo(data)
    else:
        Console().print(view(report, then))


def read_report(path: Path) -> Report:
    """Return what ``--save`` has kept.

    Raises:
        UsageError: the file does not hold that.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError) as exc:
        raise UsageError(f"{path} was not written by voicectl bench --save ({exc}); name another file") from exc


def measure(settings: Settings, answers: list[Answer], progress: Callable[[int, int], None]) -> Report:
    """Play the session through a pipeline of its own and return the figures.

    Raises:
        VoicectlError: the pipeline cannot start, or an answer is not spoken.
    """
    with tempfile.TemporaryDirectory(prefix="vcbench-") as folder:
        os.environ["VOICECTL_RUNTIME_DIR"] = f"{folder}/r"
        os.environ["VOICECTL_STATE_DIR"] = f"{folder}/s"
        launch = Launch(settings, lifeline=True)
        try:
            launch.wait_until_up(lambda *_: None)
            return _play(launch.process.pid, answers, progress)
        finally:
            launch.close()
            launch.process.wait()


def _play(supervisor: int, answers: list[Answer], progress: Callable[[int, int], None]) -> Report:
    with Player() as player:
        status = ask("status")
        pids = {stage["name"]: stage["pid"] for stage in status["stages"]} | {"supervisor": supervisor}
        processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        began, before = time.monotonic(), {name: _cpu_s(process) for name, process in processes.items()}
        player.play(answers, lambda number: progress(number, len(answers)))
        seconds = time.monotonic() - began
    try:
        costs = {
            name: StageCost(cpu_s=round(_cpu_s(process) - before[name], 3), peak_mb=_peak_mb(process))
            for name, process in processes.items()
        }
    except psutil.Error as exc:
        raise VoicectlError(f"a stage was restarted while it was measured ({exc}); run it again") from exc
    return _report(status, costs, seconds)


def _report(status: dict[str, Any], costs: dict[str, StageCost], seconds: float) -> Report:
    record = fetch()
    return Report(
        version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine={"system": platform.platform(), "cores": os.cpu_count() or 0, "python": platform.python_version()},
        backends={stage["name"]: stage["backend"] for stage in status["stages"] if stage["backend"]},
        seconds=round(seconds, 1),
        **latencies(record),
        hops=hops(record),
        underruns=ask("stats")["counters"]["sink"].get("underruns", 0),
        stages=costs,
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _peak_mb(process: psutil.Process) -> float:
    """Return the peak of resident memory; where the system does not keep it, what is used now."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        lines = []
    peak = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)
    return round(process.memory_info().rss / 2**20 if peak is None else peak, 1)


def _save(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data + b"\n")
    except OSError as exc:
        raise VoicectlError(f"{path} cannot be written: {exc.strerror}; choose another file") from exc


def _progress(number: int, count: int) -> None:
    """Say on a terminal how far it is."""
    if Console(stderr=True).is_terminal:
        click.echo(f"\ranswer {number} of {count}" + (" (to its end)\n" if number == count else ""), err=True, nl=False)
