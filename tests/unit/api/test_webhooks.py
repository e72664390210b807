"""What an administrator sees of receivers of webhooks, and can have tried again."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from ari_app.api.webhooks_api import NoReceivers
from ari_app.config.credentials import ApiKey, make_key
from ari_app.routing.webhooks import Webhook
from ari_app.store.port import hash_token
from ari_app.webhooks.model import DeadLetter, Health, Standing
from tests.unit.api.fakes import NOW, World

CRM = Webhook("crm", "https://crm.example.org/hook?token=secret", "whsec_x", ("call.ended",), ("queue:sales",))
FAILING = Standing(Health(NOW - 60, "HTTP 500"), 3, NOW - 90, NOW + 5, 2)


class Receivers(NoReceivers):
    """As a test has them."""

    def __init__(self) -> None:
        self.now: Standing | None = None
        self.dead = [DeadLetter(str(n), f"evt_{n}", "call.ended", "call:1", NOW, 30, "expired", NOW) for n in (3, 2, 1)]
        self.retried: list[str] = []

    def standing(self, name: str) -> Standing | None:
        return self.now

    async def dead_letters(self, name: str, before: str | None, limit: int) -> Sequence[DeadLetter]:
        return [x for x in self.dead if before is None or int(x.position) < int(before)][:limit]

    async def retry(self, name: str) -> int:
        self.retried.append(name)
        return len(self.dead)


@pytest.fixture
def receivers() -> Receivers:
    return Receivers()


@pytest.fixture
async def world(receivers: Receivers) -> AsyncIterator[World]:
    started = await World(receivers=receivers).start()
    started.control.receivers = {"crm": CRM}
    yield started
    await started.stop()


async def test_it_is_seen_how_each_receiver_is_without_its_secrets(world: World, receivers: Receivers) -> None:
    admin = await world.token("admin")
    answer = await world.ask("GET", "/v1/admin/webhooks", token=admin)
    assert answer.json["webhooks"][0]["state"] == "ok"
    receivers.now = FAILING
    answer = await world.ask("GET", "/v1/admin/webhooks", token=admin)
    assert answer.json == {
        "webhooks": [
            {
                "id": "crm",
                "url": "https://crm.example.org/hook",
                "events": ["call.ended"],
                "targets": ["queue:sales"],
                "state": "failing",
                "failing_since": "2027-01-15T07:59:00.000Z",
                "error": "HTTP 500",
                "next_try_at": "2027-01-15T08:00:05.000Z",
                "waiting": 3,
                "oldest_at": "2027-01-15T07:58:30.000Z",
                "dead": 2,
            }
        ]
    }
    receivers.now = replace(FAILING, health=Health(NOW, "HTTP 410", stopped=True))
    answer = await world.ask("GET", "/v1/admin/webhooks", token=admin)
    assert answer.json["webhooks"][0]["state"] == "stopped"


async def test_dead_letters_are_read_page_by_page_the_last_first(world: World) -> None:
    admin = await world.token("admin")
    path = "/v1/admin/webhooks/crm/dead-letters"
    answer = await world.ask("GET", f"{path}?limit=2", token=admin)
    assert [letter["id"] for letter in answer.json["dead_letters"]] == ["evt_3", "evt_2"]
    answer = await world.ask("GET", f"{path}?limit=2&cursor={answer.json['next']}", token=admin)
    assert ([letter["id"] for letter in answer.json["dead_letters"]], answer.json["next"]) == (["evt_1"], None)
    assert (await world.ask("GET", f"{path}?cursor=x", token=admin)).code == "invalid"


async def test_what_was_given_up_is_tried_again_when_an_administrator_says_so_and_that_is_recorded(
    world: World, receivers: Receivers
) -> None:
    answer = await world.ask("POST", "/v1/admin/webhooks/crm/retry", token=await world.token("admin"))
    assert (answer.json, receivers.retried) == ({"retried": 3}, ["crm"])
    assert [entry.who for entry in world.recorded if entry.what == "retry_webhook"] == ["admin"]


async def test_there_is_none_of_another_name_and_nobody_else_may_look(world: World) -> None:
    admin, erin = await world.token("admin"), await world.token("erin")
    for method, path in (("GET", "dead-letters"), ("POST", "retry")):
        answer = await world.ask(method, f"/v1/admin/webhooks/nobody/{path}", token=admin)
        assert answer.code == "not_found"
        answer = await world.ask(method, f"/v1/admin/webhooks/crm/{path}", token=erin)
        assert answer.code == "forbidden"


async def test_a_program_of_the_administrator_may_look(world: World) -> None:
    key = make_key()
    world.control.keys = {hash_token(key): ApiKey("watch", "Watch", frozenset({"admin:read"}))}
    assert (await world.ask("GET", "/v1/admin/webhooks", token=key)).status == 200
    assert (await world.ask("POST", "/v1/admin/webhooks/crm/retry", token=key)).status == 403


async def test_where_events_go_is_recorded_when_the_file_changes_and_no_secret_with_it(world: World) -> None:
    admin = await world.token("admin")
    before, reload = dict(world.control.receivers), world.control.reload

    async def other() -> Sequence[object]:
        world.control.receivers = {
            "crm": replace(CRM, url="https://elsewhere.example.org/?token=other", secret="whsec_y")
        }
        return await reload()

    world.control.reload = other  # type: ignore[method-assign, assignment]
    assert before
    await world.ask("POST", "/v1/admin/reload", token=admin)
    (entry,) = [entry for entry in world.recorded if entry.what == "reload"]
    assert entry.details["webhooks.crm.url"] == "https://crm.example.org/hook -> https://elsewhere.example.org/"
    assert entry.details["credentials.webhook:crm"] == "changed"
    assert "whsec" not in str(entry.details)
    assert "token" not in str(entry.details)
