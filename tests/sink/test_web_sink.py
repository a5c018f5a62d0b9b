"""The sink for browsers, heard by real clients over real sockets."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
from sink_parts import MS, NS, Samples, audio, settings, speech
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from voicectl.actors.sink import web
from voicectl.actors.sink.output import make_output
from voicectl.actors.sink.pcm_store import PcmStore
from voicectl.actors.sink.player import Player
from voicectl.actors.sink.progress import Progress
from voicectl.actors.sink.web import JOIN_NS, LEAD_NS, WebOutput
from voicectl.protocol.errors import SinkError, UsageError
from voicectl.protocol.speaking import Expect

RATE = web.RATE
WAIT_S = 10
STEP_NS = 20 * MS
BLOCK = RATE // 50
PAGE = Path(web.__file__).parent / "page"


class Clock:
    """An output that serves at a free port, and time that only moves when a test says so."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.now = NS
        self.output = WebOutput(host, 0)
        self.output.load()
        self.url = self.output.prepare()
        self.listeners: list[Listener] = []
        self._stack = ExitStack()

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return int(self.url.partition("://")[2].partition("/")[0].rpartition(":")[2])

    def play(self, pcm: Samples) -> None:
        """Play samples to their end."""
        if not self.output.is_open:
            self.output.open(RATE)
        while len(pcm) or self.output.position < self.output.written:
            pcm = pcm[self.output.write(pcm) :]
            self.step()

    def step(self) -> None:
        """Send what is due; as time does not wait here, the listeners have to keep up with it."""
        self.output.poll(self.now)
        self.now += STEP_NS
        for listener in self.listeners:
            listener.until(samples=self.output.position - listener.since)

    def listen(self, keeps_up: bool = True, **options: Any) -> "Listener":
        """Open a page's connection."""
        listener = self._stack.enter_context(Listener(self.port, **options))
        listener.since = self.output.position
        if keeps_up:
            self.listeners.append(listener)
        return listener

    def close(self) -> None:
        """Close everything."""
        self.output.close()
        self._stack.close()


class Listener:
    """What a page does: ``news`` are its messages so far, ``heard`` is its sound, from the position ``since`` on."""

    since = 0

    def __init__(self, port: int, query: str = "", **options: Any) -> None:
        self._connect = connect(f"ws://127.0.0.1:{port}/sound{query}", proxy=None, **options)
        self.news: list[dict[str, Any]] = []
        self.blocks: list[Samples] = []

    def __enter__(self) -> Self:
        self.connection: ClientConnection = self._connect.__enter__()
        return self.until(1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connect.__exit__(kind, error, trace)

    @property
    def heard(self) -> Samples:
        """The samples that came."""
        return np.concatenate([np.zeros(0, np.int16), *self.blocks])

    def until(self, news: int = 0, samples: int = 0) -> Self:
        """Take messages until there are so many news and so many samples."""
        while len(self.news) < news or sum(map(len, self.blocks)) < samples:
            message = self.connection.recv(timeout=WAIT_S)
            if isinstance(message, str):
                self.news.append(json.loads(message))
            else:
                self.blocks.append(np.frombuffer(message, "<i2"))
        return self


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Return an output that serves on this machine."""
    clock = Clock()
    yield clock
    clock.close()


# -- the sound ---------------------------------------------------------------------------------


def test_the_samples_that_arrive_are_those_that_were_spoken(clock: Clock, tmp_path: Path) -> None:
    """Every one, at every listener, with the text in front of its sound."""
    listeners = [clock.listen(), clock.listen()]
    player = Player(clock.output, settings(), Progress(tmp_path / "p"), PcmStore(tmp_path / "pcm"))
    player.expect(Expect(play=1, epoch=0))
    for play in (1, 2):
        player.accept(audio(play, last=True, rate=RATE), speech(play, RATE), "synthesizer.1", clock.now)
    while player.ledger().settled < 2:
        player.advance(clock.now)
        clock.step()
    for listener in listeners:
        listener.until(news=3, samples=2 * RATE)
        assert listener.news[0] == {"sample_rate": RATE, "paused": False, "caption": None}
        assert [news["caption"]["text"] for news in listener.news[1:]] == ["text 1", "text 2"]
        assert np.array_equal(listener.heard[: 2 * RATE], np.concatenate([speech(1, RATE), speech(2, RATE)]))
        assert listener.news[2] == {"caption": {"text": "text 2", "source": "text 2"}}


def test_it_keeps_real_time_whether_anybody_listens_or_not(clock: Clock) -> None:
    """By the clock it is never further ahead than a page has to be; silence before the first word does not count."""
    clock.output.open(RATE)
    clock.output.poll(clock.now)
    start = clock.now + 10 * NS
    clock.output.write(speech(1, 2 * RATE))
    for step in range(51):
        clock.output.poll(start + step * STEP_NS)
    assert clock.output.position == RATE + RATE * LEAD_NS // NS
    assert clock.output.underruns == 0


def test_a_late_listener_joins_where_the_speech_is(clock: Clock) -> None:
    """With what was said last, and without what was heard by others already."""
    early = clock.listen()
    clock.output.begins(0, audio(7))
    clock.play(speech(1, 10 * BLOCK))
    early.until(samples=10 * BLOCK)
    late = clock.listen()
    clock.play(speech(2, 10 * BLOCK))
    late.until(samples=10 * BLOCK)
    assert late.news[0]["caption"]["text"] == "text 7"
    assert np.array_equal(late.heard, speech(2, 10 * BLOCK))


def test_the_latency_of_a_page_is_part_of_the_stamp_but_not_of_what_was_heard(clock: Clock) -> None:
    """What was sent plays on when the sink dies; said again, it would be heard twice."""
    places: list[tuple[int, int]] = []
    clock.output.record = lambda position, latency: places.append((position, latency))
    clock.play(speech(1, 4 * BLOCK))
    stamp = clock.output.stamp(2 * BLOCK)
    assert stamp
    assert stamp.latency == JOIN_NS + 2 * STEP_NS
    assert places == [(count * BLOCK, 0) for count in (1, 2, 3, 4)]


def test_a_voice_that_is_only_just_in_time_is_no_underrun(clock: Clock) -> None:
    """While a page has something to play, a block waits for its rest; when it has nothing, that is one."""
    listener = clock.listen()
    pcm = speech(1, 10 * BLOCK)
    clock.output.open(RATE)
    clock.output.busy(True)
    for half in np.array_split(pcm, 20)[:10]:
        clock.output.write(half)
        clock.output.poll(clock.now)
        clock.now += STEP_NS // 2
    listener.until(samples=5 * BLOCK)
    assert np.array_equal(listener.heard, pcm[: 5 * BLOCK])
    assert clock.output.underruns == 0
    clock.now += NS
    clock.output.poll(clock.now)
    assert clock.output.underruns == 1


def test_a_listener_who_does_not_read_keeps_nobody_waiting(clock: Clock) -> None:
    """The others hear everything; it misses what came meanwhile, and hears the present when it reads again."""
    quick, slow = clock.listen(), clock.listen(keeps_up=False, max_queue=1)
    half_minute = np.tile(speech(1, RATE), 30)
    clock.play(half_minute)
    quick.until(samples=len(half_minute))
    assert np.array_equal(quick.heard[: len(half_minute)], half_minute)
    clock.output.begins(clock.output.written, audio(9))
    clock.play(np.full(BLOCK, 77, np.int16))
    slow.until(news=2)
    assert len(slow.heard) < len(half_minute) // 2
    clock.play(np.full(BLOCK, 99, np.int16))
    while not (slow.blocks and slow.blocks[-1][0] == 99):
        slow.until(samples=len(slow.heard) + 1)


def test_a_listener_who_goes_is_not_missed(clock: Clock) -> None:
    """Politely or with its cable pulled."""
    stays, leaves, breaks = clock.listen(), clock.listen(keeps_up=False), clock.listen(keeps_up=False)
    leaves.connection.close()
    breaks.connection.socket.shutdown(socket.SHUT_RDWR)
    breaks.connection.close()
    clock.play(speech(1, 20 * BLOCK))
    stays.until(samples=20 * BLOCK)
    assert np.array_equal(stays.heard[: 20 * BLOCK], speech(1, 20 * BLOCK))


# -- pause, resume, stop -----------------------------------------------------------------------


def test_pages_are_told_to_stand_still_and_to_forget(clock: Clock) -> None:
    """At once; a page that is opened meanwhile knows it too."""
    listener = clock.listen()
    clock.play(speech(1, 5 * BLOCK))
    clock.output.pause(True)
    clock.output.pause(True)
    listener.until(news=2)
    assert clock.listen().news[0]["paused"] is True
    clock.output.pause(False)
    clock.output.flush()
    listener.until(news=4)
    assert listener.news[1:] == [{"paused": True}, {"paused": False}, {"flush": True}]


def test_a_pause_does_not_add_to_what_pages_hold(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they held before it they still hold; they get no second lead."""
    monkeypatch.setattr(web.time, "monotonic_ns", lambda: clock.now)
    clock.output.open(RATE)
    clock.output.write(speech(1, 2 * RATE))
    clock.output.poll(clock.now)
    for _ in range(5):
        before = clock.output.position
        clock.output.pause(True)
        clock.now += 3 * NS
        clock.output.poll(clock.now)
        clock.output.pause(False)
        clock.output.poll(clock.now)
        assert clock.output.position == before


def test_what_was_flushed_is_not_sent_and_not_shown(clock: Clock) -> None:
    """The next sentence follows at once."""
    listener = clock.listen(keeps_up=False)
    clock.output.open(RATE)
    clock.output.begins(0, audio(1))
    clock.output.begins(10 * BLOCK, audio(2))
    clock.output.write(speech(1, 20 * BLOCK))
    clock.output.poll(clock.now)
    clock.output.flush()
    clock.output.begins(clock.output.written, audio(3))
    clock.play(speech(3, 5 * BLOCK))
    listener.until(news=4, samples=9 * BLOCK)
    assert [next(iter(news)) for news in listener.news[1:]] == ["caption", "flush", "caption"]
    assert listener.news[3]["caption"]["text"] == "text 3"
    assert np.array_equal(listener.heard, np.concatenate([speech(1, 20 * BLOCK)[: 4 * BLOCK], speech(3, 5 * BLOCK)]))


# -- who is let in -----------------------------------------------------------------------------


def ask(port: int, request: bytes) -> tuple[int, str]:
    """Send bytes as they are; return the status (0: none) and the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as connection:
        answer = b""
        with suppress(ConnectionError):
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
    return int(answer.split(b" ", 2)[1]) if answer else 0, answer.decode()


def get(port: int, path: str, host: str = "localhost", **headers: str) -> tuple[int, str]:
    """Ask for a path."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return ask(port, "\r\n".join(lines).encode())


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


def test_the_page_is_served_with_all_that_it_needs(clock: Clock) -> None:
    """It may load nothing from anywhere else."""
    assert clock.url == f"http://127.0.0.1:{clock.port}/"
    assert not clock.output.notices
    status, page = get(clock.port, "/")
    assert status == 200
    assert "default-src 'none'" in page
    assert "connect-src ws://localhost wss://localhost;" in page
    for name, kind in (("page.js", "text/javascript"), ("page.css", "text/css")):
        assert f'"{name}"' in page
        status, answer = get(clock.port, f"/{name}")
        assert (status, f"Content-Type: {kind}; charset=utf-8" in answer) == (200, True)
        assert answer.endswith((PAGE / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("host", ["localhost", "localhost:9999", "127.0.0.1:1", "[::1]:80", "LOCALHOST"])
def test_this_machine_has_many_names_and_a_tunnel_other_ports(clock: Clock, host: str) -> None:
    """Whoever comes through ssh -L asks for the port at the other end."""
    assert get(clock.port, "/", host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "10.1.1.1", ";"])
def test_a_name_that_only_leads_here_is_refused(clock: Clock, host: str) -> None:
    """Or any site could have its own name point here, and listen."""
    assert get(clock.port, "/", host)[0] in {400, 403}
    assert get(clock.port, "/sound", host, **UPGRADE)[0] in {400, 403}


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:1", "null", "file://"])
def test_another_sites_page_cannot_listen(clock: Clock, origin: str) -> None:
    """A browser says whose page it is; the page of this server can."""
    assert get(clock.port, "/sound", f"localhost:{clock.port}", **UPGRADE, Origin=origin)[0] == 403
    with connect(f"ws://localhost:{clock.port}/sound", proxy=None, origin=f"http://localhost:{clock.port}") as page:
        assert json.loads(page.recv(timeout=WAIT_S))["sample_rate"] == RATE


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /page/../page.js HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /sound HTTP/1.1\r\nHost: localhost\r\n\r\n", 426),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n", 0),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 431),
        (b"\x16\x03\x01\r\n\r\n", 0),
    ],
)
def test_a_bad_request_is_answered_or_hung_up_on(clock: Clock, request_: bytes, status: int) -> None:
    """And the next one is served; 0: what is no HTTP gets no answer."""
    assert ask(clock.port, request_)[0] == status
    assert get(clock.port, "/")[0] == 200


def test_a_page_that_talks_too_much_is_closed(clock: Clock) -> None:
    """Nothing that it says is kept."""
    listener = clock.listen()
    listener.connection.send("x" * 100_000)
    with pytest.raises(ConnectionClosed):
        listener.until(news=2)


def test_elsewhere_than_on_this_machine_the_address_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user is warned; without it nothing is heard; it stays the same, and only the user can read it."""
    monkeypatch.setenv("VOICECTL_STATE_DIR", str(tmp_path / "state"))
    clock = Clock("0.0.0.0")
    try:
        query = clock.url.partition("/?")[2]
        assert query.startswith("token=")
        assert any(clock.url in notice and "can hear" in notice for notice in clock.output.notices)
        for path, status in (("/", 403), ("/?token=", 403), ("/?token=%C3%A9", 403), (f"/?{query}", 200)):
            assert get(clock.port, path, "a.name.in.the.network")[0] == status
        assert get(clock.port, "/sound", **UPGRADE)[0] == 403
        with Listener(clock.port, f"?{query}") as listener:
            assert listener.news[0]["sample_rate"] == RATE
        file = tmp_path / "state" / "web.token"
        assert file.stat().st_mode & 0o777 == 0o600
    finally:
        clock.close()
    again = Clock("0.0.0.0")
    again.close()
    assert again.url.endswith(f"/?{query}")


# -- specs, and a server that cannot be ----------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("web:8765", "web:127.0.0.1:8765"),
        ("web:localhost:80", "web:localhost:80"),
        ("web:0.0.0.0:65535", "web:0.0.0.0:65535"),
        ("web:[::1]:8765", "web:[::1]:8765"),
    ],
)
def test_a_spec_names_port_and_host(spec: str, name: str) -> None:
    """Without a host it is this machine alone."""
    output = make_output(spec, settings(spec))
    assert isinstance(output, WebOutput)
    assert (output.name, output.realtime) == (name, True)


@pytest.mark.parametrize("spec", ["web", "web:", "web:0", "web:65536", "web:x", "web:::1:80", "web:a:b:80", "web:80/x"])
def test_a_bad_address_names_the_good_ones(spec: str) -> None:
    """The error is one line with every valid form."""
    with pytest.raises(UsageError, match="web:HOST:PORT"):
        make_output(spec, settings())


def test_a_port_that_is_taken_is_known_at_once(clock: Clock) -> None:
    """Before anything is spoken, in one line."""
    second = WebOutput("127.0.0.1", clock.port)
    with pytest.raises(SinkError, match=r"Address already in use; name another port with --sink web:PORT"):
        second.prepare()


def test_a_host_that_is_not_this_machine_is_known_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is another machine's address or no name at all."""
    monkeypatch.setenv("VOICECTL_STATE_DIR", str(tmp_path))
    for host in ("192.0.2.1", "a" * 70):
        with pytest.raises(SinkError, match=rf"cannot serve at {host}:8765: \w.*; name another port"):
            WebOutput(host, 8765).prepare()


def test_the_next_sink_serves_at_the_same_port(clock: Clock) -> None:
    """Pages that were open lose their connection at once, and find the next one."""
    listener = clock.listen()
    clock.play(speech(1, 5 * BLOCK))
    clock.output.close()
    with pytest.raises(ConnectionClosed):
        listener.until(samples=RATE)
    assert np.array_equal(listener.heard[: 5 * BLOCK], speech(1, 5 * BLOCK))
    clock.output = WebOutput("127.0.0.1", clock.port)
    clock.output.prepare()
    assert clock.listen().news[0]["sample_rate"] == RATE


def test_the_page_and_the_sink_agree_on_its_latency() -> None:
    """The page waits as long before its first sample as the sink says."""
    assert f"JOIN_S = {JOIN_NS / NS};" in (PAGE / "page.js").read_text(encoding="utf-8")
