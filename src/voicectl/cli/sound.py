"""Commands that change how the speech sounds while it is heard: speed, volume."""

import click

from voicectl.cli.client import ask
from voicectl.config.rules import SPEEDS, VOLUMES


class Factor(click.ParamType[float]):
    """A factor such as 1.25 within limits, which may be written as a percentage."""

    name = "factor"

    def __init__(self, limits: tuple[float, float]) -> None:
        self._limits = limits

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the factor that a text names."""
        text = str(value).strip()
        low, high = self._limits
        try:
            factor = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            factor = float("nan")
        if not low <= factor <= high:
            self.fail(f"must be from {low:g} to {high:g} ({low:.0%} to {high:.0%}), got {text!r}", param, ctx)
        return factor


@click.command()
@click.argument("factor", type=Factor(SPEEDS), required=False)
def speed(factor: float | None) -> None:
    """Speak FACTOR times as fast, with the same pitch, or show the speed."""
    data = ask("tune", speed=factor)
    if factor is None:
        click.echo(f"{data['speed']:g}")


@click.command()
@click.argument("factor", metavar="[FACTOR|PERCENT%]", type=Factor(VOLUMES), required=False)
def volume(factor: float | None) -> None:
    """Set the volume, 0.8 or 80%, or show it."""
    data = ask("tune", volume=factor)
    if factor is None:
        click.echo(f"{data['volume']:.0%}")
