"""What is open and what is closed, as one controller keeps it: by the hours, and as people have chosen."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from ari_app.errors import StoreUnavailable
from ari_app.openings import LOOK_SECONDS, Openings, by_phone
from ari_app.routing.directory import Directory
from ari_app.routing.hours import Calendar, Chosen, Override, Span
from ari_app.routing.targets import Target
from ari_app.testing.store import MemoryStore
from tests.support.callcentre import directory, target

MONDAY = datetime(2027, 1, 11, tzinfo=UTC).timestamp()
NINE_TO_FIVE = Calendar("UTC", ((Span(9 * 60, 17 * 60),),) * 7)
HELP, SUPPORT = target("queue:help"), target("group:support")


class Away(MemoryStore):
    """Away as long as it is let."""

    away = False

    async def openings(self) -> dict[str, bytes]:
        if self.away:
            raise StoreUnavailable
        return await super().openings()

    async def set_opening(self, target: str, data: bytes) -> None:
        if self.away:
            raise StoreUnavailable
        await super().set_opening(target, data)


class Centre:
    """A controller's, with a clock and what it was notified of."""

    def __init__(self, store: MemoryStore, hours: str | None = "office", clock: float = MONDAY + 12 * 3600) -> None:
        self.clock = clock
        self.directory = described(hours)
        self.changed: list[tuple[str, bool]] = []
        self.chosen: list[Mapping[str, Override]] = []
        self.openings = Openings(store, lambda: self.directory, lambda: self.clock)
        self.openings.tell()
        self.openings.changes.append(lambda target, opened: self.changed.append((str(target), opened)))
        self.openings.choices.append(lambda before, now: self.chosen.append(now))


def described(hours: str | None) -> Directory:
    plain = directory()
    listed = replace(plain.queues["help"], hours=hours)
    return replace(plain, queues={"help": listed}, hours={"office": NINE_TO_FIVE})


def by(chosen: Chosen, until: float | None = None, *, phone: bool = False) -> Override:
    return Override(chosen, "erin", MONDAY, until, phone)


async def test_what_somebody_chose_holds_at_once_and_at_every_other_controller_that_looks() -> None:
    store = MemoryStore()
    here, there = Centre(store), Centre(store)
    assert here.openings.is_open(HELP)
    await here.openings.set(HELP, by(Chosen.CLOSED))
    assert not here.openings.is_open(HELP)
    assert here.openings.is_open(SUPPORT)
    assert here.changed == [("queue:help", False)]
    assert there.openings.is_open(HELP)
    await there.openings.look()
    assert not there.openings.is_open(HELP)
    assert there.changed == here.changed
    assert there.chosen == here.chosen == [{"queue:help": by(Chosen.CLOSED)}]
    await there.openings.look()
    assert len(there.chosen) == 1


async def test_it_outlives_a_restart() -> None:
    store = MemoryStore()
    await Centre(store).openings.set(HELP, by(Chosen.CLOSED, until=MONDAY + 20 * 3600, phone=True))
    again = Centre(store)
    await again.openings.look()
    assert again.openings.overrides == {"queue:help": by(Chosen.CLOSED, until=MONDAY + 20 * 3600, phone=True)}
    assert again.openings.changes_at(HELP) == MONDAY + (24 + 9) * 3600


async def test_an_emptied_store_gets_it_again() -> None:
    here, emptied = Centre(MemoryStore()), MemoryStore()
    await here.openings.set(HELP, by(Chosen.CLOSED))
    here.openings._store = emptied
    await here.openings.look()
    assert not here.openings.is_open(HELP)
    assert list(await emptied.openings()) == ["queue:help"]


async def test_what_cannot_be_kept_is_not_chosen() -> None:
    store = Away()
    here = Centre(store)
    store.away = True
    with pytest.raises(StoreUnavailable):
        await here.openings.set(HELP, by(Chosen.CLOSED))
    assert here.openings.is_open(HELP)
    assert here.changed == []
    assert here.chosen == []


async def test_what_a_phone_has_chosen_is_kept_or_the_log_says_that_it_is_not() -> None:
    store = Away()
    here = Centre(store)
    await here.openings.set_by_phone("queue:help", Chosen.CLOSED, "erin")
    assert here.openings.overrides["queue:help"] == Override(Chosen.CLOSED, "erin", here.clock, phone=True)
    store.away = True
    with capture_logs() as logs:
        await here.openings.set_by_phone("queue:help", Chosen.HOURS, "erin")
    assert [(line["event"], line["target"], line["agent"]) for line in logs] == [
        ("opening_not_kept", "queue:help", "erin")
    ]
    assert not here.openings.is_open(HELP)


async def test_what_another_version_wrote_is_not_understood_and_changes_nothing() -> None:
    store = MemoryStore()
    await store.set_opening("queue:help", b'{"chosen": "ajar"}')
    here = Centre(store)
    with capture_logs() as logs:
        await here.openings.look()
    assert [line["event"] for line in logs] == ["opening_not_understood"]
    assert here.openings.is_open(HELP)


@pytest.mark.parametrize("text", ["agent:bob", "skill:french", "number:+33123456789", "queue:nowhere"])
def test_what_cannot_be_closed_is_open(text: str) -> None:
    assert Centre(MemoryStore()).openings.is_open(target(text))


async def test_whatever_opens_by_its_hours_is_reported_of_in_that_moment_and_not_looked_for() -> None:
    here = Centre(MemoryStore(), clock=MONDAY + 17 * 3600 - 1.2)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        here.clock += seconds
        if here.clock > MONDAY + 17 * 3600 + 1:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await here.openings.run(sleep)
    assert here.changed == [("queue:help", False)]
    assert slept[:3] == pytest.approx([LOOK_SECONDS, LOOK_SECONDS, 0.2])
    assert set(slept[3:]) == {LOOK_SECONDS}


async def test_what_never_changes_is_looked_at_and_the_store_may_be_away() -> None:
    store = Away()
    here, looks = Centre(store, hours=None), 0

    async def sleep(seconds: float) -> None:
        nonlocal looks
        assert seconds == LOOK_SECONDS
        looks += 1
        store.away = looks == 2
        if looks == 3:
            await store.set_opening("queue:help", b'{"chosen": "closed", "by": "erin", "at": 1}')
        if looks == 5:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await here.openings.run(sleep)
    assert here.changed == [("queue:help", False)]


async def test_another_file_opens_and_closes_too() -> None:
    here = Centre(MemoryStore(), clock=MONDAY + 20 * 3600)
    assert not here.openings.is_open(HELP)
    here.directory = described(None)
    here.openings.tell()
    assert here.changed == [("queue:help", True)]


def test_what_was_chosen_by_phone_since_is_kept_apart() -> None:
    phone, page = by(Chosen.CLOSED, phone=True), by(Chosen.OPEN)
    before = {"queue:a": phone, "queue:b": page}
    now = {"queue:a": phone, "queue:b": phone, "queue:c": page}
    assert by_phone(before, now) == {"queue:b": phone}
    assert by_phone({}, {}) == {}


def test_targets_are_of_three_kinds() -> None:
    noticed: list[Target] = []
    here = Centre(MemoryStore())
    fresh = Openings(MemoryStore(), lambda: here.directory, lambda: here.clock)
    fresh.changes.append(lambda target, _opened: noticed.append(target))
    fresh.tell()
    assert {str(t).partition(":")[0] for t in noticed} == {"queue", "group", "routing_point"}
