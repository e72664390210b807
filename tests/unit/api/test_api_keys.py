"""Programs use the API by keys of their own, each for what its scopes say and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ari_app.config.credentials import ApiKey, make_key
from ari_app.store.port import hash_token
from tests.unit.api.fakes import NOW, World, call, party

KEY = make_key()


def allow(world: World, *scopes: str, days: int | None = None) -> None:
    expires = datetime.fromtimestamp(NOW, UTC).date() + timedelta(days) if days is not None else None
    world.control.keys = {hash_token(KEY): ApiKey("crm", "CRM", frozenset(scopes), expires)}


async def status(world: World, method: str, path: str, key: str = KEY, **more: Any) -> int:
    return (await world.ask(method, path, token=key, **more)).status


async def test_a_key_may_do_what_its_scopes_say_and_nothing_else(world: World) -> None:
    world.control.up["c1"] = call("c1", party("p1", "alice"), party("p2"))
    allow(world, "calls:read")
    assert (await world.ask("GET", "/v1/calls", token=KEY)).json["calls"][0]["id"] == "c1"
    assert await status(world, "GET", "/v1/calls/c1") == 200
    answer = await world.ask("GET", "/v1/history", token=KEY)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert "history:read" in answer.json["detail"]
    allow(world, "history:read", "supervision:write")
    assert await status(world, "GET", "/v1/history") == 200
    assert await status(world, "GET", "/v1/calls") == 403
    body = {"state": "not_ready", "reason": "lunch"}
    assert await status(world, "PUT", "/v1/agents/alice/state", json=body) == 200
    assert [(e.who, e.agents) for e in world.recorded if e.what == "set_agent_state"] == [("key:crm", ("alice",))]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/calls"),
        ("POST", "/v1/calls/c1/hold"),
        ("POST", "/v1/calls/c1/monitor"),
        ("GET", "/v1/me"),
        ("PUT", "/v1/me/state"),
        ("PUT", "/v1/me/password"),
        ("POST", "/v1/logout"),
        ("POST", "/v1/events/ticket"),
        ("GET", "/v1/events"),
        ("GET", "/v1/me/phone"),
        ("DELETE", "/v1/agents/alice/sessions"),
        ("GET", "/v1/targets"),
    ],
)
async def test_what_is_for_people_is_for_no_key_whatever_its_scopes(world: World, method: str, path: str) -> None:
    allow(
        world, "calls:read", "history:read", "history:write", "supervision:read", "supervision:write", "admin:read",
        "admin:write",
    )  # fmt: skip
    assert await status(world, method, path, check=False) == 403


async def test_a_key_is_no_token_where_a_token_goes_into_the_address(world: World) -> None:
    allow(world, "calls:read")
    assert (await world.ask("GET", f"/v1/events?token={KEY}")).status == 401


async def test_the_administrators_side_needs_the_scope_for_it(world: World) -> None:
    allow(world, "supervision:read", "history:read")
    assert await status(world, "POST", "/v1/admin/reload") == 403
    assert await status(world, "GET", "/v1/admin/calls") == 403
    assert await status(world, "DELETE", "/v1/recordings/r1") == 403
    allow(world, "admin:write")
    assert await status(world, "POST", "/v1/admin/reload") == 200
    assert await status(world, "GET", "/v1/admin/calls") == 403
    allow(world, "history:write")
    assert await status(world, "DELETE", "/v1/recordings/r1") == 404


async def test_a_key_ends_with_its_day_and_when_it_is_taken_out_of_the_file(world: World) -> None:
    allow(world, "calls:read", days=1)
    assert await status(world, "GET", "/v1/calls") == 200
    world.now += 86_400
    assert await status(world, "GET", "/v1/calls") == 401
    allow(world, "calls:read", days=3)
    assert await status(world, "GET", "/v1/calls") == 200
    world.control.keys = {}
    assert await status(world, "GET", "/v1/calls") == 401
    assert await status(world, "GET", "/v1/calls", make_key()) == 401
