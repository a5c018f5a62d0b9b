"""What Erlang's own tests ask of a supervisor, asked of the policy; the clock is the test's. Times are seconds."""

import itertools
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_kit import LIMITS, Stage

from voicectl.protocol.supervising import STAGES
from voicectl.supervisor.policy import (
    ChildState,
    ailment,
    backoff,
    beat,
    became_ready,
    exited,
    fallen_back,
    next_backend,
    next_to_stop,
    planned_exit,
    started,
)

HOUR = 3600.0
TIRELESS = msgspec.structs.replace(LIMITS, max_restarts=10**9)
"""A budget that never ends: only the backoff slows a stage down."""


def crashes(seconds: float, chance: random.Random) -> list[float]:
    """Return when a stage that dies as soon as it is ready is started, for so long."""
    state, now, starts = ChildState(), 0.0, []
    while now < seconds:
        starts.append(now)
        state = exited(became_ready(started(state, now), now), TIRELESS, now, chance.random())
        now = state.due
    return starts


# -- intensity ---------------------------------------------------------------------------------


def test_with_an_intensity_of_zero_the_first_crash_is_the_end() -> None:
    """OTP: {0, T} never restarts."""
    limits = msgspec.structs.replace(LIMITS, max_restarts=0)
    state = exited(became_ready(started(ChildState(), 0.0), 0.0), limits, HOUR, 0.0)
    assert (state.phase, state.restarts) == ("failed", 0)


def test_a_planned_restart_is_made_with_an_intensity_of_zero_too() -> None:
    """An operator's restart is no crash."""
    limits = msgspec.structs.replace(LIMITS, max_restarts=0)
    state = exited(planned_exit(ChildState(phase="ready"), 5.0), limits, 1.0, 0.0)
    assert state.phase == "backoff"


def test_a_crash_that_is_as_old_as_the_window_does_not_count_any_more() -> None:
    """More than N within T, not N within T: the border belongs to the past."""
    stage = Stage()
    for _ in range(LIMITS.max_restarts):
        stage.crash(after=0.0)
        stage.start()
    stage.crash(after=LIMITS.restart_window_s)
    assert stage.state.phase == "backoff"


def test_what_crashed_while_it_started_counts_like_any_crash() -> None:
    """A child whose init fails for ever must not be started for ever."""
    state = ChildState()
    for second in range(LIMITS.max_restarts + 1):
        state = exited(started(state, float(second)), LIMITS, float(second), 0.0)
    assert state.phase == "failed"


# -- escalation --------------------------------------------------------------------------------


def test_each_backend_of_the_list_has_a_budget_of_its_own() -> None:
    """The stage fails only when the last one has used up its own: OTP's supervisors of supervisors."""
    stage, fallback, failed = Stage(), ("second", "third"), ["first"]
    lives = 0
    while True:
        stage.crash(after=1)
        lives += 1
        if stage.state.phase == "failed":
            backend = next_backend(fallback, tuple(failed))
            if not backend:
                break
            failed.append(backend)
            stage.state = fallen_back(stage.state, stage.now)
        stage.restart()
    assert failed == ["first", "second", "third"]
    assert lives == 3 * (LIMITS.max_restarts + 1)


def test_a_fallback_begins_at_once_and_without_the_debts_of_the_one_before() -> None:
    """The listener waits already; the count of restarts that the user sees goes on."""
    stage = Stage()
    for _ in range(LIMITS.max_restarts):
        stage.crash(after=1)
        stage.restart()
    stage.crash(after=1)
    state = fallen_back(stage.state, stage.now)
    assert (state.phase, state.due, state.crashes, state.streak) == ("backoff", stage.now, (), 0)
    assert state.restarts == LIMITS.max_restarts


def test_a_backend_that_was_given_up_is_not_taken_again() -> None:
    """Also when the list names it twice, or names the first choice."""
    assert next_backend(("first", "second", "second"), ("first",)) == "second"
    assert next_backend(("first", "second", "second"), ("first", "second")) == ""
    assert next_backend((), ()) == ""


# -- shutdown ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 5.0, HOUR])
def test_a_child_that_does_not_end_when_asked_is_killed_in_its_time(seconds: float) -> None:
    """OTP's shutdown time-out, then the brutal kill: whatever its heart says meanwhile."""
    state = planned_exit(became_ready(started(ChildState(), 0.0), 0.0), drain_by=seconds)
    state = beat(state, 0.0, seconds)
    assert ailment(state, LIMITS, seconds) == ""
    assert ailment(state, LIMITS, seconds + 0.001) == "it did not drain in time"


def test_a_child_that_is_killed_because_it_did_not_drain_has_not_crashed() -> None:
    """The operator asked for its end."""
    state = planned_exit(became_ready(started(ChildState(), 0.0), 0.0), drain_by=5.0)
    state = exited(state, LIMITS, 6.0, 0.0)
    assert (state.phase, state.crashes, state.due) == ("backoff", (), 6.0)


@given(st.lists(st.sampled_from(STAGES)))
def test_children_end_one_after_the_other_in_one_order(dead: list[str]) -> None:
    """Whoever is gone already is left out; the sink always goes before the parser that journals its last word."""
    running, order = set(STAGES) - set(dead), []
    while stage := next_to_stop(running):
        order.append(stage)
        running.remove(stage)
    assert not running
    assert order == [stage for stage in ("sink", "parser", "translator", "synthesizer") if stage not in dead]


# -- restart storms ----------------------------------------------------------------------------


def test_a_storm_is_slowed_down_to_the_longest_backoff() -> None:
    """A stage that dies at once, with a budget that never ends: an hour costs some hundred starts, not millions."""
    starts = crashes(HOUR, random.Random(1))
    assert len(starts) <= HOUR / LIMITS.backoff_max_s + 10
    assert all(later - earlier >= LIMITS.backoff_max_s for earlier, later in itertools.pairwise(starts[9:]))


def test_stages_that_died_together_do_not_start_in_step_for_ever() -> None:
    """Jitter: of four in one storm no two starts coincide after the first ones."""
    lives = [crashes(HOUR, random.Random(seed)) for seed in range(len(STAGES))]
    late = [round(start, 6) for starts in lives for start in starts[3:]]
    assert len(set(late)) == len(late)


# -- clocks ------------------------------------------------------------------------------------


def test_after_a_jump_forward_a_heartbeat_clears_everybody() -> None:
    """The supervisor was stopped for an hour: it reads the heartbeats that waited before it judges."""
    stage = Stage()
    stage.now += HOUR
    assert stage.ailment(after=0.0) == f"no heartbeat for {LIMITS.heartbeat_timeout_s:g} s"
    stage.state = beat(stage.state, 0.0, stage.now)
    assert stage.ailment(after=0.0) == ""


def test_after_a_jump_forward_a_restart_is_due_at_once_and_old_crashes_are_forgiven() -> None:
    """Nobody waits for a time that has passed."""
    stage = Stage()
    for _ in range(LIMITS.max_restarts):
        stage.crash(after=1, chance=0.9)
        stage.restart()
    stage.crash(after=HOUR)
    assert stage.state.phase == "backoff"
    assert stage.state.due == stage.now
    assert stage.state.crashes == (stage.now,)


def test_a_jump_back_restarts_nobody_and_makes_nobody_stable() -> None:
    """A monotonic clock does not, but a virtual machine that was moved might."""
    stage = Stage()
    stage.crash(after=1)
    stage.restart()
    stage.now -= HOUR
    assert stage.ailment(after=0.0) == ""
    stage.crash(after=0.0)
    assert stage.state.streak == 2


@given(st.lists(st.tuples(st.floats(-HOUR, HOUR), st.sampled_from(["crash", "beat", "drain", "look"])), max_size=60))
def test_whatever_the_clock_does_the_backoff_stays_bounded(events: list[tuple[float, str]]) -> None:
    """From the moment of the crash; and the budget holds no more crashes than it can need."""
    state, now = became_ready(started(ChildState(), 0.0), 0.0), 0.0
    for jump, event in events:
        now += jump
        if event == "beat":
            state = beat(state, max(0.0, now), now)
        elif event == "drain":
            state = planned_exit(state, now + 5)
        elif event == "look":
            ailment(state, LIMITS, now, 1.0)
        else:
            state = exited(state, LIMITS, now, 0.5)
            assert len(state.crashes) <= LIMITS.max_restarts + 1
            if state.phase == "failed":
                state = fallen_back(state, now)
            assert now <= state.due <= now + backoff(99, LIMITS, 0.5)
            state = became_ready(started(state, now), now)
