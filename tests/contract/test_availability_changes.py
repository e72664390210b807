"""What subscribers are sent, and the mirror that lives on it, over every implementation of `Availability`."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from ari_app.availability.expiry import keep_expiring
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import (
    AgentChanged,
    AgentState,
    Availability,
    Change,
    CountChanged,
    Expired,
    Lost,
    Resync,
)
from ari_app.availability.refill import keep_filled
from ari_app.errors import StoreUnavailable
from ari_app.routing.directory import Agent, Directory
from ari_app.routing.targets import parse_target
from tests.contract.conftest import Clock, empty

NOBODY: frozenset[str] = frozenset()
SUPPORT = parse_target("group:support")
DEADLINE = 5.0


class Subscriber:
    """Takes changes as they come; `upto` waits for one."""

    def __init__(self, availability: Availability) -> None:
        self._changes = availability.changes()

    async def upto(self, wanted: Callable[[Change], bool]) -> list[Change]:
        """Everything up to the first change that is wanted."""
        seen: list[Change] = []
        async with asyncio.timeout(DEADLINE):
            while not seen or not wanted(seen[-1]):
                seen.append(await anext(self._changes))
        return seen

    async def upto_count(self, target: str, available: int) -> list[Change]:
        return await self.upto(lambda c: isinstance(c, CountChanged) and (c.target, c.available) == (target, available))


@pytest.fixture
async def subscriber(availability: Availability, directory: Directory) -> Subscriber:
    await availability.configure(directory)
    subscriber = Subscriber(availability)
    assert await subscriber.upto(lambda c: True) == [Resync()]
    return subscriber


@pytest.fixture
async def mirror(availability: Availability, directory: Directory) -> AsyncIterator[Mirror]:
    await availability.configure(directory)
    mirror = Mirror(availability)
    running = asyncio.create_task(mirror.run())
    async with asyncio.timeout(DEADLINE):
        await mirror.wait_fresh()
    yield mirror
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def until(mirror: Mirror, fact: Callable[[], bool]) -> None:
    """Wait until a change makes it true."""
    changed = asyncio.Event()
    end = mirror.listen(lambda _: changed.set())
    async with asyncio.timeout(DEADLINE):
        while not fact():
            changed.clear()
            await changed.wait()
    end()


def agents(changes: list[Change]) -> list[tuple[str, str, bool]]:
    return [(c.record.agent, c.record.state, c.became_available) for c in changes if isinstance(c, AgentChanged)]


async def test_a_state_change_is_reported_with_every_count_that_it_touches(
    availability: Availability, subscriber: Subscriber, clock: Clock
) -> None:
    record = await availability.set_state("dave", "ready")
    reported = await subscriber.upto_count("skill:french=3", 1)
    await availability.set_state("dave", "not_ready", "lunch")
    reported += await subscriber.upto(lambda c: isinstance(c, AgentChanged))
    assert reported[0] == AgentChanged(record, became_available=True)
    counts = {(c.target, c.available) for c in reported if isinstance(c, CountChanged)}
    assert counts == {
        ("group:sales", 1),
        ("queue:sales", 1),
        ("queue:all", 1),
        ("skill:english=4", 1),
        ("skill:french=3", 1),
    }
    assert {c.as_of for c in reported if isinstance(c, CountChanged)} == {clock.now}


async def test_what_changes_nothing_is_not_reported(availability: Availability, subscriber: Subscriber) -> None:
    await availability.set_state("alice", "logged_out")
    await availability.set_activity("alice", None)
    await availability.set_reachable("alice", reachable=True)
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await availability.expire()
    await availability.set_state("bob", "ready")
    assert agents(await subscriber.upto_count("group:support", 1)) == [("bob", "ready", True)]


async def test_only_who_can_be_had_now_is_reported_as_available(
    availability: Availability, subscriber: Subscriber, clock: Clock
) -> None:
    await availability.set_state("bob", "ready")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await availability.set_activity("bob", "on_call")
    await availability.set_activity("bob", None, wrap_up=10)
    clock.advance(10)
    await availability.expire()
    await availability.set_state("alice", "ready")
    reported = agents(await subscriber.upto_count("group:support", 2))
    assert reported == [
        ("bob", "ready", True),
        ("bob", "reserved", False),
        ("bob", "on_call", False),
        ("bob", "wrap_up", False),
        ("bob", "ready", True),
        ("alice", "ready", True),
    ]


async def test_who_only_loses_their_place_is_not_reported_as_available_anew(
    availability: Availability, subscriber: Subscriber
) -> None:
    await availability.set_state("bob", "ready")
    await availability.count_missed("bob", 0, "no_answer")
    await availability.set_state("alice", "ready")
    reported = agents(await subscriber.upto_count("group:support", 2))
    assert reported == [("bob", "ready", True), ("bob", "ready", False), ("alice", "ready", True)]


async def test_who_runs_out_and_is_taken_again_at_once_is_reported_once(
    availability: Availability, subscriber: Subscriber, clock: Clock
) -> None:
    await availability.set_state("bob", "ready")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await subscriber.upto_count("group:support", 0)
    clock.advance(20)
    await availability.reserve("r2", SUPPORT, NOBODY, 15)
    await availability.set_state("alice", "ready")
    reported = agents(await subscriber.upto_count("group:support", 1))
    assert reported == [("bob", "reserved", False), ("alice", "ready", True)]


async def test_who_is_taken_back_after_their_phone_was_in_use_is_reported_as_available(
    availability: Availability, subscriber: Subscriber
) -> None:
    await availability.set_state("bob", "ready")
    await availability.set_reachable("bob", reachable=False, in_use=True)
    await availability.set_reachable("bob", reachable=True)
    reported = await subscriber.upto_count("group:support", 1)
    reported += await subscriber.upto_count("group:support", 1)
    assert agents(reported) == [("bob", "ready", True), ("bob", "ready", False), ("bob", "ready", True)]
    assert [c.record.in_use for c in reported if isinstance(c, AgentChanged)] == [False, True, False]


async def test_a_new_configuration_tells_to_read_everything(
    availability: Availability, subscriber: Subscriber, make: Callable[..., Directory]
) -> None:
    await availability.configure(make(alice=None))
    assert (await subscriber.upto(lambda c: isinstance(c, Resync)))[-1] == Resync()


async def test_the_mirror_shows_what_anybody_changes(availability: Availability, mirror: Mirror, clock: Clock) -> None:
    assert mirror.fresh
    assert mirror.available(SUPPORT) == 0
    await availability.set_state("alice", "ready")
    await availability.set_state("carol", "ready")
    await until(mirror, lambda: mirror.available(SUPPORT) == 2)
    assert mirror.record("alice") == await availability.agent("alice")
    assert mirror.record("mallory") is None
    targets = ("agent:alice", "agent:bob", "agent:mallory", "queue:all", "group:empty", "group:nowhere", "number:+331")
    assert [mirror.available(parse_target(t)) for t in targets] == [1, 0, 0, 2, 0, 0, 0]
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await until(mirror, lambda: mirror.available(SUPPORT) == 1)
    assert [mirror.records[a].state for a in ("alice", "carol")] == ["reserved", "ready"]
    count = mirror.count(SUPPORT)
    assert count is not None
    assert count.as_of == clock.now


@pytest.mark.parametrize("level", range(1, 8))
async def test_the_mirror_knows_every_level_of_a_skill(availability: Availability, mirror: Mirror, level: int) -> None:
    for agent in ("alice", "bob", "dave"):
        await availability.set_state(agent, "ready")
    await until(mirror, lambda: mirror.available(parse_target("skill:french")) == 3)
    await until(mirror, lambda: mirror.record("dave") is not None and mirror.records["dave"].state == "ready")
    wanted = parse_target(f"skill:french>={level}")
    expected = await availability.available(wanted)
    await until(mirror, lambda: mirror.available(wanted) == expected)


async def test_the_mirror_follows_a_new_configuration(
    availability: Availability, mirror: Mirror, make: Callable[..., Directory]
) -> None:
    await availability.set_state("alice", "ready")
    newcomer = Agent("zoe", "Zoe", "1042", groups=("support",))
    await availability.configure(make(alice=None, zoe=newcomer))
    await until(mirror, lambda: mirror.record("zoe") is not None)
    assert (mirror.record("alice"), mirror.available(SUPPORT)) == (None, 0)


async def test_listeners_are_notified_of_differences_only_and_can_be_ended(
    availability: Availability, mirror: Mirror
) -> None:
    heard: list[Change] = []
    end = mirror.listen(heard.append)
    await availability.set_state("alice", "ready")
    await availability.count_missed("alice", 0, "no_answer")
    await availability.set_state("bob", "ready")
    await until(mirror, lambda: mirror.available(SUPPORT) == 2)
    counts = [c.available for c in heard if isinstance(c, CountChanged) and c.target == "group:support"]
    assert counts == [1, 2]
    end()
    already = len(heard)
    await availability.set_state("carol", "ready")
    await until(mirror, lambda: mirror.available(SUPPORT) == 3)
    assert len(heard) == already


class Scripted:
    """An availability of which only the subscription and the snapshot are used, each given what to answer."""

    def __init__(self, availability: Availability) -> None:
        self._availability = availability
        self.queue: asyncio.Queue[Change] = asyncio.Queue()
        self.failures = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._availability, name)

    async def changes(self) -> AsyncIterator[Change]:
        while True:
            yield await self.queue.get()

    async def snapshot(self) -> object:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable
        return await self._availability.snapshot()


async def test_the_mirror_tells_after_an_interruption_what_differs(
    availability: Availability, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.availability.mirror.RETRY_SECONDS", 0)
    await availability.configure(directory)
    scripted = Scripted(availability)
    scripted.queue.put_nowait(Resync())
    mirror = Mirror(scripted)  # type: ignore[arg-type]
    running = asyncio.create_task(mirror.run())
    await mirror.wait_fresh()

    heard: list[Change] = []
    mirror.listen(heard.append)
    scripted.queue.put_nowait(Lost())
    await until(mirror, lambda: not mirror.fresh)
    record = await availability.set_state("alice", "ready")
    assert mirror.available(SUPPORT) == 0
    scripted.failures = 2
    scripted.queue.put_nowait(Resync())
    await until(mirror, lambda: bool(heard) and heard[-1] == Resync())
    assert mirror.fresh
    assert heard[:2] == [Lost(), AgentChanged(record, became_available=True)]
    assert {c.target for c in heard if isinstance(c, CountChanged)} == {
        "group:support",
        "queue:all",
        "skill:french",
        "skill:french>=2",
        "skill:french>=3",
        "skill:french>=5",
        "skill:billing",
        "skill:billing>=2",
    }

    # a change from before the full read that comes late must not take anything back
    old = AgentChanged((await availability.agent("alice")), became_available=False)
    await availability.set_state("alice", "not_ready", "lunch")
    scripted.queue.put_nowait(Resync())
    await until(mirror, lambda: mirror.records["alice"].state == "not_ready" and heard[-1] == Resync())
    scripted.queue.put_nowait(old)
    scripted.queue.put_nowait(CountChanged("group:support", 1, 0.0, old.record.revision))
    scripted.queue.put_nowait(Lost())
    await until(mirror, lambda: not mirror.fresh)
    assert (mirror.records["alice"].state, mirror.available(SUPPORT)) == (AgentState.NOT_READY, 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class _Enough(Exception):
    """Ends a loop that never does."""


async def test_what_is_due_is_ended_on_time_and_the_store_may_be_away(
    availability: Availability, directory: Directory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await availability.configure(directory)
    await availability.set_state("alice", "ready")
    await availability.reserve("r1", SUPPORT, NOBODY, 0.6)
    waits: list[float] = []
    answers: list[Expired | None] = []
    expire = availability.expire

    async def noted() -> Expired:
        if len(answers) == 1:
            answers.append(None)
            raise StoreUnavailable
        answers.append(await expire())
        return answers[-1]  # type: ignore[return-value]

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 3))
        if len(waits) == 5:
            raise _Enough
        clock.advance(seconds)

    monkeypatch.setattr(availability, "expire", noted)
    with pytest.raises(_Enough):
        await keep_expiring(availability, clock, sleep)
    assert waits == [0.25, 0.25, 0.1, 0.25, 0.25]
    assert [answer and answer.ended for answer in answers] == [0, None, 0, 1, 0]
    assert await availability.available(SUPPORT) == 1


# -- a Redis that has lost what it kept -------------------------------------------------------------------------------


async def test_who_lost_what_was_configured_is_filled_again_and_no_other(
    availability: Availability, directory: Directory
) -> None:
    looks: list[str] = []
    over = asyncio.Event()

    async def refill() -> None:
        looks.append("refilled")
        if len(looks) == 1:
            raise StoreUnavailable
        await availability.configure(directory)

    async def sleep(_seconds: float) -> None:
        looks.append("waited")
        if len(looks) > 5:
            over.set()
        await asyncio.sleep(0)

    running = asyncio.create_task(keep_filled(availability, refill, sleep))
    async with asyncio.timeout(DEADLINE):
        await over.wait()
    running.cancel()
    assert looks[:6] == ["refilled", "waited", "refilled", "waited", "waited", "waited"]


async def test_a_mirror_keeps_what_it_knew_until_an_emptied_redis_is_filled_again(
    availability: Availability, directory: Directory, mirror: Mirror
) -> None:
    record = await availability.set_state("alice", "ready")
    await until(mirror, lambda: mirror.record("alice") == record)
    known = dict(mirror.records)
    reported: list[Change] = []
    mirror.listen(reported.append)
    await empty(availability)
    reading = asyncio.create_task(mirror._reload())
    await availability.snapshot()
    assert dict(mirror.records) == known
    await availability.configure(directory, known)
    async with asyncio.timeout(DEADLINE):
        await reading
    assert mirror.fresh
    assert "logged_out" not in {state for agent, state, _ in agents(reported) if agent == "alice"}
    assert (await availability.agent("alice")).state is AgentState.READY
