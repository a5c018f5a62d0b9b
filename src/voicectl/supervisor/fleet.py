"""All stages of a pipeline: what is done when one is ready, ends, ails, or is to be restarted or stopped.

What to do about a stage is decided in ``policy``, who is connected to whom in ``links``; here it is carried out.
"""

import random
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import structlog

from voicectl.actors.base import EXIT_FAILED
from voicectl.actors.phrases.english import say
from voicectl.config.settings import Settings, SynthesizerSettings, TranslatorSettings
from voicectl.protocol.message import Message
from voicectl.protocol.supervising import STAGES, Connect, Connected, Drain, Failed, Heartbeat, Ready, Replay, Suspect
from voicectl.supervisor import policy
from voicectl.supervisor.child import Child
from voicectl.supervisor.incarnation import Incarnation, Nest
from voicectl.supervisor.links import Edge, Links

START_ORDER = tuple(reversed(STAGES))
SENTENCE_S = 60.0
"""How long the sentence that is being spoken may take to its end when the pipeline stops."""
SPARE_RETRY_S = 5.0


class Told(NamedTuple):
    """Whom the fleet tells: of a stage's start, of news for the listener, of giving up, of changed addresses.

    ``happened`` is told of every process that began, was ready, or ended.
    """

    report: Callable[[str, str], None]
    announce: Callable[[str], None]
    give_up: Callable[[str, str], None]
    moved: Callable[[], None]
    happened: Callable[[str, str], None]


class Fleet:
    """The children and the edges between them."""

    def __init__(self, settings: Settings, nest: Nest, context: Any, told: Told) -> None:
        self.stopping = False
        self.was_up = False
        self._settings = settings
        self._limits = settings.supervisor
        self._told = told
        self._links = Links()
        self._log = structlog.get_logger().bind(stage="supervisor")
        self.children = {stage: Child(stage, nest, context, getattr(settings, stage).spares) for stage in START_ORDER}

    def start(self) -> None:
        """Start every stage, the sink first."""
        for child in self.children.values():
            self._spawn(child)

    def tick(self, now: float) -> None:
        """Reap, replace and start what is due."""
        for child in self.children.values():
            self._check(child, now)
            if not self.stopping:
                self._check_spare(child, now)

    def measure(self) -> None:
        """Take everybody's memory and CPU figures."""
        for child in self.children.values():
            for incarnation in child:
                incarnation.measure()

    def event(self, sender: str, message: Message) -> None:
        """Take a stage's word; an incarnation that is neither present nor spare has no say any more."""
        child = self.children.get(sender.partition(".")[0])
        incarnation = next((each for each in child or () if each.name == sender), None)
        if child is None or incarnation is None:
            return
        now = time.monotonic()
        if isinstance(message, Heartbeat):
            incarnation.beat = now
            if incarnation is child.current:
                child.state = policy.beat(child.state, message.busy_since / 1e9, now)
                child.queued, child.counters, child.gauges = message.queued, message.counters, message.gauges
        elif isinstance(message, Ready):
            incarnation.about = message
            if incarnation is child.current and not message.spare:
                incarnation.measure()
                # One that is too large once its model is loaded was never ready; the next tick replaces it.
                if not policy.too_large(self._limits, incarnation.rss_mb):
                    self._ready(child, message, now)
        elif isinstance(message, Failed):
            incarnation.error = message.error
        elif isinstance(message, Connected):
            self._links.made(Edge(sender, message.incarnation))
            self._link()

    # -- a stage's life ----------------------------------------------------------------------

    def _spawn(self, child: Child) -> None:
        incarnation = child.spawn()
        child.state = policy.started(child.state, time.monotonic())
        self._log.info("stage started", child=incarnation.name, pid=incarnation.pid, backend=child.backend)
        self._told.happened(child.stage, f"{incarnation.name} started")
        self._told.moved()

    def _ready(self, child: Child, about: Ready, now: float) -> None:
        child.state = policy.became_ready(child.state, now)
        self._told.report(child.stage, f"ready {about.backend} {about.detail}".strip())
        self._told.happened(child.stage, f"{child.name} ready")
        self._told.moved()
        self._link()
        if not self.was_up and all(each.is_ready for each in self.children.values()):
            self.was_up = True
            self._told.report("", "up")

    def _check(self, child: Child, now: float) -> None:
        if child.current is None:
            if child.state.phase == "backoff" and now >= child.state.due and not self.stopping:
                self._spawn(child)
        elif (status := child.current.exit_status()) is not None:
            self._ended(child, child.current, status, now)
        elif reason := policy.ailment(child.state, self._limits, now, child.current.rss_mb):
            self._log.error("stage killed", child=child.name, reason=reason)
            child.current.error = reason
            self._ended(child, child.current, -signal.SIGKILL, now)

    def _ended(self, child: Child, incarnation: Incarnation, status: int, now: float) -> None:
        work = incarnation.end()
        child.current = None
        planned = child.state.planned or self.stopping
        child.error = incarnation.error or f"it ended with status {status}; see voicectl logs {child.stage}"
        say = self._log.info if planned else self._log.error
        say("stage ended", child=incarnation.name, status=status, planned=planned, working_on=work.play)
        self._told.happened(child.stage, f"{incarnation.name} ended with status {status}")
        child.state = policy.exited(child.state, self._limits, now, random.random())
        if self.stopping:
            child.state = policy.ChildState(phase="stopped", since=now, restarts=child.state.restarts)
            self._stop_next()
        else:
            if work.play and not planned:
                self.children["parser"].tell(Suspect(play=work.play, count=work.sentences, stage=child.stage))
            self._succeed(child, incarnation, cannot_start=not planned and status == EXIT_FAILED, now=now)
        self._told.moved()

    def _succeed(self, child: Child, incarnation: Incarnation, cannot_start: bool, now: float) -> None:
        """Decide who comes after a process that has ended."""
        failed = child.state.phase == "failed"
        if cannot_start and not self.was_up:
            self._told.give_up(child.stage, child.error)
        elif (failed or cannot_start) and self._fall_back(child, incarnation, now):
            return
        elif failed:
            limit = f"more than {self._limits.max_restarts} restarts in {self._limits.restart_window_s:g} s"
            self._told.give_up(child.stage, f"{limit}; {child.error}")
        elif promoted := child.promote():
            child.state = policy.started(child.state, now)
            self._log.info("spare takes over", child=promoted.name, pid=promoted.pid)

    # -- spares and fallbacks ----------------------------------------------------------------

    def _check_spare(self, child: Child, now: float) -> None:
        spare = child.spare
        if spare is None:
            if self.was_up and child.is_ready and now >= child.retry_at and (child.spares or child.backend):
                child.spawn_spare("")  # on a fallback, it tries the first choice again
                self._told.moved()
            return
        if spare.exit_status() is not None or now - spare.beat > self._limits.start_timeout_s:
            self._log.warning("spare ended", child=spare.name, error=spare.error)
            spare.end()
            child.spare = None
            child.retry_at = now + (self._limits.retry_first_choice_s if child.backend else SPARE_RETRY_S)
        elif child.backend and spare.about and child.is_ready and not child.state.planned:
            self._told.announce(say(f"{child.stage}_back", backend=spare.about.backend))
            child.failed = ()
            self.drain(child, self._limits.stop_timeout_s)

    def _fall_back(self, child: Child, incarnation: Incarnation, now: float) -> bool:
        """Go on with the next backend of the stage's list; the listener is told once."""
        section: TranslatorSettings | SynthesizerSettings
        if child.stage == "translator":
            section = self._settings.translator
        elif child.stage == "synthesizer":
            section = self._settings.synthesizer
        else:
            return False
        given_up = incarnation.about.backend if incarnation.about else incarnation.backend or section.backend
        child.failed = (*child.failed, given_up)
        backend = policy.next_backend(section.fallback, child.failed)
        if not backend:
            return False
        child.backend = backend
        child.retry_at = now + self._limits.retry_first_choice_s
        child.state = policy.fallen_back(child.state, now)
        self._log.error("fallback", child=incarnation.name, given_up=given_up, backend=backend, error=child.error)
        outcome = "gone" if backend == "none" else "failed"
        self._told.announce(say(f"{child.stage}_{outcome}", backend=given_up, successor=backend))
        return True

    # -- who sends to whom -------------------------------------------------------------------

    def _link(self) -> None:
        ready = {stage: child.name for stage, child in self.children.items() if child.is_ready}
        if edge := self._links.next(ready):
            sender, receiver = (self.children[name.partition(".")[0]] for name in edge)
            if receiver.current:
                sender.tell(
                    Connect(
                        peer=receiver.stage,
                        incarnation=receiver.name,
                        data=receiver.current.data,
                        control=receiver.current.control,
                    )
                )
        elif self._links.take_replay():
            self.children["parser"].tell(Replay())

    # -- what the user asks ------------------------------------------------------------------

    def drain(self, child: Child, seconds: float) -> None:
        """Let a stage finish its work and end; one that does not in time is killed. Never counted as a crash."""
        if child.current:
            child.state = policy.planned_exit(child.state, time.monotonic() + seconds)
            child.tell(Drain())

    def restart(self, stages: list[str]) -> None:
        """Drain and restart."""
        for stage in stages:
            self.drain(self.children[stage], self._limits.stop_timeout_s)

    def stop(self, now: bool) -> None:
        """Stop: the sink finishes its sentence (unless ``now``), then the others end in reverse."""
        for child in self.children.values():
            if child.spare:
                child.spare.end()
                child.spare = None
            if now and child.current and child.stage != "parser":
                child.current.end()
        if not self.stopping:
            self.stopping = True
            self._stop_next()

    def _stop_next(self) -> None:
        """End the next stage."""
        if stage := policy.next_to_stop([stage for stage, child in self.children.items() if child.current]):
            self.drain(self.children[stage], SENTENCE_S if stage == "sink" else self._limits.stop_timeout_s)

    @property
    def is_down(self) -> bool:
        """Whether no process is left."""
        return not any(child.current for child in self.children.values())

    def end(self) -> None:
        """Kill what is left."""
        for child in self.children.values():
            for incarnation in child:
                incarnation.end()
