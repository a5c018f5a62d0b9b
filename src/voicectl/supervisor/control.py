"""What a user may ask of the supervisor: the command socket and its verbs."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
import zmq

from voicectl.config.rules import SPEEDS, VOLUMES
from voicectl.protocol.addresses import remove_address
from voicectl.protocol.errors import FrameError, SupervisorError, UsageError, VoicectlError
from voicectl.protocol.frames import decode, encode
from voicectl.protocol.sockets import keep_bound
from voicectl.protocol.supervising import STAGES, Cancel, Hold, ReplayLast, Reply, Request, Tune

if TYPE_CHECKING:
    from voicectl.supervisor.supervisor import Supervisor

_log = structlog.get_logger()
Data = dict[str, Any]


class CommandSocket:
    """A ROUTER socket; every request gets one reply, some of them later."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", address: str, supervisor: "Supervisor") -> None:
        self.address = address
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 500)
        self.socket.bind(address)
        self._supervisor = supervisor
        self._deferred: list[tuple[bytes, Callable[[], bool]]] = []

    def serve(self) -> None:
        """Answer what has come, and what can be answered by now."""
        while True:
            try:
                identity, *parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            self._answer(identity, parts)
        for identity, is_done in list(self._deferred):
            if is_done():
                self._deferred.remove((identity, is_done))
                self._reply(identity, Reply())

    def keep_bound(self) -> bool:
        """Bind again when somebody has deleted the socket's file; return whether that was so."""
        return keep_bound(self.socket, self.address)

    def close(self, failure: str) -> None:
        """Answer those who still wait, close, remove the socket file."""
        for identity, _ in self._deferred:
            self._reply(identity, Reply(error=failure))
        self.socket.close()
        remove_address(self.address)

    def _answer(self, identity: bytes, parts: list[bytes]) -> None:
        try:
            message = decode(parts[0] if parts else b"").body
            if not isinstance(message, Request):
                raise UsageError(f"expected a request, got {type(message).__name__}")
            result = self._act(message)
        except FrameError as exc:
            _log.warning("request dropped", error=str(exc))
        except VoicectlError as exc:
            self._reply(identity, Reply(error=str(exc)))
        else:
            if callable(result):
                self._deferred.append((identity, result))
            else:
                self._reply(identity, Reply(data=result))

    def _reply(self, identity: bytes, reply: Reply) -> None:
        self.socket.send_multipart([identity, encode(reply, "supervisor")])

    def _act(self, request: Request) -> Data | Callable[[], bool]:
        supervisor, args = self._supervisor, request.args
        children = supervisor.fleet.children
        sink = children["sink"]
        match request.verb:
            case "status":
                return status(supervisor)
            case "stats":
                return stats(supervisor)
            case "trace":
                return dict(msgspec.to_builtins(supervisor.traces.record(time.monotonic_ns(), time.time())))
            case "down":
                supervisor.stop(now=bool(args.get("now")))
            case "restart":
                return self._restart(str(args.get("stage", "")))
            case "pause" | "resume":
                supervisor.paused = request.verb == "pause"
                sink.tell(Hold(on=supervisor.paused))
            case "stop":
                sink.tell(Cancel(action="stop"))
            case "skip":
                sink.tell(Cancel(action="skip", count=_count(args)))
            case "replay":
                skipped = bool(args.get("skipped"))
                count = 0 if skipped and "count" not in args else _count(args)
                children["parser"].tell(ReplayLast(count=count, skipped=skipped))
            case "tune":
                return self._tune(args)
            case _:
                raise UsageError(f"unknown request {request.verb!r}")
        return {}

    def _tune(self, args: Data) -> Data:
        """Change speed and volume, whichever is given; return both, and the speed that is played at the moment."""
        supervisor = self._supervisor
        sink = supervisor.fleet.children["sink"]
        speed, volume = _factor(args, "speed", SPEEDS), _factor(args, "volume", VOLUMES)
        if (speed, volume) != (None, None):
            if sink.current is None:
                raise SupervisorError("the sink is being restarted; try again in a moment")
            sink.tell(Tune(speed=speed, volume=volume))
            supervisor.speed = supervisor.speed if speed is None else speed
            supervisor.volume = supervisor.volume if volume is None else volume
        return {"speed": supervisor.speed, "volume": supervisor.volume}

    def _restart(self, name: str) -> Callable[[], bool]:
        stages = list(STAGES) if name == "all" else [name]
        if stages[0] not in STAGES:
            raise UsageError(f"unknown stage {name!r}; choose one of {', '.join(STAGES)}, all")
        fleet = self._supervisor.fleet
        before = {stage: fleet.children[stage].name for stage in stages}
        fleet.restart(stages)
        return lambda: all(
            fleet.children[stage].is_ready and fleet.children[stage].name != before[stage] for stage in stages
        )


def _count(args: Data) -> int:
    count = args.get("count", 1)
    if not isinstance(count, int) or count < 1:
        raise UsageError(f"the number of sentences must be 1 or more, got {count!r}")
    return count


def _factor(args: Data, name: str, limits: tuple[float, float]) -> float | None:
    factor = args.get(name)
    if factor is None:
        return None
    low, high = limits
    if not isinstance(factor, int | float) or not low <= factor <= high:
        raise UsageError(f"the {name} must be from {low:g} to {high:g}, got {factor!r}")
    return float(factor)


def status(supervisor: "Supervisor") -> Data:
    """Return what ``status --json`` prints."""
    now = time.monotonic()
    stages = [_stage(supervisor, stage, now) for stage in STAGES]
    last = supervisor.last
    return {
        "stages": stages,
        "ready": all(stage["state"] == "ready" for stage in stages),
        "stopping": supervisor.fleet.stopping,
        "paused": supervisor.paused,
        "sink": supervisor.settings.sink.spec,
        "language": supervisor.settings.language.target,
        "queued": supervisor.fleet.children["parser"].queued,
        "queued_s": supervisor.fleet.children["parser"].gauges.get("queued_s", 0.0),
        "speed": supervisor.speed,
        "volume": supervisor.volume,
        "backlog": {
            "policy": supervisor.settings.parser.backlog,
            "speed": supervisor.fleet.children["sink"].gauges.get("speed", supervisor.speed),
        },
        "spoken": supervisor.spoken,
        "started_at": datetime.fromtimestamp(supervisor.started, UTC).isoformat(timespec="milliseconds"),
        "last": {"source": last.source, "translation": last.translation} if last else None,
        "notices": supervisor.notices,
    }


def _stage(supervisor: "Supervisor", stage: str, now: float) -> Data:
    child = supervisor.fleet.children[stage]
    current, spare = child.current, child.spare
    about = current.about if current else None
    return {
        "name": stage,
        "state": child.state.phase,
        "pid": current.pid if current else 0,
        "incarnation": current.number if current else 0,
        "backend": about.backend if about else "",
        "device": about.device if about else "",
        "detail": about.detail if about else "",
        "fallback": bool(child.backend),
        "spare": ("warm" if spare.about else "starting") if spare else "",
        "uptime_s": round(now - child.state.since, 1) if child.is_ready else 0.0,
        "restarts": child.state.restarts,
        "queued": child.queued,
        "rss_mb": round(current.rss_mb, 1) if current else 0.0,
        "cpu_percent": round(current.cpu_percent, 1) if current else 0.0,
        "error": child.error,
    }


def stats(supervisor: "Supervisor") -> Data:
    """Return what ``stats --json`` prints; durations in milliseconds."""
    children = supervisor.fleet.children
    figures = {stage: children[stage].current for stage in STAGES}
    return {
        **supervisor.latency.summary(),
        "spoken": supervisor.spoken,
        "restarts": {stage: children[stage].state.restarts for stage in STAGES},
        "queued": {stage: children[stage].queued for stage in STAGES},
        "rss_mb": {stage: round(each.rss_mb, 1) if each else 0.0 for stage, each in figures.items()},
        "cpu_percent": {stage: round(each.cpu_percent, 1) if each else 0.0 for stage, each in figures.items()},
        "counters": {stage: children[stage].counters for stage in STAGES},
    }
