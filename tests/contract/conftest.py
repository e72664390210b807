"""The same tests over the real parts and their in-memory implementations: Redis and the store, Asterisk (`bench`).

CC_REDIS_URL names a Redis (7 or 8). Every test has a random prefix there and leaves nothing behind.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import uvloop
from redis.asyncio import Redis

from ari_app.availability.port import Availability
from ari_app.availability.redis import RedisAvailability
from ari_app.history.database import Database
from ari_app.history.reading import HistoryReader
from ari_app.routing.directory import Agent, Directory, Group, Queue, Skill
from ari_app.routing.targets import parse_target
from ari_app.store.client import connect, disconnect
from ari_app.store.port import Store
from ari_app.store.redis import RedisStore
from ari_app.testing.availability import MemoryAvailability
from ari_app.testing.history import MemoryHistory
from ari_app.testing.store import MemoryStore
from tests.contract.databases import PostgreSQL
from tests.contract.histories import Kept, address
from tests.support.benches import Bench, FakeBench, RealBench, real_lab, real_settings

# An address of the loopback of its own: nothing else listens there.
PROXY_HOST = "127.0.66.2"
_ON_ASYNCIO = ("test_ari_", "test_history", "test_failover")
"""Whose tests have bots, databases or servers of their own in the loop."""


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What is done with Redis is done on the loop that the controller runs on."""
    if item.path.name.startswith(_ON_ASYNCIO):
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        self.now = round(self.now + seconds, 3)
        return self.now


class Wire:
    """A TCP proxy before Redis, whose connections can be cut, frozen, or refused."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thawed = asyncio.Event()
        self._thawed.set()

    @property
    def url(self) -> str:
        """Where a client finds Redis through this wire."""
        credentials, at, _ = self._upstream.netloc.rpartition("@")
        return urlunsplit(self._upstream._replace(netloc=f"{credentials}{at}{PROXY_HOST}:{self._port}"))

    async def open(self) -> None:
        """Accept connections, on the same port as before."""
        self._server = await asyncio.start_server(self._accept, PROXY_HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse new connections and cut those that are."""
        if self._server is not None:
            self._server.close()
        self.cut()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break the connections that are."""
        self._thawed.set()
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Say nothing any more, and break nothing."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Deliver what was held back, and go on."""
        self._thawed.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        host, port = self._upstream.hostname, self._upstream.port
        up_reader, up_writer = await asyncio.open_connection(host, port)
        self._writers.add(up_writer)
        for source, sink in ((reader, up_writer), (up_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._thawed.wait()
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.transport.abort()
            self._writers.discard(sink)


@pytest.fixture
def redis_url() -> str:
    url = os.environ.get("CC_REDIS_URL")
    if url is None:
        pytest.fail("these tests need a Redis: set CC_REDIS_URL, such as redis://:password@127.0.0.1:6379/0")
    return url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
async def client(redis_url: str, prefix: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    keys = [key async for key in client.scan_iter(match=f"{{{prefix}}}*", count=1000)]
    if keys:
        await client.delete(*keys)
    await disconnect(client)


@pytest.fixture
async def wire(redis_url: str) -> AsyncIterator[Wire]:
    wire = Wire(redis_url)
    await wire.open()
    yield wire
    await wire.close()


@pytest.fixture(params=["memory", "redis"])
def availability(request: pytest.FixtureRequest, clock: Clock, prefix: str) -> Availability:
    if request.param == "memory":
        return MemoryAvailability(clock)
    return RedisAvailability(request.getfixturevalue("client"), prefix, clock)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, prefix: str) -> Store:
    if request.param == "memory":
        return MemoryStore()
    return RedisStore(request.getfixturevalue("client"), prefix)


@pytest.fixture(params=["fake", "asterisk", "asterisk without lanes"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "fake":
        yield FakeBench()
        return
    settings = real_settings()
    if request.param == "asterisk without lanes":
        settings = replace(settings, lanes=0)
    async with real_lab() as lab:
        real = RealBench(settings, lab)
        await real.open()
        yield real
        await real.close()


@pytest.fixture
def directory() -> Directory:
    return make_directory()


@pytest.fixture
def make() -> Callable[..., Directory]:
    """Directories that differ from the usual one in single agents (None: removed)."""
    return make_directory


def make_directory(order: tuple[str, ...] | None = None, **agents: Agent | None) -> Directory:
    """With `order`, the group support rings in it."""
    usual: dict[str, Agent | None] = {
        "alice": Agent("alice", "Alice Martin", "1001", groups=("support",), skills={"french": 5, "billing": 2}),
        "bob": Agent("bob", "Bob Lefèvre", "1002", groups=("support",), skills={"french": 2}),
        "carol": Agent("carol", "Carol Nguyen", "1003", groups=("support", "sales"), skills={"english": 5}),
        "dave": Agent("dave", "Dave Müller", "1004", groups=("sales",), skills={"english": 4, "french": 3}),
        "frank": Agent("frank", "Frank Zola", "1006", groups=("night",)),
        "admin": Agent("admin", "Administrator"),
    }
    listed = {name: agent for name, agent in (usual | agents).items() if agent is not None}
    groups = {name: Group(name, name.title()) for name in ("support", "sales", "night", "empty")}
    if order is not None:
        groups["support"] = Group("support", "Support", ring="in_order", order=order)
    return Directory(
        agents=listed,
        groups=groups,
        queues={
            "sales": Queue("sales", "Sales", groups=("sales",)),
            "all": Queue("all", "All", groups=("support", "sales")),
        },
        skills={name: Skill(name, name.title()) for name in ("french", "english", "billing", "unused")},
    )


async def ready(availability: Availability, clock: Clock, *agents: str) -> None:
    """Make them ready one second after the other: the first has been idle longest."""
    for agent in agents:
        await availability.set_state(agent, "ready")
        clock.advance(1)


async def counts(availability: Availability, *targets: str) -> list[int]:
    return [await availability.available(parse_target(target)) for target in targets]


async def empty(availability: Availability) -> None:
    """As after its Redis came back without what it had kept."""
    if isinstance(availability, RedisAvailability):
        keys = [key async for key in availability._client.scan_iter(match=f"{availability._tag}*")]
        await availability._client.delete(*keys)
    elif isinstance(availability, MemoryAvailability):
        availability.forget()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    server.start()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return address(request.param, request, tmp_path)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        yield Kept(MemoryHistory(), None)
        return
    database = Database(address(request.param, request, tmp_path))
    await database.migrate()
    yield Kept(HistoryReader(database), database)
    await database.close()
