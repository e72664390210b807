"""The connection: reconciles, delivers in order, comes back, gives way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NobodyListens, Unreachable
from ari_app.ari.http import HttpClient
from ari_app.ari.link import Json, Link, LinkState, Pace

REPLACED = {"type": "ApplicationReplaced", "application": "app"}


class Client(AriClient):
    """An Asterisk whose connection the test opens and breaks."""

    def __init__(self, http: HttpClient) -> None:
        super().__init__("http://nowhere", http)
        self.connections = 0
        self.reachable = True
        self.listens = True
        self.proofs: list[AriError | None] = []
        self.mute = 0
        """How many events it does not send any more."""
        self.before_listing: Callable[[], Awaitable[None]] | None = None
        self.emit: Callable[[Json], None] = lambda event: None
        self._broken = asyncio.Event()
        self.filtered: list[str] = []
        self.requested = asyncio.Semaphore(0)

    async def describe(self) -> None:
        self.requested.release()
        if not self.listens:
            raise NobodyListens("refused")
        if not self.reachable:
            raise Unreachable("no connection")

    async def filter_events(self, application: str, kinds: Any) -> None:
        self.filtered = list(kinds)

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        if operation == "ping":
            return {}
        if operation == "userEvent":
            self.requested.release()
            error = self.proofs.pop(0) if self.proofs else None
            if error is not None:
                raise error
            if self.mute:
                self.mute -= 1
            else:
                self.emit({"type": "ChannelUserevent", "eventname": arguments["eventName"]})
            return None
        if repository == "bridges" and self.before_listing is not None:
            await self.before_listing()
        return [{"id": f"{repository}-{self.connections}"}] if operation == "list" else None

    async def run(self, application: str, on_event: Callable[[Json], None]) -> None:
        self.connections += 1
        self.emit = on_event
        self._broken = asyncio.Event()
        assert self.http.on_connected is not None
        self.http.on_connected(None)  # type: ignore[arg-type]
        await self._broken.wait()

    def lose(self) -> None:
        self._broken.set()


class Listener:
    """Keeps what it is notified of."""

    def __init__(self) -> None:
        self.reported: list[object] = []
        self._news = asyncio.Event()

    def _tell(self, what: object) -> None:
        self.reported.append(what)
        self._news.set()

    def link_up(self, channels: list[Json], bridges: list[Json]) -> None:
        self._tell(("up", channels[0]["id"], bridges[0]["id"]))

    def link_event(self, event: Json) -> None:
        self._tell(event["n"])

    def link_down(self, *, fenced: bool) -> None:
        self._tell(("down", fenced))

    async def until(self, number: int) -> list[object]:
        async with asyncio.timeout(5):
            while len(self.reported) < number:
                self._news.clear()
                await self._news.wait()
        return self.reported


@pytest.fixture(autouse=True)
def logs() -> structlog.testing.LogCapture:
    capture = structlog.testing.LogCapture()
    structlog.configure(processors=[capture])
    return capture


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    http = HttpClient("user", "password")
    yield Client(http)
    await http.close()


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def link(client: Client, listener: Listener) -> AsyncIterator[Link]:
    pace = Pace(first_delay=0.0, last_delay=0.0, proof_every=0.0, proof_within=0.0)
    link = Link(client, "app", listener, pace=pace)
    yield link
    await link.stop()


async def test_all_is_reconciled_when_the_connection_stands(link: Link, client: Client, listener: Listener) -> None:
    link.start()
    assert await listener.until(1) == [("up", "channels-1", "bridges-1")]
    assert link.state is LinkState.UP
    assert "StasisStart" in client.filtered
    assert "ApplicationReplaced" in client.filtered


async def test_events_during_reconciliation_are_delivered_after_it(
    link: Link, client: Client, listener: Listener
) -> None:
    async def meanwhile() -> None:
        client.emit({"type": "x", "n": 1})
        client.emit({"type": "x", "n": 2})

    client.before_listing = meanwhile
    link.start()
    await listener.until(3)
    client.emit({"type": "x", "n": 3})
    assert listener.reported == [("up", "channels-1", "bridges-1"), 1, 2, 3]


async def test_a_lost_connection_is_reported_and_made_again(link: Link, client: Client, listener: Listener) -> None:
    link.start()
    await listener.until(1)
    client.lose()
    assert (await listener.until(3))[1:] == [("down", False), ("up", "channels-2", "bridges-2")]


async def test_an_asterisk_that_is_away_is_tried_until_it_is_there(
    link: Link, client: Client, listener: Listener, logs: structlog.testing.LogCapture
) -> None:
    client.reachable = False
    link.start()
    async with asyncio.timeout(5):
        for _ in range(3):
            await client.requested.acquire()
    assert listener.reported == []
    assert {entry["event"] for entry in logs.entries} == {"asterisk_not_reached"}
    client.reachable = True
    await listener.until(1)


async def test_the_pause_between_attempts_grows_to_a_limit_and_is_spread(
    client: Client, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    enough = asyncio.Event()
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            enough.set()
        await sleep(0)

    monkeypatch.setattr("ari_app.ari.link.asyncio.sleep", pause)
    client.reachable = False
    link = Link(client, "app", listener, pace=Pace(first_delay=0.1, last_delay=5.0), jitter=lambda: 1.0)
    link.start()
    async with asyncio.timeout(5):
        await enough.wait()
    await link.stop()
    assert pauses[:8] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])


async def test_where_events_stop_while_requests_are_answered_the_connection_is_made_anew(
    link: Link, client: Client, listener: Listener
) -> None:
    client.mute = 2
    link.start()
    assert (await listener.until(3))[1:] == [("down", False), ("up", "channels-2", "bridges-2")]


async def test_one_that_sends_no_events_from_the_beginning_is_found_without_a_pause(
    client: Client, listener: Listener
) -> None:
    client.mute = 2
    link = Link(client, "app", listener, pace=Pace(first_delay=0.0, proof_every=3600.0, proof_within=0.01))
    link.start()
    assert (await listener.until(3))[1:] == [("down", False), ("up", "channels-2", "bridges-2")]
    await link.stop()


async def test_a_socket_of_our_own_that_asterisk_opens_late_does_not_fence_us(
    link: Link, client: Client, listener: Listener
) -> None:
    link.start()
    await listener.until(1)
    client.http.abandoned = 1
    client.emit(REPLACED)
    assert (await listener.until(3))[1:] == [("down", False), ("up", "channels-2", "bridges-2")]


async def test_sockets_that_asterisk_has_had_time_for_are_forgotten(
    link: Link, client: Client, listener: Listener
) -> None:
    client.http.abandoned = 1
    link.start()
    await listener.until(1)
    while client.http.abandoned:
        client.requested = asyncio.Semaphore(0)
        async with asyncio.timeout(5):
            await client.requested.acquire()
    client.emit(REPLACED)
    assert (await listener.until(2))[1:] == [("down", True)]


async def test_without_an_answer_to_requests_the_connection_is_made_anew(
    link: Link, client: Client, listener: Listener
) -> None:
    client.proofs = [Unreachable("x"), None, Unreachable("x"), Unreachable("x")]
    link.start()
    assert (await listener.until(3))[1:] == [("down", False), ("up", "channels-2", "bridges-2")]


async def test_where_events_may_have_been_missed_all_is_reconciled_anew(
    link: Link, client: Client, listener: Listener
) -> None:
    link.start()
    await listener.until(1)
    link.suspect()
    assert (await listener.until(3))[1:] == [("down", False), ("up", "channels-2", "bridges-2")]


async def test_fenced_it_stays_silent(link: Link, client: Client, listener: Listener) -> None:
    link.start()
    await listener.until(1)
    client.emit(REPLACED)
    client.emit({"type": "x", "n": 1})
    assert (await listener.until(2))[1:] == [("down", True)]
    assert link.state is LinkState.FENCED
    assert client.connections == 1


async def test_another_applications_replacement_is_not_ours(link: Link, client: Client, listener: Listener) -> None:
    link.start()
    await listener.until(1)
    client.emit(REPLACED | {"application": "other"})
    client.emit({"type": "x", "n": 1})
    assert listener.reported[1:] == [1]


async def test_fenced_while_reconciling_it_never_was_up(link: Link, client: Client, listener: Listener) -> None:
    async def meanwhile() -> None:
        client.emit(REPLACED)

    client.before_listing = meanwhile
    link.start()
    assert await listener.until(1) == [("down", True)]
    assert link.state is LinkState.FENCED


async def test_started_again_a_fenced_link_takes_over(link: Link, client: Client, listener: Listener) -> None:
    link.start()
    await listener.until(1)
    client.emit(REPLACED)
    await listener.until(2)
    link.start()
    assert (await listener.until(3))[-1] == ("up", "channels-2", "bridges-2")


async def test_an_event_that_nobody_can_read_is_lost_alone(link: Link, client: Client, listener: Listener) -> None:
    link.start()
    await listener.until(1)
    client.emit({"type": "Dial"})
    client.emit({"type": ["Dial"]})
    client.emit({"type": "Dial", "n": 7})
    assert listener.reported[1:] == [7]
    assert link.state is LinkState.UP


@pytest.mark.parametrize("error", [RecursionError, KeyError, TypeError, ValueError])
async def test_whatever_an_answer_breaks_the_connection_is_made_anew(
    link: Link, client: Client, listener: Listener, error: type[Exception]
) -> None:
    async def breaks() -> None:
        client.before_listing = None
        raise error

    client.before_listing = breaks
    link.start()
    assert await listener.until(1) == [("up", "channels-2", "bridges-2")]


async def test_stopping_ends_it(link: Link, client: Client, listener: Listener) -> None:
    link.start()
    link.start()
    await listener.until(1)
    await link.stop()
    await link.stop()
    assert link.state is LinkState.DOWN
    assert client.connections == 1


@pytest.fixture
def gone() -> list[float]:
    """When it was reported that Asterisk is gone."""
    return []


@pytest.fixture
async def given_up(client: Client, listener: Listener, gone: list[float]) -> AsyncIterator[Link]:
    """A link that gives an Asterisk up; each attempt takes it 0.4 s."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.4
        return now

    pace = Pace(first_delay=0.0, last_delay=0.0, proof_every=0.0, proof_within=0.0, gone_after=1.0)
    link = Link(client, "app", listener, pace=pace, on_gone=lambda: gone.append(now), clock=clock)
    yield link
    await link.stop()


async def attempts(client: Client, number: int) -> None:
    async with asyncio.timeout(5):
        for _ in range(number):
            await client.requested.acquire()


async def test_where_nobody_listens_for_a_while_asterisk_is_gone_and_that_is_reported_once(
    given_up: Link, client: Client, listener: Listener, gone: list[float]
) -> None:
    client.listens = False
    given_up.start()
    await attempts(client, 3)
    assert gone == []
    await attempts(client, 4)
    assert gone == [pytest.approx(1.6)]
    client.listens = True
    await listener.until(1)
    client.listens = False
    client.lose()
    await attempts(client, 9)
    assert len(gone) == 2


async def test_one_that_is_not_reached_for_long_is_away_which_is_reported_once_until_it_is_back(
    client: Client, listener: Listener
) -> None:
    now, away = 0.0, list[float]()

    def clock() -> float:
        nonlocal now
        now += 0.4
        return now

    pace = Pace(first_delay=0.0, last_delay=0.0, proof_every=0.0, proof_within=0.0, away_after=1.0)
    link = Link(client, "app", listener, pace=pace, on_away=lambda: away.append(now), clock=clock)
    client.reachable = False
    link.start()
    await attempts(client, 3)
    assert away == []
    await attempts(client, 4)
    assert away == [pytest.approx(1.6)]
    client.reachable = True
    await listener.until(1)
    client.reachable = False
    client.lose()
    await attempts(client, 9)
    assert len(away) == 2
    await link.stop()


async def test_one_that_does_not_answer_may_have_its_calls_yet(
    given_up: Link, client: Client, gone: list[float]
) -> None:
    client.reachable = False
    given_up.start()
    await attempts(client, 9)
    client.listens = False
    await attempts(client, 2)
    client.listens = True  # it was cut off again: that it was not there for a moment says nothing
    await attempts(client, 2)
    client.listens = False
    await attempts(client, 2)
    assert gone == []
