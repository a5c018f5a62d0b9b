"""Decisions about one stage, with a clock of our own. Times are seconds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_kit import LIMITS, Stage

from voicectl.supervisor.policy import (
    FIRST_BEAT_PATIENCE,
    JITTER,
    ChildState,
    ailment,
    backoff,
    beat,
    became_ready,
    exited,
    planned_exit,
    started,
)


def test_the_first_crash_is_followed_by_a_start_at_once() -> None:
    """The listener should not wait for a stage that dies once a day."""
    stage = Stage()
    stage.crash(after=100)
    assert (stage.state.phase, stage.state.due, stage.state.restarts) == ("backoff", stage.now, 1)


def test_more_crashes_than_the_budget_within_the_window_are_a_failure() -> None:
    """OTP's rule: five restarts are made, the sixth crash is the end."""
    stage = Stage()
    for _ in range(5):
        stage.crash(after=1)
        stage.restart()
    stage.crash(after=1)
    assert stage.state.phase == "failed"
    assert stage.state.restarts == 5


def test_crashes_that_lie_outside_the_window_are_forgiven() -> None:
    """A stage may crash for ever, if seldom enough."""
    stage = Stage()
    for _ in range(100):
        stage.crash(after=12.5)
        stage.restart()
    assert stage.state.phase == "ready"
    assert len(stage.state.crashes) <= LIMITS.max_restarts


def test_the_window_slides() -> None:
    """Five quick crashes, a pause until the first of them is out of the window, then one more restart."""
    stage = Stage()
    for _ in range(5):
        stage.crash(after=1)
        stage.restart()
    stage.crash(after=60.0)
    stage.restart()
    stage.crash(after=0.5)
    assert stage.state.phase == "backoff"


def test_living_just_past_ready_is_not_stable() -> None:
    """A stage that dies soon after it is ready backs off longer each time."""
    stage = Stage()
    waits = []
    for _ in range(5):
        stage.crash(after=5)
        waits.append(stage.state.due - stage.now)
        stage.restart()
    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.4, 0.8])


def test_a_stable_time_resets_the_backoff() -> None:
    """Not the budget: that has a window of its own."""
    stage = Stage()
    for _ in range(3):
        stage.crash(after=1)
        stage.restart()
    stage.crash(after=10)
    assert (stage.state.streak, stage.state.due) == (1, stage.now)
    assert len(stage.state.crashes) == 4


def test_time_spent_starting_is_not_stable_time() -> None:
    """A stage that loads for a minute and dies has never been ready."""
    state = ChildState()
    for crash in range(1, 4):
        state = exited(started(state, 100.0 * crash), LIMITS, 100.0 * crash + 60, 0.0)
        assert state.streak == crash


def test_a_planned_exit_is_never_counted() -> None:
    """An operator may restart as often as they like; the start follows at once."""
    stage = Stage()
    for _ in range(50):
        stage.state = planned_exit(stage.state, drain_by=stage.now + 5)
        stage.crash(after=0.1)
        assert (stage.state.phase, stage.state.due, stage.state.planned) == ("backoff", stage.now, False)
        stage.restart()
    assert (stage.state.crashes, stage.state.streak, stage.state.restarts) == ((), 0, 50)


def test_a_planned_exit_forgives_no_crash() -> None:
    """Restarting a stage by hand between its crashes does not hide them."""
    stage = Stage()
    for _ in range(5):
        stage.crash(after=1)
        stage.restart()
        stage.state = planned_exit(stage.state, drain_by=stage.now + 5)
        stage.crash(after=0.1)
        stage.restart()
    stage.crash(after=1)
    assert stage.state.phase == "failed"


def test_the_backoff_doubles_up_to_its_cap() -> None:
    """Without jitter; the first restart is immediate."""
    waits = [backoff(streak, LIMITS, 0.0) for streak in range(1, 12)]
    assert waits == pytest.approx([0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 10])


@given(streak=st.integers(0, 10**9), chance=st.floats(0, 1, exclude_max=True))
def test_the_backoff_is_bounded(streak: int, chance: float) -> None:
    """However long a stage crashes, and whatever the jitter."""
    assert 0 <= backoff(streak, LIMITS, chance) <= LIMITS.backoff_max_s * (1 + JITTER)


@given(streak=st.integers(2, 40), chances=st.tuples(*[st.floats(0, 1, exclude_max=True)] * 2))
def test_jitter_only_lengthens(streak: int, chances: tuple[float, float]) -> None:
    """So that stages which died together do not start in step."""
    low, high = sorted(chances)
    plain = backoff(streak, LIMITS, 0.0)
    assert plain <= backoff(streak, LIMITS, low) <= backoff(streak, LIMITS, high) <= plain * (1 + JITTER)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1, exclude_max=True)), max_size=60))
def test_no_window_holds_more_restarts_than_the_budget(lives: list[tuple[float, float]]) -> None:
    """Whatever the times between the crashes."""
    stage, crashes = Stage(), []
    for after, chance in lives:
        stage.crash(after, chance)
        crashes.append(stage.now)
        if stage.state.phase == "failed":
            assert len([time for time in crashes if stage.now - time < LIMITS.restart_window_s]) > LIMITS.max_restarts
            return
        stage.restart()
    for end in crashes:
        assert len([time for time in crashes if 0 <= end - time < LIMITS.restart_window_s]) <= LIMITS.max_restarts


def test_a_clock_that_stands_still_ends_in_a_failure_and_in_no_loop() -> None:
    """All crashes at one moment are within the window."""
    stage = Stage()
    for _ in range(5):
        stage.state = exited(stage.state, LIMITS, stage.now, 0.0)
        stage.start()
    assert exited(stage.state, LIMITS, stage.now, 0.0).phase == "failed"
    assert stage.ailment(after=0.0) == ""


def test_a_stage_that_is_well_has_no_ailment() -> None:
    """Ready, beating, idle."""
    stage = Stage()
    assert stage.ailment(after=10.0) == ""


def test_a_stage_that_is_not_ready_in_time_is_replaced() -> None:
    """Though its heart beats: it may be stuck in a download."""
    state = beat(started(ChildState(), 0.0), 0.0, 119.0)
    assert ailment(state, LIMITS, 120.0) == ""
    assert ailment(state, LIMITS, 120.1) == "not ready after 120 s"


def test_the_first_heartbeat_may_take_longer() -> None:
    """It comes behind the imports, which a busy machine is long over; a stage that never gets to it is replaced."""
    state = started(ChildState(), 0.0)
    assert ailment(state, LIMITS, 10.0 * FIRST_BEAT_PATIENCE) == ""
    assert ailment(state, LIMITS, 10.0 * FIRST_BEAT_PATIENCE + 0.1) == "no heartbeat for 30 s"


@pytest.mark.parametrize("ready", [True, False])
def test_a_stage_without_a_heartbeat_is_replaced(ready: bool) -> None:
    """Stopped by a signal, or its loop is dead; while it loads too."""
    state = started(ChildState(), 0.0)
    state = beat(became_ready(state, 0.0) if ready else state, 0.0, 5.0)
    assert ailment(state, LIMITS, 15.0) == ""
    assert ailment(state, LIMITS, 15.1) == "no heartbeat for 10 s"


def test_work_past_its_deadline_is_ended() -> None:
    """A hung call on a GPU: the heart beats on."""
    stage = Stage()
    stage.state = beat(stage.state, stage.now + 1, stage.now + 60.9)
    assert stage.ailment(after=60.9) == ""
    assert stage.ailment(after=61.1) == "one piece of work has taken more than 60 s"


def test_a_heart_that_beats_idle_ends_the_deadline() -> None:
    """The work was done."""
    stage = Stage()
    stage.state = beat(stage.state, stage.now, stage.now + 59)
    stage.state = beat(stage.state, 0.0, stage.now + 69)
    assert stage.ailment(after=70) == ""


@pytest.mark.parametrize("late", [False, True])
def test_loading_for_longer_than_the_deadline_is_no_ailment(late: bool) -> None:
    """A large model loads for 100 s; the heartbeat that says so may come before or after the stage is ready."""
    state = started(ChildState(), 0.0)
    for second in range(100):
        state = beat(state, 0.1, float(second))
        assert ailment(state, LIMITS, float(second)) == ""
    state = became_ready(state, 100.0)
    if late:
        state = beat(state, 0.1, 100.0)
    assert ailment(state, LIMITS, 100.0) == ""
    assert ailment(beat(state, 100.5, 160.0), LIMITS, 160.6) == "one piece of work has taken more than 60 s"


def test_a_stage_that_grows_past_its_limit_is_replaced() -> None:
    """Only where there is a limit."""
    stage = Stage()
    assert stage.ailment(after=1, memory_mb=1e6) == ""
    limits = msgspec.structs.replace(LIMITS, memory_limit_mb=500)
    assert ailment(stage.state, limits, stage.now, 500.0) == ""
    assert ailment(stage.state, limits, stage.now, 501.0) == "it uses 501 MB, more than memory_limit_mb = 500"


def test_a_stage_that_drains_has_until_its_time() -> None:
    """Neither its heartbeat nor its deadline counts meanwhile."""
    stage = Stage()
    stage.state = planned_exit(beat(stage.state, stage.now, stage.now), drain_by=stage.now + 300)
    assert stage.ailment(after=300) == ""
    assert stage.ailment(after=300.1) == "it did not drain in time"


@pytest.mark.parametrize("phase", ["backoff", "failed", "stopped"])
def test_what_does_not_run_has_no_ailment(phase: str) -> None:
    """There is no process that could be ill."""
    state = ChildState(phase=phase)  # type: ignore[arg-type]
    assert ailment(state, LIMITS, 1e6, memory_mb=1e6) == ""


def test_a_start_forgets_the_work_of_the_process_before() -> None:
    """The next one is not late with work that it never had."""
    stage = Stage()
    stage.state = beat(stage.state, stage.now, stage.now)
    stage.crash(after=50)
    stage.restart()
    assert stage.ailment(after=9) == ""
    assert stage.state.busy_since == 0.0
