"""Decisions about one stage: budget, backoff, health. Pure functions of (state, event, now).

``now`` is in seconds of a monotonic clock. The rules are OTP's: more than N restarts within T seconds is
*failed*; and a stage counts as stable only after a while, so that a child that lives just past "ready" cannot
restart for ever.
"""

from collections.abc import Collection
from typing import Literal

import msgspec

from voicectl.config.settings import SupervisorSettings

Phase = Literal["starting", "ready", "backoff", "failed", "stopped"]
JITTER = 0.25
"""A backoff is lengthened by up to this share, so that stages do not restart in step."""
FIRST_BEAT_PATIENCE = 3
"""So many times as long as between two heartbeats is waited for the first: on a busy machine, Python's imports take
long, and whoever kills them for it never gets to the end of them."""

STOP_ORDER = ("sink", "parser", "translator", "synthesizer")


class ChildState(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor knows of one stage.

    ``crashes`` are the times of the crashes that the budget still counts, ``streak`` how many came without
    a stable time between them, ``due`` when a stage in backoff is started again. ``planned`` marks an operator's
    stop or restart, which is never counted; such a stage has until ``drain_by`` to finish its work.
    """

    phase: Phase = "stopped"
    since: float = 0.0
    beat: float = 0.0
    busy_since: float = 0.0
    crashes: tuple[float, ...] = ()
    streak: int = 0
    due: float = 0.0
    restarts: int = 0
    planned: bool = False
    drain_by: float = 0.0


def started(state: ChildState, now: float) -> ChildState:
    """The process was started."""
    return msgspec.structs.replace(state, phase="starting", since=now, beat=now, busy_since=0.0, planned=False)


def became_ready(state: ChildState, now: float) -> ChildState:
    """The stage reported that it can work."""
    return msgspec.structs.replace(state, phase="ready", since=now, beat=now)


def beat(state: ChildState, busy_since: float, now: float) -> ChildState:
    """A heartbeat came; ``busy_since`` is when the work in hand began (0: idle)."""
    return msgspec.structs.replace(state, beat=now, busy_since=busy_since)


def planned_exit(state: ChildState, drain_by: float) -> ChildState:
    """An operator asked the stage to end; its exit is not a crash."""
    return msgspec.structs.replace(state, planned=True, drain_by=drain_by)


def exited(state: ChildState, limits: SupervisorSettings, now: float, chance: float) -> ChildState:
    """The process is gone and reaped; ``chance`` in [0, 1) is the jitter."""
    if state.planned:
        return msgspec.structs.replace(
            state, phase="backoff", since=now, due=now, planned=False, restarts=state.restarts + 1
        )
    stable = state.phase == "ready" and now - state.since >= limits.stable_s
    streak = 1 if stable else state.streak + 1
    crashes = (*(time for time in state.crashes if now - time < limits.restart_window_s), now)
    if len(crashes) > limits.max_restarts:
        return msgspec.structs.replace(state, phase="failed", since=now, crashes=crashes, streak=streak)
    return msgspec.structs.replace(
        state,
        phase="backoff",
        since=now,
        crashes=crashes,
        streak=streak,
        due=now + backoff(streak, limits, chance),
        restarts=state.restarts + 1,
    )


def backoff(streak: int, limits: SupervisorSettings, chance: float) -> float:
    """Return the seconds to wait before the next start; the first restart after a stable time is immediate."""
    if streak <= 1:
        return 0.0
    exponent = min(streak - 2, 30)
    return float(min(limits.backoff_initial_s * 2**exponent, limits.backoff_max_s) * (1 + JITTER * chance))


def ailment(state: ChildState, limits: SupervisorSettings, now: float, memory_mb: float = 0.0) -> str:
    """Return why the process must be replaced, or an empty string while it is well."""
    if state.planned:
        return "it did not drain in time" if now > state.drain_by else ""
    if state.phase == "starting" and now - state.since > limits.start_timeout_s:
        return f"not ready after {limits.start_timeout_s:g} s"
    if state.phase not in ("starting", "ready"):
        return ""
    is_new = state.phase == "starting" and state.beat == state.since
    patience = limits.heartbeat_timeout_s * (FIRST_BEAT_PATIENCE if is_new else 1)
    if now - state.beat > patience:
        return f"no heartbeat for {patience:g} s"
    # A heartbeat from before it was ready still tells of the loading, which has a time-out of its own.
    if state.phase == "ready" and state.busy_since and now - max(state.busy_since, state.since) > limits.deadline_s:
        return f"one piece of work has taken more than {limits.deadline_s:g} s"
    return too_large(limits, memory_mb)


def too_large(limits: SupervisorSettings, memory_mb: float) -> str:
    """Return that a process uses more memory than it may, or an empty string."""
    if limits.memory_limit_mb and memory_mb > limits.memory_limit_mb:
        return f"it uses {memory_mb:.0f} MB, more than memory_limit_mb = {limits.memory_limit_mb}"
    return ""


def next_backend(fallback: tuple[str, ...], failed: tuple[str, ...]) -> str:
    """Return the first backend of the list that was not given up yet, or an empty string."""
    return next((name for name in fallback if name not in failed), "")


def next_to_stop(running: Collection[str]) -> str:
    """Return which of the running stages ends next when the pipeline stops, or an empty string.

    The sink first, so that its last receipt is journaled by a living parser; then no more text comes in, and what
    is in work behind it ends.
    """
    return next((stage for stage in STOP_ORDER if stage in running), "")


def fallen_back(state: ChildState, now: float) -> ChildState:
    """The stage goes on at once with another backend, which has a budget of its own."""
    return msgspec.structs.replace(state, phase="backoff", since=now, due=now, crashes=(), streak=0)
