"""An agent that writes 1,000 words a minute, with two processes beside it that take all the CPU they can get.

The voice is a tone of natural length that costs nothing, so that on a slow machine too only the machinery is
judged. The ring of two seconds and the sentences that wait in the sink make "no underrun" certain.
"""

import sustained
from instance import Instance

SECONDS = 15.0
WINDOW = 16
"""Sentences that are released and not yet heard, as delivered."""
NOISE_MB = 15.0
"""What allocators and late imports may add in so short a time."""


def test_at_natural_pace_nothing_runs_dry_and_the_backlog_waits_in_the_journal(instance: Instance) -> None:
    """Speech is slower than the input: the window stays the window, no process grows with what waits."""
    with sustained.Hogs(2):
        session = sustained.Session(instance, "null", sustained.NO_MODELS)
        session.run(SECONDS, every=5.0)
        last = session.samples[-1]
        states = instance.states()
    assert last.words >= 150
    assert last.underruns == 0
    assert states.count("queued") >= 5
    assert len(list((instance.runtime / "pcm").iterdir())) <= WINDOW
    for name, memory in session.samples[0].rss_mb.items():
        assert last.rss_mb[name] < memory + NOISE_MB, name


def test_a_sink_that_does_not_wait_keeps_up_with_the_input(instance: Instance) -> None:
    """Through null:fast everything is spoken as it is written: at the end no more is left than a window."""
    session = sustained.Session(instance, "null:fast", sustained.NO_MODELS)
    session.run(SECONDS, every=5.0)
    assert session.samples[-1].queued <= WINDOW
    assert session.feed.wait(60) == 0
    assert set(instance.states()) == {"spoken"}
