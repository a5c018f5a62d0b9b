"""The long run, by hand: ``make chaos MINUTES=60``, or ``python tests/chaos/long.py --minutes 60``.

Seed after seed, by turns without and with a warm spare for every stage, by turns with a backlog and with an agent
slower than the voice; in every third one some sentences kill the translator or the voices. Prints one table for each,
and keeps the folder of every run that broke the promise.
"""

import argparse
import json
import sys
import time
from typing import Any

import tones

import chaos
from voicectl.protocol.supervising import STAGES

RUN_S = 90.0
SLOW = (0.7, 1.8)
SPARES = {f"{stage}.spares": "1" for stage in STAGES}


def plans(options: argparse.Namespace, seed: int) -> tuple[str, chaos.Plan]:
    """Return the name of the table that a seed counts for, and its plan."""
    plan = chaos.plan(options, seed, RUN_S)
    with_spares = seed % 2 == 1
    if with_spares:
        plan = plan._replace(settings=SPARES | plan.settings)
    if seed % 3 == 0:
        plan = plan._replace(settings=plan.settings | tones.POISON)
    if seed // 2 % 2:
        plan = plan._replace(pause=SLOW)
    return ("with spares" if with_spares else "without spares"), plan


def result(minutes: float, tables: dict[str, list[chaos.Outcome]]) -> dict[str, Any]:
    """Return everything as one object: how long it took, and a summary by table."""
    return {"minutes": round(minutes, 1)} | {name: chaos.summary(outcomes) for name, outcomes in tables.items()}


def main() -> int:
    """Run until the time is up; exit status 1 when any run broke the promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=100, help="the first of a row of seeds")
    chaos.arguments(parser)
    options = parser.parse_args()
    began, seed = time.monotonic(), options.seed
    tables: dict[str, list[chaos.Outcome]] = {}
    while time.monotonic() - began < 60 * options.minutes:
        name, plan = plans(options, seed)
        outcome = chaos.run(plan, options.keep)
        tables.setdefault(name, []).append(outcome)
        verdict = "kept" if outcome.is_good else f"BROKEN, see {outcome.folder}"
        print(f"seed {seed} {name}: {len(outcome.faults)} faults, {outcome.verdict.sentences} sentences, {verdict}")
        sys.stdout.flush()
        seed += 1
        if options.json:
            options.json.write_text(json.dumps(result((time.monotonic() - began) / 60, tables), indent=1))
    for name, outcomes in tables.items():
        print(f"\n{name}: {len(outcomes)} runs")
        print(chaos.table(chaos.summary(outcomes)))
    return 0 if all(outcome.is_good for outcomes in tables.values() for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
