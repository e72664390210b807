"""Which Redis is written to when there are Sentinels, and what is made of its refusals."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from ari_app.errors import StoreUnavailable
from ari_app.store import primary
from ari_app.store.client import ERRORS, connect, disconnect
from ari_app.store.primary import Sentinels

WAIT = 15.0
SCRIPT = ("EVAL", "return 1", 0)

GREETED = {"CLIENT": "OK", "PING": "PONG"}

type Answer = str | int | Sequence[Answer]


@dataclass
class Server:
    """Says what `answer` has for a command; `silent`: nothing at all."""

    answer: Callable[[Sequence[str]], Answer | None]
    port: int = 0
    silent: bool = False
    connections: int = 0
    commands: list[tuple[str, ...]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(size + 2))[:-2].decode())
                self.commands.append(tuple(words))
                if not self.silent:
                    answer = GREETED.get(words[0]) or self.answer(words)
                    writer.write(written("OK" if answer is None else answer))
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    @property
    def scripts(self) -> int:
        return sum(words[0] == "EVAL" for words in self.commands)


def written(answer: Answer) -> bytes:
    match answer:
        case int():
            return b":%d\r\n" % answer
        case str() if answer.startswith("-") and answer[1].isalpha():
            return f"{answer}\r\n".encode()
        case str():
            return b"$%d\r\n%b\r\n" % (len(answer), answer.encode())
    return b"*%d\r\n" % len(answer) + b"".join(written(each) for each in answer)


@dataclass
class World:
    """Two of Redis, `a` and `b`, and three Sentinels that see `a` as the primary until `now` says otherwise."""

    a: Server
    b: Server
    sentinels: list[Server]
    seen: list[tuple[int, Server]]
    replicas: list[dict[str, str]]
    client: Redis
    moved: list[None] = field(default_factory=list)
    alone: list[None] = field(default_factory=list)

    def now(self, server: Server, epoch: int = 1, of: Sequence[int] = (0, 1, 2)) -> None:
        for number in of:
            self.seen[number] = (epoch, server)


FOLLOWS = {
    "ip": "127.0.0.1",
    "port": "1",
    "flags": "slave",
    "role-reported": "slave",
    "master-link-status": "ok",
    "master-link-down-time": "0",
    "master-host": "127.0.0.1",
}
LOST_IT = {"master-link-status": "err", "master-link-down-time": "3000"}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not make a Sentinel silent."""
    monkeypatch.setattr(primary, "SENTINEL_SECONDS", 2.0)


@asynccontextmanager
async def world(confirm: float = 0.0) -> AsyncIterator[World]:
    a, b = Server(lambda words: 1 if words[0] in ("EVAL", "WAIT") else None), Server(lambda _: 1)
    seen = [(0, a), (0, a), (0, a)]
    replicas = [FOLLOWS]

    def sentinel(number: int) -> Server:
        def answer(words: Sequence[str]) -> Answer | None:
            epoch, server = seen[number]
            match [word.upper() for word in words[:2]]:
                case ["SENTINEL", "MASTER"]:
                    known = {"ip": "127.0.0.1", "port": str(a.port), "config-epoch": str(epoch), "flags": "master"}
                    known["down-after-milliseconds"] = "2000"
                    return [text for pair in known.items() for text in pair]
                case ["SENTINEL", "GET-MASTER-ADDR-BY-NAME"]:
                    return ["127.0.0.1", str(server.port)]
                case ["SENTINEL", _]:
                    return [[text for pair in replica.items() for text in pair] for replica in replicas]
            return None

        return Server(answer)

    servers = [a, b, *(sentinel(number) for number in range(3))]
    listening = [await asyncio.start_server(server.serve, "127.0.0.1", 0) for server in servers]
    for server, listens in zip(servers, listening, strict=True):
        server.port = listens.sockets[0].getsockname()[1]
    moved: list[None] = []
    alone: list[None] = []
    sentinels = Sentinels(
        [("127.0.0.1", server.port) for server in servers[2:]],
        "callcontrol",
        confirm=confirm,
        moved=lambda: moved.append(None),
        unconfirmed=lambda: alone.append(None),
    )
    client = connect("redis://127.0.0.1:1/0", sentinels=sentinels)
    try:
        async with asyncio.timeout(WAIT):
            yield World(a, b, servers[2:], seen, replicas, client, moved, alone)
    finally:
        await disconnect(client)
        for listens in listening:
            listens.close()
            listens.close_clients()


async def run(here: World) -> object:
    return await do(here.client, *SCRIPT)


async def do(client: Redis, *words: str | int) -> object:
    with ERRORS:
        return await client.execute_command(*words)  # type: ignore[no-untyped-call]


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - nobody reports it
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "refusal",
    [
        "-READONLY You can't write against a read only replica.",
        "-LOADING Redis is loading the dataset in memory",
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "-NOREPLICAS Not enough good replicas to write.",
    ],
)
async def test_what_one_refuses_that_leads_no_more_goes_to_the_one_that_does(refusal: str) -> None:
    async with world() as here:
        await run(here)
        here.a.answer = lambda _: refusal
        here.now(here.b)
        assert await run(here) == 1
        assert (here.a.scripts, here.b.scripts, len(here.moved)) == (2, 1, 1)


@pytest.mark.parametrize("with_sentinels", [True, False])
async def test_a_connection_that_refused_so_is_not_used_again(with_sentinels: bool) -> None:
    async with world() as here:
        plain = connect(f"redis://127.0.0.1:{here.a.port}/0")
        client = here.client if with_sentinels else plain
        here.a.answer = lambda words: "-NOREPLICAS Not enough good replicas to write." if words[0] == "SET" else None
        await do(client, "GET", "x")
        before = here.a.connections
        with pytest.raises(StoreUnavailable, match="too few replicas"):
            await do(client, "SET", "x", 1)
        await do(client, "GET", "x")
        await do(client, "GET", "x")
        assert here.a.connections == before + 1
        assert here.b.connections == 0
        await disconnect(plain)


async def test_what_broke_is_not_done_twice() -> None:
    async with world() as here:
        await run(here)
        here.a.silent = True
        here.now(here.b)
        with pytest.raises(StoreUnavailable):
            await run(here)
        assert (here.a.scripts, here.b.scripts) == (2, 0)


async def test_an_old_primary_that_goes_on_answering_is_left_with_what_listens_to_it() -> None:
    async with world() as here:
        pubsub = here.client.pubsub()
        here.a.answer = here.b.answer = lambda words: ["subscribe", "c", 1] if words[0] == "SUBSCRIBE" else 1
        await pubsub.subscribe("c")
        here.now(here.b)
        await until(lambda: bool(here.moved))
        while not any(words[0] == "SUBSCRIBE" for words in here.b.commands):
            await pubsub.get_message(timeout=0.1)
        await pubsub.aclose()  # type: ignore[no-untyped-call]


async def test_the_newest_fail_over_counts_and_one_sentinel_that_is_silent_holds_up_nobody() -> None:
    async with world() as here:
        here.now(here.b, epoch=7, of=[2])
        here.sentinels[0].silent = True
        assert await run(here) == 1
        assert (here.a.connections, here.b.scripts) == (0, 1)


async def test_a_minority_of_the_sentinels_is_not_believed() -> None:
    async with world() as here:
        for sentinel in here.sentinels[:2]:
            sentinel.answer = lambda _: "-ERR No such master with that name"
        with pytest.raises(StoreUnavailable, match="no majority of the Sentinels"):
            await run(here)
        assert (here.a.connections, here.b.connections) == (0, 0)


async def test_a_primary_that_is_known_is_used_when_no_sentinel_answers_any_more() -> None:
    async with world() as here:
        await run(here)
        for sentinel in here.sentinels:
            sentinel.answer = lambda _: "-ERR No such master with that name"
        assert await run(here) == 1
        await here.client.connection_pool.disconnect()
        assert await run(here) == 1


def waits(server: Server) -> list[tuple[str, ...]]:
    return [words for words in server.commands if words[0] == "WAIT"]


async def test_what_a_script_wrote_waits_for_every_replica_that_could_lead_next() -> None:
    async with world(confirm=0.2) as here:
        await do(here.client, "GET", "x")
        here.replicas[:] = [FOLLOWS, FOLLOWS | {"port": "2"}]
        here.a.answer = lambda words: 2 if words[0] == "WAIT" else 1
        await here.client.primary.look()  # type: ignore[attr-defined]
        assert await run(here) == 1
        await do(here.client, "GET", "x")
        assert waits(here.a) == [("WAIT", "2", "200")]


@pytest.mark.parametrize(
    "other",
    [
        {"flags": "s_down,slave"},
        {"flags": "o_down,slave"},
        {"master-link-status": "err", "master-link-down-time": "20001"},
        {"master-link-status": "err", "master-link-down-time": "-1000"},
        {"role-reported": "master", "master-host": "?"},
    ],
    ids=["down", "down for all", "has not followed for long", "has never followed", "was the primary before"],
)
async def test_what_could_not_lead_is_not_waited_for(other: dict[str, str]) -> None:
    async with world(confirm=0.2) as here:
        here.replicas[:] = [FOLLOWS, FOLLOWS | {"port": "2"} | other]
        await run(here)
        assert await run(here) == 1
        assert {words[1] for words in waits(here.a)} == {"1"}


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        LOST_IT,
        LOST_IT | {"flags": "slave,disconnected"},
        LOST_IT | {"flags": "slave,disconnected,promoted"},
        {"role-reported": "master", "master-link-status": "err"},
    ],
    ids=["follows", "follows nobody", "breaks its connections", "chosen", "leads"],
)
async def test_a_primary_that_is_back_when_another_was_chosen_already_is_not_content_with_the_replica_that_is_back_too(
    chosen: dict[str, str],
) -> None:
    async with world(confirm=0.2) as here:
        here.replicas[:] = [FOLLOWS | LOST_IT, FOLLOWS | {"port": "2"} | chosen]
        await do(here.client, "GET", "x")
        with pytest.raises(StoreUnavailable, match="one machine only"):
            await run(here)  # which one of the two has
        assert waits(here.a) == [("WAIT", "2", "200")]


async def test_what_not_all_of_them_have_is_not_called_done() -> None:
    async with world(confirm=0.2) as here:
        here.a.answer = lambda words: 0 if words[0] == "WAIT" else 1
        with pytest.raises(StoreUnavailable, match="one machine only"):
            await run(here)
        assert here.alone == []


async def test_where_a_replica_was_waited_for_in_vain_the_next_wait_briefly_and_as_long_as_before_once_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world(confirm=0.2) as here:
        here.a.answer = lambda words: 0 if words[0] == "WAIT" else 1
        monkeypatch.setattr(primary, "DOUBT_SECONDS", 60.0)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="one machine only"):
                await run(here)
        here.a.answer = lambda words: 1
        assert await run(here) == 1
        assert waits(here.a) == [("WAIT", "1", "200"), ("WAIT", "1", "10"), ("WAIT", "1", "10")]
        here.now(here.b)
        await here.client.primary.look()  # type: ignore[attr-defined]
        assert await run(here) == 1
        assert waits(here.b) == [("WAIT", "1", "200")]
    async with world(confirm=0.2) as here:
        here.a.answer = lambda words: 0 if words[0] == "WAIT" else 1
        monkeypatch.setattr(primary, "DOUBT_SECONDS", 0.0)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await run(here)
        assert waits(here.a) == [("WAIT", "1", "200")] * 2


async def test_what_was_written_to_the_primary_before_is_not_called_done() -> None:
    async with world(confirm=0.2) as here:
        await run(here)
        here.a.answer = lambda words: 0 if words[0] == "WAIT" else 1
        here.replicas[:] = []
        here.now(here.b)
        with pytest.raises(StoreUnavailable):
            await run(here)


async def test_without_replicas_the_primary_keeps_it_alone_which_is_counted_and_nobody_waits_in_vain_again() -> None:
    async with world(confirm=0.2) as here:
        here.replicas[:] = []
        here.a.answer = lambda words: 0 if words[0] == "WAIT" else 1
        with capture_logs() as logs:
            assert [await run(here) for _ in range(5)] == [1] * 5
        assert (len(waits(here.a)), len(here.alone)) == (1, 1)
        assert [line["event"] for line in logs] == ["store_without_replica"]


async def test_a_script_that_fails_is_no_matter_of_replicas() -> None:
    async with world(confirm=0.2) as here:
        here.a.answer = lambda words: "-ERR wrong" if words[0] == "EVAL" else 0
        with pytest.raises(StoreUnavailable, match="ResponseError"):
            await run(here)


async def test_a_redis_that_knows_no_wait_says_so() -> None:
    async with world(confirm=0.2) as here:
        here.a.answer = lambda words: "-NOPERM this user has no permissions" if words[0] == "WAIT" else 1
        with pytest.raises(StoreUnavailable, match="does not permit"):
            await run(here)
