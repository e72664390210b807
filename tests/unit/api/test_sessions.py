"""Logging in and out: passwords, tokens, roles, and what happens while Redis is away."""

import asyncio

import aiohttp
import pytest

from ari_app.api.authentication import SESSIONS, TRUST
from ari_app.api.limits import FAILURE_WINDOW, FAILURES, FAILURES_OF_ADDRESS
from ari_app.config.credentials import Credential, hash_password
from ari_app.store.port import KeptConfiguration, hash_token
from ari_app.testing.store import MemoryStore
from tests.unit.api.fakes import DEMO, World

IDLE = 2 * 3600.0


async def test_a_login_gives_a_token_for_twelve_hours(world: World) -> None:
    answer = await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "alice-demo"})
    assert answer.json["agent"] == "alice"
    assert answer.json["expires_at"] == "2027-01-15T20:00:00.000Z"
    assert len(answer.json["token"]) == 43


async def test_only_a_digest_of_the_token_is_kept(world: World, alice: str) -> None:
    kept = await world.store.get_token(hash_token(alice))
    assert kept is not None
    assert alice.encode() not in kept


@pytest.mark.parametrize(("agent", "password"), [("alice", "bob-demo"), ("nobody", "alice-demo"), ("alice", " ")])
async def test_a_wrong_password_and_an_unknown_agent_get_the_same(world: World, agent: str, password: str) -> None:
    answer = await world.ask("POST", "/v1/login", json={"agent": agent, "password": password})
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.json["detail"] == "agent or password is wrong"


async def test_a_hashed_password_is_checked(world: World) -> None:
    world.control.credentials = {"alice": Credential(password_hash=hash_password("correct horse"))}
    right = await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "correct horse"})
    wrong = await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "alice-demo"})
    assert (right.status, wrong.status) == (200, 401)


async def test_many_failures_pause_that_agent_from_that_address_only(world: World) -> None:
    for _ in range(FAILURES):
        await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "wrong"})
    body = {"agent": "alice", "password": "alice-demo"}
    answer = await world.ask("POST", "/v1/login", json=body)
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= FAILURE_WINDOW + 1
    assert await world.token("bob")
    world.now += FAILURE_WINDOW + 1
    assert (await world.ask("POST", "/v1/login", json=body)).status == 200


async def test_many_failures_with_made_up_names_pause_that_address(world: World) -> None:
    for number in range(FAILURES_OF_ADDRESS):
        answer = await world.ask("POST", "/v1/login", json={"agent": f"nobody{number}", "password": "wrong"})
        assert answer.status == 401
    body = {"agent": "alice", "password": "alice-demo"}
    answer = await world.ask("POST", "/v1/login", json=body)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "rate_limited", "61")
    world.now += FAILURE_WINDOW + 1
    assert (await world.ask("POST", "/v1/login", json=body)).status == 200


async def test_a_token_ends_by_itself(world: World, alice: str) -> None:
    await world.pass_time(12 * 3600 - 1, alice)
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200
    world.now += 1
    answer = await world.ask("GET", "/v1/me", token=alice)
    assert (answer.status, answer.code) == (401, "unauthenticated")


async def test_a_logout_ends_this_token_and_no_other(world: World, alice: str) -> None:
    other = await world.token("alice")
    assert (await world.ask("POST", "/v1/logout", token=alice)).status == 204
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"
    assert (await world.ask("GET", "/v1/me", token=other)).status == 200


async def test_a_known_token_works_while_the_store_is_away(world: World, alice: str) -> None:
    stranger = await world.token("bob")
    world.store.away = True
    world.now += TRUST + 1
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200
    assert (await world.ask("GET", "/v1/me", token=stranger)).status == 200
    answer = await world.ask("GET", "/v1/me", token="never seen before")
    assert (answer.status, answer.code) == (503, "store_unavailable")
    answer = await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "alice-demo"})
    assert (answer.status, answer.code) == (503, "store_unavailable")


async def test_a_token_revoked_elsewhere_is_noticed(world: World, alice: str) -> None:
    await world.store.delete_token(hash_token(alice))
    world.now += TRUST + 1
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"


async def test_an_agent_removed_from_the_file_is_out(world: World, alice: str) -> None:
    directory = DEMO.directory
    agents = {k: v for k, v in directory.agents.items() if k != "alice"}
    world.control.now_directory = type(directory)(agents=agents)
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"


@pytest.mark.parametrize("agent", ["alice", "erin"])
async def test_administration_is_for_admins(world: World, agent: str) -> None:
    token = await world.token(agent)
    for method, path in [
        ("POST", "/v1/admin/reload"),
        ("GET", "/v1/admin/calls"),
        ("GET", "/v1/admin/calls/c1/story"),
    ]:
        answer = await world.ask(method, path, token=token)
        assert (answer.status, answer.code) == (403, "forbidden")


async def test_tokens_that_redis_has_lost_are_written_again(world: World, alice: str) -> None:
    over = await world.token("bob")
    await world.pass_time(11 * 3600, over)
    carol = await world.token("carol")
    await world.pass_time(3600, over)
    for token in (alice, over, carol):
        await world.store.delete_token(hash_token(token))
    await world.server.keep_tokens()
    world.now += TRUST + 1
    assert (await world.ask("GET", "/v1/me", token=carol)).status == 200
    assert (await world.ask("GET", "/v1/me", token=over)).status == 401
    await world.pass_time(11 * 3600, carol)
    assert (await world.ask("GET", "/v1/me", token=carol)).status == 401


async def test_who_is_known_goes_on_until_a_store_that_was_emptied_is_written_again(world: World, alice: str) -> None:
    bob = await world.token("bob")
    world.now += TRUST + 1
    world.server.sessions._authentication._store = emptied = MemoryStore(lambda: world.now)
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200
    await world.server.keep_tokens()
    await emptied.delete_token(hash_token(bob))
    await emptied.keep_configuration(KeptConfiguration(b"", 0.0))
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200
    assert (await world.ask("GET", "/v1/me", token=bob)).status == 401


async def test_who_was_not_used_for_too_long_does_not_go_on_in_a_store_that_was_emptied(
    world: World, alice: str
) -> None:
    world.now += IDLE + TRUST + 1
    world.server.sessions._authentication._store = MemoryStore(lambda: world.now)
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 401


async def test_another_password_ends_the_sessions_begun_with_the_one_before(world: World, alice: str) -> None:
    bob = await world.token("bob")
    world.control.credentials = {**DEMO.credentials, "alice": Credential(password="another")}
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"
    assert (await world.ask("GET", "/v1/me", token=bob)).status == 200
    world.control.credentials = {a: c for a, c in DEMO.credentials.items() if a != "bob"}
    assert (await world.ask("GET", "/v1/me", token=bob)).code == "unauthenticated"


async def test_a_token_of_a_version_that_kept_no_fingerprint_is_not_good(world: World) -> None:
    await world.store.put_token(hash_token("old"), b'{"agent":"alice","expires_at":1900000000}', 3600)
    assert (await world.ask("GET", "/v1/me", token="old")).code == "unauthenticated"


async def test_all_sessions_of_an_agent_end_at_once_where_it_is_wanted(world: World, alice: str) -> None:
    other, bob = await world.token("alice"), await world.token("bob")
    window = await world.http.ws_connect(f"/v1/events?token={other}")
    assert (await window.receive_json())["type"] == "snapshot"
    assert (await world.ask("POST", "/v1/logout", token=alice, json={"all": True})).status == 204
    for token in (alice, other):
        assert (await world.ask("GET", "/v1/me", token=token)).code == "unauthenticated"
    await window.receive()
    assert window.close_code == 4001
    assert (await world.ask("GET", "/v1/me", token=bob)).status == 200


async def test_of_too_many_sessions_the_oldest_ends(world: World, alice: str) -> None:
    tokens = [await world.token("alice") for _ in range(SESSIONS)]
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"
    assert (await world.ask("GET", "/v1/me", token=tokens[0])).status == 200


async def test_whoever_is_listed_no_more_is_not_logged_in_when_they_are_again(world: World, alice: str) -> None:
    window = await world.http.ws_connect(f"/v1/events?token={alice}")
    await world.server.end_sessions(["alice", "nobody"])
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"
    assert await closed(window) == 4001


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Wait until it is; its code."""
    async with asyncio.timeout(5):
        async for _ in socket:
            pass
    return socket.close_code


async def opened(world: World, token: str) -> list[aiohttp.ClientWebSocketResponse]:
    """All that a page opens with a session: its events and its phone."""
    sockets = []
    for path in ("/v1/events", "/phone"):
        ticket = (await world.ask("POST", "/v1/events/ticket", token=token)).json["ticket"]
        sockets.append(await world.http.ws_connect(f"{path}?ticket={ticket}", protocols=("sip",)))
    return sockets


async def test_an_administrator_ends_all_that_an_agent_has_open(world: World, alice: str) -> None:
    sockets, bob = await opened(world, alice), await world.token("bob")
    other, admin = await world.token("alice"), await world.token("admin")
    for token in (bob, await world.token("erin")):
        answer = await world.ask("DELETE", "/v1/agents/alice/sessions", token=token)
        assert (answer.status, answer.code) == (403, "forbidden")
    answer = await world.ask("DELETE", "/v1/agents/alice/sessions", token=admin)
    assert (answer.status, answer.json) == (200, {"agent": "alice", "ended": 2})
    assert [await closed(socket) for socket in sockets] == [4001, 4001]
    for token in (alice, other):
        assert (await world.ask("GET", "/v1/me", token=token)).code == "unauthenticated"
    assert (await world.ask("GET", "/v1/me", token=bob)).status == 200
    assert (await world.ask("DELETE", "/v1/agents/alice/sessions", token=admin)).json["ended"] == 0
    assert (await world.ask("DELETE", "/v1/agents/nobody/sessions", token=admin)).code == "not_found"


async def test_a_session_that_nothing_uses_ends(world: World, alice: str) -> None:
    bob = await world.token("bob")
    for _ in range(3):
        world.now += IDLE - 1
        assert (await world.ask("GET", "/v1/me", token=bob)).status == 200
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"
    for digest in (alice, bob):
        await world.store.delete_token(hash_token(digest))
    await world.server.keep_tokens()
    assert (await world.ask("GET", "/v1/me", token=bob)).status == 200


async def test_what_was_not_used_does_not_come_back_with_a_store_that_was_lost(world: World, alice: str) -> None:
    world.now += IDLE + TRUST
    await world.server.keep_tokens()
    assert (await world.ask("GET", "/v1/me", token=alice)).code == "unauthenticated"


async def test_a_page_that_is_open_uses_its_session_until_its_time_is_over(world: World, alice: str) -> None:
    await opened(world, alice)
    for _ in range(5):
        world.now += IDLE - 1
        await world.server.sessions.look()
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200


async def test_what_is_open_with_a_session_that_is_over_is_closed(world: World, alice: str) -> None:
    sockets = await opened(world, alice)
    world.store.away = True
    world.now += IDLE + TRUST
    await world.server.sessions.look()  # nobody is sent away while Redis is
    assert not any(socket.closed for socket in sockets)
    world.store.away = False
    watching = asyncio.create_task(world.server.sessions.watch(0))
    assert [await closed(socket) for socket in sockets] == [4001, 4001]
    watching.cancel()


async def test_another_password_in_the_file_closes_what_is_open(world: World, alice: str) -> None:
    sockets = await opened(world, alice)
    world.control.credentials = {**DEMO.credentials, "alice": Credential(password="another")}
    await world.server.directory_changed()
    assert [await closed(socket) for socket in sockets] == [4001, 4001]


async def test_the_window_of_a_session_that_too_many_others_ended_is_closed(world: World, alice: str) -> None:
    window = await world.http.ws_connect(f"/v1/events?token={alice}")
    for _ in range(SESSIONS):
        await world.token("alice")
    assert await closed(window) == 4001
