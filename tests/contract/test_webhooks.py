"""Events on their way to receivers, in Redis as in memory: each is kept until it is taken or given up."""

import pytest
from redis.asyncio import Redis

from ari_app.errors import StoreUnavailable
from ari_app.store import redis_webhooks
from ari_app.store.client import connect, disconnect
from ari_app.store.leases import Fence
from ari_app.store.port import WebhookEvents
from ari_app.store.redis_leases import RedisLeases
from ari_app.store.redis_webhooks import RedisWebhooks
from ari_app.testing import webhooks as memory_webhooks
from ari_app.testing.webhooks import MemoryWebhooks
from ari_app.webhooks.model import Event, Followed, Health, Waiting


@pytest.fixture(params=["memory", "redis"])
def kept(request: pytest.FixtureRequest, prefix: str) -> WebhookEvents:
    return MemoryWebhooks() if request.param == "memory" else RedisWebhooks(request.getfixturevalue("client"), prefix)


def event(number: int) -> Event:
    return Event(f"evt_{number}", "call.updated", "call:1", 1_800_000_000.0, "{}")


async def keep(kept: WebhookEvents, *numbers: int, to: tuple[str, ...] = ("crm",)) -> list[Waiting]:
    found = await kept.keep_events([(event(n), f"body {n} é", to) for n in numbers], {})
    return [waiting for _, waiting in found]


async def test_each_receiver_has_its_own_events_in_order(kept: WebhookEvents) -> None:
    found = await kept.keep_events([(event(1), "one", ("crm", "wall")), (event(2), "two", ("crm",))], {})
    assert [(receiver, waiting.id) for receiver, waiting in found] == [
        ("crm", "evt_1"),
        ("wall", "evt_1"),
        ("crm", "evt_2"),
    ]
    of_crm = await kept.events_waiting("crm")
    assert of_crm == [waiting for receiver, waiting in found if receiver == "crm"]
    assert [await kept.event_body("crm", waiting.position) for waiting in of_crm] == ["one", "two"]
    await kept.event_taken("crm", of_crm[0].position)
    assert [waiting.id for waiting in await kept.events_waiting("crm")] == ["evt_2"]
    assert [waiting.id for waiting in await kept.events_waiting("wall")] == ["evt_1"]
    assert await kept.event_body("crm", of_crm[0].position) is None


async def test_how_often_it_was_tried_is_known_to_who_takes_over(kept: WebhookEvents) -> None:
    (waiting,) = await keep(kept, 1)
    tried = Waiting(waiting.position, waiting.id, waiting.kind, waiting.line, waiting.at, 3, 1_800_000_123.5)
    await kept.event_tried("crm", tried)
    assert await kept.events_waiting("crm") == [tried]
    await kept.event_taken("crm", waiting.position)
    assert await kept.events_waiting("crm") == []


async def test_what_receivers_know_is_kept_with_the_events(kept: WebhookEvents) -> None:
    known = {"call:1": Followed('{"a": "é"}', ("crm", "wall")), "call:2": Followed("{}", ("crm",))}
    await kept.keep_events([(event(1), "one", ("crm",))], known)
    assert await kept.known_lines() == known
    await kept.keep_events([], {"call:1": None})
    assert set(await kept.known_lines()) == {"call:2"}


async def test_what_is_given_up_is_a_dead_letter_and_may_wait_again(kept: WebhookEvents) -> None:
    waiting = await keep(kept, *range(5))
    for one in waiting[:3]:
        await kept.bury_event("crm", one, "expired")
    assert await kept.events_dead("crm") == 3
    assert [w.id for w in await kept.events_waiting("crm")] == ["evt_3", "evt_4"]
    first, *_ = letters = await kept.dead_letters("crm", None, 2)
    assert [(x.id, x.reason, x.at) for x in letters] == [
        ("evt_2", "expired", waiting[2].at),
        ("evt_1", "expired", waiting[1].at),
    ]
    assert [x.id for x in await kept.dead_letters("crm", letters[-1].position, 2)] == ["evt_0"]
    assert first.dead_at >= first.at
    revived = await kept.revive_events("crm")
    assert [w.id for w in revived] == ["evt_0", "evt_1", "evt_2"]
    assert [w.id for w in await kept.events_waiting("crm")] == ["evt_3", "evt_4", "evt_0", "evt_1", "evt_2"]
    assert await kept.event_body("crm", revived[0].position) == "body 0 é"
    assert (await kept.events_dead("crm"), await kept.revive_events("crm")) == (0, [])


async def test_one_that_is_given_up_twice_is_one_dead_letter(kept: WebhookEvents) -> None:
    (waiting,) = await keep(kept, 1)
    await kept.bury_event("crm", waiting, "expired")
    await kept.bury_event("crm", waiting, "expired")
    assert await kept.events_dead("crm") == 1


async def test_dead_letters_have_a_bound(kept: WebhookEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (redis_webhooks, memory_webhooks):
        monkeypatch.setattr(module, "MOST_DEAD", 2)
    for waiting in await keep(kept, *range(4)):
        await kept.bury_event("crm", waiting, "too_many")
    assert [x.id for x in await kept.dead_letters("crm", None, 10)] == ["evt_3", "evt_2"]


async def test_dead_letters_that_are_too_old_are_forgotten(kept: WebhookEvents) -> None:
    for waiting in await keep(kept, 1, 2):
        await kept.bury_event("crm", waiting, "expired")
    (last, *_) = await kept.dead_letters("crm", None, 10)
    assert await kept.forget_dead_letters("crm", last.dead_at - 60) == 0
    assert await kept.forget_dead_letters("crm", last.dead_at + 60) == 2
    assert await kept.events_dead("crm") == 0


async def test_more_than_one_page_waits(kept: WebhookEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_webhooks, "PAGE", 3)
    await keep(kept, *range(8))
    assert [w.id for w in await kept.events_waiting("crm")] == [f"evt_{n}" for n in range(8)]


async def test_how_a_receiver_is_is_known_to_who_takes_over(kept: WebhookEvents) -> None:
    assert await kept.webhook_health() == {}
    failing = Health(1_800_000_000.5, "HTTP 500", stopped=True)
    await kept.keep_webhook_health("crm", failing)
    assert await kept.webhook_health() == {"crm": failing}


async def test_who_is_no_longer_listed_is_forgotten(kept: WebhookEvents) -> None:
    await kept.only_webhooks(["crm", "wall"])
    (waiting, _) = await keep(kept, 1, to=("crm", "wall"))
    await kept.bury_event("crm", waiting, "expired")
    await keep(kept, 2, to=("crm", "wall"))
    await kept.keep_webhook_health("crm", Health())
    await kept.only_webhooks(["wall"])
    assert (await kept.events_waiting("crm"), await kept.events_dead("crm")) == ([], 0)
    assert await kept.webhook_health() == {}
    assert len(await kept.events_waiting("wall")) == 2


async def test_who_leads_no_more_keeps_nothing(client: Redis, prefix: str) -> None:
    leases = RedisLeases(client, prefix)
    number = await leases.take("a", "me", "http://me", 10)
    assert number is not None
    mine = RedisWebhooks(client, prefix, Fence("a", number, "me"))
    assert await keep(mine, 1)
    await leases.release(Fence("a", number, "me"))
    assert await leases.take("a", "another", "http://another", 10) is not None
    with pytest.raises(StoreUnavailable):
        await keep(mine, 2)


async def test_a_store_that_is_away_says_so(redis_url: str, prefix: str) -> None:
    client = connect("redis://127.0.66.9:1/0")
    with pytest.raises(StoreUnavailable):
        await keep(RedisWebhooks(client, prefix), 1)
    await disconnect(client)
