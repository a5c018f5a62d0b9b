"""``voicectl stats`` and ``voicectl status``."""

import time
from collections.abc import Callable
from typing import Any

import click
import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from voicectl.cli.client import ask

REFRESH_S = 1.0
QUANTILES = ("p50", "p90", "p99", "max")
TOTALS = {
    "ttfa": "time to first audio, first sentence",
    "ttfa_later": "time to first audio, later sentences",
    "machinery": "of which our own machinery (first sentence)",
    "certainty": "before it: wait until the sentence's end is certain",
    "device": "behind it: latency of the device",
}
COLOURS = {"ready": "green", "starting": "yellow", "backoff": "yellow", "failed": "red", "stopped": "red"}


@click.command()
@click.option("--watch", is_flag=True, help="Refresh until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def stats(watch: bool, as_json: bool) -> None:
    """Show the latency record: waiting, working and wire time of each hop, and time to first audio."""
    _show("stats", stats_view, watch, as_json)


@click.command()
@click.option("--watch", is_flag=True, help="Refresh until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(watch: bool, as_json: bool) -> None:
    """Show each stage's state; the exit status is 1 while any is not ready."""
    if not _show("status", status_view, watch, as_json)["ready"]:
        raise SystemExit(1)


def _show(verb: str, view: Callable[[dict[str, Any]], RenderableType], watch: bool, as_json: bool) -> dict[str, Any]:
    data = ask(verb)
    if as_json:
        click.echo(msgspec.json.encode(data))
        return data
    console = Console()
    if not (watch and console.is_terminal):
        console.print(view(data))
        return data
    with Live(view(data), console=console) as live:
        try:
            while True:
                time.sleep(REFRESH_S)
                data = ask(verb)
                live.update(view(data))
        except KeyboardInterrupt:
            return data


def stats_view(data: dict[str, Any]) -> RenderableType:
    """Return the latency table and the figures of each stage."""
    hops = Table(title="Latency by hop (ms)", title_justify="left")
    hops.add_column("hop")
    hops.add_column("kind")
    for name in (*QUANTILES, "count"):
        hops.add_column(name, justify="right")
    for stage, kinds in data["hops"].items():
        for number, (kind, record) in enumerate(kinds.items()):
            hops.add_row(stage if number == 0 else "", kind, *_figures(record))
        hops.add_section()
    for key, label in TOTALS.items():
        hops.add_row(label, "", *_figures(data[key]))
    stages = Table(title="Stages", title_justify="left")
    for name in ("stage", "restarts", "queued", "memory MB", "CPU %", "counted"):
        stages.add_column(name, justify="left" if name in ("stage", "counted") else "right")
    for stage in data["restarts"]:
        counted = ", ".join(f"{key} {value}" for key, value in data["counters"][stage].items() if value)
        figures = [str(data[key][stage]) for key in ("restarts", "queued", "rss_mb", "cpu_percent")]
        stages.add_row(stage, *figures, counted)
    return Group(hops, stages)


def _figures(record: dict[str, Any]) -> list[str]:
    return [*("–" if record[name] is None else f"{record[name]:.2f}" for name in QUANTILES), str(record["count"])]


def status_view(data: dict[str, Any]) -> RenderableType:
    """Return the table of stages, and what is being said."""
    table = Table()
    for name in ("stage", "state", "pid", "backend", "device", "up s", "restarts", "queued", "MB", "CPU %"):
        table.add_column(name, justify="left" if name in ("stage", "state", "backend", "device") else "right")
    for stage in data["stages"]:
        colour = COLOURS[stage["state"]]
        figures = ("pid", "backend", "device", "uptime_s", "restarts", "queued", "rss_mb", "cpu_percent")
        table.add_row(stage["name"], f"[{colour}]{stage['state']}[/]", *(str(stage[name]) for name in figures))
    state = "paused" if data["paused"] else "stopping" if data["stopping"] else "running"
    lines = [f"{state}; {data['queued']} sentences queued, {data['spoken']} spoken; sink {data['sink']}"]
    if data["last"]:
        lines += [data["last"]["source"], data["last"]["translation"]]
    lines += [f"! {notice}" for notice in data["notices"][-3:]]
    return Group(table, *(Text(line) for line in lines))
