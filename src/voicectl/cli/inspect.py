"""``voicectl stats`` and ``voicectl status``."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from voicectl.cli.client import ask

REFRESH_S = 1.0
QUANTILES = ("p50", "p90", "p99", "max")
TOTALS = {
    "ttfa": "first sentence",
    "machinery": "  less the models' work",
    "ttfa_later": "later sentences",
    "certainty": "before: certainty",
    "device": "behind: the device",
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
    hops = _table("Latency by hop (ms)", ("hop", "kind"), (*QUANTILES, "count"))
    for stage, kinds in data["hops"].items():
        for number, (kind, record) in enumerate(kinds.items()):
            hops.add_row(stage if number == 0 else "", kind, *_figures(record), end_section=number == len(kinds) - 1)
    totals = _table("Time to first audio (ms)", ("",), (*QUANTILES, "count"))
    for key, label in TOTALS.items():
        totals.add_row(label, *_figures(data[key]))
    stages = _table("Stages", ("stage",), ("restarts", "queued", "MB", "CPU %"))
    stages.add_column("counted")
    for stage in data["restarts"]:
        counted = ", ".join(f"{key} {value}" for key, value in data["counters"][stage].items() if value)
        figures = [str(data[key][stage]) for key in ("restarts", "queued", "rss_mb", "cpu_percent")]
        stages.add_row(stage, *figures, counted)
    return Group(hops, totals, stages)


def _table(title: str, labels: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in labels:
        table.add_column(name, no_wrap=True)
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _figures(record: dict[str, Any]) -> list[str]:
    return [*("–" if record[name] is None else f"{record[name]:.2f}" for name in QUANTILES), str(record["count"])]


def _sound(data: dict[str, Any]) -> str:
    """Return at which speed and volume it plays, where that is not the usual."""
    asked, played, volume = data["speed"], data["backlog"]["speed"], data["volume"]
    words = [f"speed {played:g}"] if played != 1 else []
    if played > asked:
        words = [f"speed {played:g} to catch up"]
    if volume != 1:
        words.append(f"volume {volume:.0%}")
    return ", ".join(words)


def status_view(data: dict[str, Any]) -> RenderableType:
    """Return the table of stages, and what is being said."""
    table = _table("", ("stage", "state"), ("pid", "up s", "restarts", "queued", "MB", "CPU%"))
    # Only this one may be broken: a narrow terminal must not cut the others to their first letters.
    table.add_column("backend", overflow="fold")
    for stage in data["stages"]:
        colour = COLOURS[stage["state"]]
        device = stage["device"] if stage["device"] != stage["backend"] else ""
        engine = f"{stage['backend']} {device}".strip()
        figures = (str(stage[name]) for name in ("pid", "uptime_s", "restarts", "queued", "rss_mb", "cpu_percent"))
        table.add_row(stage["name"], f"[{colour}]{stage['state']}[/]", *figures, Text(engine))
    state = "paused" if data["paused"] else "stopping" if data["stopping"] else "running"
    queued = f"{data['queued']} sentences ({data['queued_s']:.0f} s) queued"
    lines = [f"{state}; {queued}, {data['spoken']} spoken; sink {data['sink']}"]
    if sound := _sound(data):
        lines.append(sound)
    if data["last"]:
        lines += [data["last"]["source"], data["last"]["translation"]]
    lines += [f"! {notice}" for notice in data["notices"][-3:]]
    return Group(table, *(Text(line) for line in lines))
