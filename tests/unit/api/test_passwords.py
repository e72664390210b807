"""Agents choose their own password; the administrator's file gives them the first, and any that it names later."""

import asyncio
from typing import Any

import pytest

from ari_app.api.limits import FAILURES
from ari_app.config.credentials import Credential
from tests.unit.api.fakes import DEMO, Answer, World

NEW = "a new and longer one"


async def change(world: World, token: str | None, current: str = "alice-demo", new: str = NEW, **more: Any) -> Answer:
    body = {"current_password": current, "new_password": new, **more}
    return await world.ask("PUT", "/v1/me/password", token=token, json=body)


async def log_in(world: World, password: str) -> int:
    return (await world.ask("POST", "/v1/login", json={"agent": "alice", "password": password})).status


async def test_an_agent_chooses_another_password_and_their_other_sessions_end(world: World, alice: str) -> None:
    other, bob = await world.token("alice"), await world.token("bob")
    window = await world.http.ws_connect(f"/v1/events?token={other}")
    assert (await change(world, alice)).status == 204
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200
    assert (await world.ask("GET", "/v1/me", token=bob)).status == 200
    assert (await world.ask("GET", "/v1/me", token=other)).code == "unauthenticated"
    async for _ in window:
        pass
    assert window.close_code == 4001
    assert [await log_in(world, password) for password in ("alice-demo", NEW)] == [401, 200]
    assert (await change(world, alice, NEW, "and yet another")).status == 204
    assert [await log_in(world, password) for password in (NEW, "and yet another")] == [401, 200]


async def test_neither_password_is_kept_or_reported(
    world: World, alice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await change(world, alice)
    wrong = await change(world, alice, "the wrong one")
    kept = await world.store.password("alice")
    assert kept is not None
    reported = kept.decode() + wrong.text + "".join(capsys.readouterr())
    assert "argon2id" in reported
    assert not [secret for secret in (NEW, "alice-demo", "the wrong one") if secret in reported]


async def test_a_wrong_current_password_changes_nothing_and_may_be_tried_ten_times(world: World, alice: str) -> None:
    for _ in range(FAILURES):
        answer = await change(world, alice, "wrong")
        assert (answer.status, answer.code) == (422, "invalid")
        assert [e["field"] for e in answer.json["errors"]] == ["current_password"]
    answer = await change(world, alice)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "rate_limited", "61")
    assert await world.store.password("alice") is None
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200
    other = await world.token("alice")  # whoever mistypes, or guesses, in one session locks nobody out
    assert (await change(world, other)).status == 204


@pytest.mark.parametrize("new", ["", "7 chars", "x" * 1025, None, 12345678])
async def test_a_new_password_has_eight_characters_at_least(world: World, alice: str, new: Any) -> None:
    answer = await change(world, alice, new=new)
    assert (answer.status, answer.code) == (422, "invalid")
    assert [e["field"] for e in answer.json["errors"]] == ["new_password"]


async def test_it_is_for_who_is_logged_in(world: World) -> None:
    assert (await change(world, None)).code == "unauthenticated"


async def test_another_password_in_the_file_is_right_from_then_on(world: World, alice: str) -> None:
    await change(world, alice)
    world.control.credentials = {**DEMO.credentials, "alice": Credential(password="of the file")}
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"
    assert [await log_in(world, password) for password in ("alice-demo", NEW, "of the file")] == [401, 401, 200]


async def test_whoever_is_listed_under_the_same_name_later_does_not_get_it(world: World, alice: str) -> None:
    await change(world, alice)
    await world.server.end_sessions(["alice"])
    assert [await log_in(world, password) for password in (NEW, "alice-demo")] == [401, 200]


async def test_it_outlives_a_store_that_was_lost(world: World, alice: str) -> None:
    await change(world, alice)
    await world.store.change_password("alice", None)
    assert [await log_in(world, password) for password in ("alice-demo", NEW)] == [401, 200]
    await world.server.keep_tokens()
    assert await world.store.password("alice") is not None
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200


async def test_it_is_read_when_a_controller_begins(world: World, alice: str) -> None:
    await change(world, alice)
    kept = await world.store.password("alice")
    other = World()
    await other.start()
    await other.store.change_password("alice", kept)
    await other.server.restore_passwords()
    await other.store.change_password("alice", None)
    await other.server.keep_tokens()
    assert await other.store.password("alice") == kept
    await other.stop()


async def test_while_the_store_is_away_it_stays_as_it_is(world: World, alice: str) -> None:
    world.store.away = True
    answer = await change(world, alice)
    assert (answer.status, answer.code) == (503, "store_unavailable")
    world.store.away = False
    assert [await log_in(world, password) for password in (NEW, "alice-demo")] == [401, 200]


async def test_a_login_with_the_password_before_that_is_under_way_comes_to_nothing(
    world: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, checked, changed = world.store.put_token, asyncio.Event(), asyncio.Event()

    async def late(*token: Any) -> None:
        checked.set()
        await changed.wait()
        await put(*token)

    monkeypatch.setattr(world.store, "put_token", late)
    login = asyncio.create_task(log_in(world, "alice-demo"))
    await checked.wait()
    assert (await change(world, alice)).status == 204
    changed.set()
    assert await login == 401
    assert len(await world.store.tokens("alice")) == 1
