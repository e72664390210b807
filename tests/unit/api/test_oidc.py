"""Logging in by an issuer: whom it names is logged in, and nobody by what is forged, repeated or begun elsewhere."""

import asyncio
from base64 import urlsafe_b64encode
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp import web

from ari_app.api.issuer import KEPT
from ari_app.api.limits import FAILURES_OF_ADDRESS
from ari_app.api.oidc_api import BEGUN_OF_ADDRESS, LIFETIME
from ari_app.store.port import hash_token
from tests.unit.api.fakes import DEMO, World
from tests.unit.api.issuing import DESK, Browser, Issuer, configure, outcomes


async def test_whom_the_issuer_names_gets_the_token_that_a_password_gives(browser: Browser) -> None:
    requested = await browser.begins()
    assert requested.status == 303
    assert requested.headers["Location"].startswith(f"{browser.issuer.url}/auth?")
    question = browser.question
    assert question["redirect_uri"] == f"{DESK}/v1/login/oidc/callback"
    assert (question["response_type"], question["scope"]) == ("code", "openid profile")
    assert (question["code_challenge_method"], question["client_id"]) == ("S256", "callcontrol")
    answer = await browser.finishes()
    assert (answer.status, answer.json["agent"]) == (200, "alice")
    assert answer.json["expires_at"] == "2027-01-15T20:00:00.000Z"
    (form,) = browser.issuer.forms
    challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert challenge == question["code_challenge"]
    assert (form["code"], form["redirect_uri"]) == ("a code", question["redirect_uri"])
    me = await browser.world.ask("GET", "/v1/me", token=answer.json["token"])
    assert me.json["agent"] == "alice"
    assert outcomes(browser.world) == {"done": 1}


async def test_the_cookie_is_for_this_browser_and_this_server_alone(browser: Browser) -> None:
    answer = await browser.begins()
    said = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={LIFETIME:.0f}"} <= set(said.split("; "))
    assert "Secure" not in said
    assert browser.cookie.split("=")[1] not in answer.headers["Location"]
    configure(browser.world, browser.issuer, address="https://desk.example.org")
    said = (await browser.begins()).headers["Set-Cookie"]
    assert said.startswith("__Host-")
    assert "Secure" in said.split("; ")


async def test_where_one_comes_back_to_is_configured_and_not_what_a_request_says(browser: Browser) -> None:
    for name in ("Host", "X-Forwarded-Host"):
        await browser.begins(**{name: "127.0.0.66"})
        assert browser.question["redirect_uri"].startswith(f"{DESK}/")


async def test_what_the_issuer_says_goes_on_to_the_page_behind_what_no_server_sees(browser: Browser) -> None:
    path = "/v1/login/oidc/callback?code=a%26b&state=s&iss=i&evil=x&error_description=%3Cb%3E"
    answer = await browser.world.ask("GET", path, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"{DESK}/#login?state=s&code=a%26b&iss=i")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_neither_secrets_nor_what_the_issuer_says_is_logged_or_on_record(
    browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    await browser.begins()
    await browser.world.ask("GET", f"/v1/login/oidc/callback?code=s3cret&state={browser.state}", allow_redirects=False)
    answer = await browser.finishes(code="s3cret")
    browser.issuer.claims = {"preferred_username": "zoe@example.org"}
    await browser.begins()
    await browser.finishes(code="s3cret")
    written = capsys.readouterr().out + repr(browser.world.recorded)
    verifier = browser.issuer.forms[0]["code_verifier"]
    secrets = ("s3cret", "zoe@example.org", browser.state, browser.issuer.nonce, verifier, browser.cookie, "access")
    for secret in (*secrets, answer.json["token"]):
        assert secret not in written
    assert "oidc_agent_unknown" in written


async def test_who_logged_in_is_on_record(browser: Browser) -> None:
    await browser.begins()
    await browser.finishes()
    done = [entry for entry in browser.world.recorded if entry.what == "oidc_login"]
    assert [(entry.who, entry.outcome, entry.agents) for entry in done] == [("alice", "done", ("alice",))]


async def test_a_state_is_good_once(browser: Browser) -> None:
    await browser.begins()
    assert (await browser.finishes()).status == 200
    again = await browser.finishes()
    assert (again.status, again.code) == (401, "unauthenticated")
    assert len(browser.issuer.forms) == 1


async def test_of_two_who_bring_the_same_at_once_one_is_logged_in(browser: Browser) -> None:
    await browser.begins()
    answers = await asyncio.gather(*(browser.finishes() for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401, 401]


async def test_nobody_finishes_what_another_browser_has_begun(browser: Browser) -> None:
    victim = Browser(browser.world, browser.issuer)
    await victim.begins()
    mine = victim.cookie
    await browser.begins()
    for cookie in ("", mine, "callcontrol-login=", "callcontrol-login=x"):
        attacked = Browser(browser.world, browser.issuer, cookie, browser.state)
        assert (await attacked.finishes()).code == "unauthenticated"
        await browser.begins()
    assert browser.issuer.forms == []


async def test_who_takes_too_long_begins_again(browser: Browser) -> None:
    await browser.begins()
    browser.world.now += LIFETIME + 1
    assert (await browser.finishes()).code == "unauthenticated"


async def test_what_is_kept_of_a_login_shows_neither_its_state_nor_its_browser(browser: Browser) -> None:
    await browser.begins()
    kept = await browser.world.store.take_login(hash_token(browser.state))
    assert kept is not None
    assert browser.state.encode() not in kept
    assert browser.cookie.split("=")[1].encode() not in kept


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.org"},
        {"aud": "crm"},
        {"exp": 1},
        {"nonce": "another"},
        {"nonce": None},
        {"preferred_username": 7},
        {"preferred_username": None},
    ],
)
async def test_a_token_that_proves_nothing_logs_nobody_in(browser: Browser, claims: dict[str, Any]) -> None:
    browser.issuer.claims = claims
    await browser.begins()
    answer = await browser.finishes()
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert outcomes(browser.world) == {"unauthenticated": 1}


async def test_who_does_not_sign_in_at_the_issuer_is_not_logged_in(browser: Browser) -> None:
    await browser.begins()
    assert (await browser.finishes(code=None, error="access_denied")).code == "unauthenticated"
    refused = web.json_response({"error": "invalid_grant"}, status=400)
    browser.issuer.answers["/token"] = refused
    await browser.begins()
    assert (await browser.finishes()).code == "unauthenticated"


async def test_an_answer_of_another_issuer_is_none(browser: Browser) -> None:
    await browser.begins()
    assert (await browser.finishes(iss="https://evil.example.org")).code == "unauthenticated"
    await browser.begins()
    assert (await browser.finishes(iss=browser.issuer.url)).status == 200
    said = {**browser.issuer.description(), "authorization_response_iss_parameter_supported": True}
    browser.issuer.answers["/.well-known/openid-configuration"] = said
    browser.world.now += KEPT + 1
    await browser.begins()
    assert (await browser.finishes()).code == "unauthenticated"


async def test_what_was_begun_at_one_issuer_is_not_finished_at_another(browser: Browser, world: World) -> None:
    await browser.begins()
    another = await Issuer(nonce=browser.issuer.nonce, now=world.now).start()
    configure(world, another)
    assert (await browser.finishes()).code == "unauthenticated"
    assert another.requested == []
    await another.stop()


async def test_somebody_who_is_no_agent_here_reads_so(browser: Browser) -> None:
    browser.issuer.claims = {"preferred_username": "zoe"}
    await browser.begins()
    answer = await browser.finishes()
    assert (answer.status, answer.code) == (403, "unknown_agent")
    assert outcomes(browser.world) == {"unknown_agent": 1}


async def test_the_administrator_says_which_agent_each_value_of_the_claim_is(browser: Browser) -> None:
    agents = MappingProxyType({"a@example.org": "alice", "b@example.org": "gone"})
    configure(browser.world, browser.issuer, claim="email", agents=agents)
    for email, came_to in (("a@example.org", 200), ("b@example.org", 403), ("alice", 403)):
        browser.issuer.claims = {"email": email}
        await browser.begins()
        assert (await browser.finishes()).status == came_to


async def test_what_the_token_does_not_say_is_read_where_the_issuer_has_it_of_the_same_person(
    browser: Browser,
) -> None:
    browser.issuer.claims = {"preferred_username": None}
    for userinfo, came_to in (
        ({"sub": "4711", "preferred_username": "bob"}, 200),
        ({"sub": "4712", "preferred_username": "bob"}, 401),
        ({"preferred_username": "bob"}, 401),
        ({"sub": "4711"}, 401),
    ):
        browser.issuer.userinfo = userinfo
        await browser.begins()
        assert (await browser.finishes()).status == came_to


async def test_a_session_ends_when_what_it_rests_on_does(browser: Browser, world: World, issuer: Issuer) -> None:
    async def session() -> str:
        configure(world, issuer)
        await browser.begins()
        return str((await browser.finishes()).json["token"])

    others: tuple[dict[str, Any], ...] = (
        {"issuer": "https://id.example.org"},
        {"agents": MappingProxyType({"alice": "bob"})},
        {"agents": MappingProxyType({"a": "alice"})},
    )
    for changed in others:
        token = await session()
        assert (await world.ask("GET", "/v1/me", token=token)).status == 200
        configure(world, issuer, **changed)
        assert (await world.ask("GET", "/v1/me", token=token)).status == 401
    token = await session()
    world.control.now_directory = DEMO.directory
    assert (await world.ask("GET", "/v1/me", token=token)).status == 401
    token = await session()
    world.control.credentials = {}  # an agent without a password
    assert (await world.ask("GET", "/v1/me", token=token)).status == 200
    assert (await world.ask("POST", "/v1/logout", token=token)).status == 204
    assert (await world.ask("GET", "/v1/me", token=token)).status == 401


async def test_passwords_can_be_switched_off_with_the_sessions_that_they_began(
    browser: Browser, world: World, issuer: Issuer
) -> None:
    by_password = await world.token("bob")
    await browser.begins()
    by_issuer = (await browser.finishes()).json["token"]
    shown = {"name": "Acme", "path": "/v1/login/oidc"}
    assert (await world.ask("GET", "/v1/login")).json == {"passwords": True, "oidc": shown}
    configure(world, issuer, passwords=False)
    assert (await world.ask("GET", "/v1/login")).json == {"passwords": False, "oidc": shown}
    answer = await world.ask("POST", "/v1/login", json={"agent": "bob", "password": "bob-demo"})
    assert (answer.status, answer.code) == (403, "feature_disabled")
    assert (await world.ask("GET", "/v1/me", token=by_password)).status == 401
    assert (await world.ask("GET", "/v1/me", token=by_issuer)).json["features"]["passwords"] is False
    change = {"current_password": "alice-demo", "new_password": "a new one of theirs"}
    answer = await world.ask("PUT", "/v1/me/password", token=by_issuer, json=change)
    assert answer.code == "feature_disabled"


async def test_without_an_issuer_there_are_passwords_alone(world: World) -> None:
    assert (await world.ask("GET", "/v1/login")).json == {"passwords": True, "oidc": None}
    for path in ("/v1/login/oidc", "/v1/login/oidc/callback"):
        assert (await world.ask("GET", path, headers={"Accept": "text/html"})).code == "feature_disabled"
    answer = await world.ask("POST", "/v1/login/oidc", json={"state": "s", "code": "c"})
    assert (answer.status, answer.code) == (403, "feature_disabled")


async def test_one_address_cannot_begin_or_fail_without_end(browser: Browser, world: World) -> None:
    for _ in range(FAILURES_OF_ADDRESS):
        assert (await browser.finishes(state="made up")).status == 401
    answer = await browser.finishes(state="made up")
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 0
    for _ in range(BEGUN_OF_ADDRESS):
        assert (await browser.begins()).status == 303
    assert (await browser.begins()).code == "rate_limited"
    assert await world.token("alice")  # a password is right all the same


async def test_while_the_store_is_away_nobody_is_logged_in_by_the_issuer(browser: Browser, world: World) -> None:
    await browser.begins()
    world.store.away = True
    assert (await browser.finishes()).code == "store_unavailable"
    assert (await browser.begins()).code == "store_unavailable"
