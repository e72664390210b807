"""The issuer as it is reached: where it is away, fails, or describes itself otherwise, nobody is sent to it."""

import asyncio
from base64 import b64decode
from typing import Any

import pytest
from aiohttp import web

from ari_app.api.issuer import AWAY, KEPT, KEYS_AGAIN, LOOKED_AT, Published
from ari_app.api.issuer import Issuer as Reached
from ari_app.errors import IssuerUnavailable
from ari_app.routing.login import Oidc
from tests.unit.api.fakes import World
from tests.unit.api.issuing import DESK, Browser, Issuer, configure, outcomes


async def test_while_the_issuer_is_away_one_reads_so_and_passwords_go_on(browser: Browser, world: World) -> None:
    await browser.issuer.stop()
    answer = await browser.begins()
    assert (answer.status, answer.code) == (503, "issuer_unavailable")
    assert "Retry-After" in answer.headers
    answer = await browser.begins(Accept="text/html,*/*")
    assert (answer.status, answer.headers["Location"]) == (303, f"{DESK}/#login?problem=issuer_unavailable")
    assert await world.token("alice")
    assert outcomes(world) == {"issuer_unavailable": 2}


async def test_an_issuer_that_was_not_reached_is_not_tried_by_everybody_at_once(browser: Browser, world: World) -> None:
    browser.issuer.answers["/.well-known/openid-configuration"] = web.Response(status=500)
    await asyncio.gather(*(browser.begins() for _ in range(5)))
    assert len(browser.issuer.requested) == 1
    world.now += AWAY + 0.1
    browser.issuer.answers.clear()
    assert (await browser.begins()).status == 303


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"issuer": "https://evil.example.org"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": None},
        web.Response(status=302, headers={"Location": "/elsewhere"}),
        web.Response(text="[]"),
        web.Response(text="{" * 100),
        web.Response(text='{"a":"' + "x" * 300_000 + '"}'),
    ],
)
async def test_an_issuer_that_describes_itself_otherwise_is_away(browser: Browser, said: Any) -> None:
    given = said if isinstance(said, web.Response) else {**browser.issuer.description(), **said} if said else {}
    browser.issuer.answers["/.well-known/openid-configuration"] = given
    browser.issuer.answers["/elsewhere"] = browser.issuer.description()
    assert (await browser.begins()).code == "issuer_unavailable"


async def test_an_issuer_behind_tls_leads_nobody_to_where_there_is_none(world: World, issuer: Issuer) -> None:
    said = {**issuer.description(), "issuer": "https://id.example.org"}
    with pytest.raises(IssuerUnavailable) as away:
        Published.model_validate(said).check(Oidc("https://id.example.org", "callcontrol", DESK))
    assert away.value.reason == "it publishes an address without TLS"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/token", web.Response(status=500)),
        ("/token", web.json_response({"error": "invalid_client"}, status=401)),
        ("/token", {}),
        ("/keys", {"keys": []}),
        ("/keys", web.Response(status=404)),
    ],
)
async def test_an_issuer_that_fails_half_way_is_away(browser: Browser, path: str, said: Any) -> None:
    browser.issuer.answers[path] = said
    await browser.begins()
    answer = await browser.finishes()
    assert (answer.status, answer.code) == (503, "issuer_unavailable")


async def test_nobody_is_sent_to_an_issuer_that_is_away_since(browser: Browser, world: World) -> None:
    assert (await browser.begins()).status == 303
    world.now += LOOKED_AT + 1
    await browser.issuer.stop()
    assert (await browser.begins()).code == "issuer_unavailable"


async def test_what_the_issuer_publishes_is_kept_for_a_while_and_its_keys_until_it_signs_by_new_ones(
    browser: Browser, world: World
) -> None:
    for _ in range(3):
        await browser.begins()
        assert (await browser.finishes()).status == 200
    assert browser.issuer.requested.count("/keys") == 1
    assert browser.issuer.requested.count("/.well-known/openid-configuration") == 1
    browser.issuer.key, browser.issuer.published = 1, 2
    await browser.begins()
    assert (await browser.finishes()).status == 401  # nobody has it fetch keys again and again
    world.now += KEYS_AGAIN
    await browser.begins()
    assert (await browser.finishes()).status == 200
    assert browser.issuer.requested.count("/keys") == 2
    world.now += KEPT
    await browser.begins()
    assert (await browser.finishes()).status == 200
    assert browser.issuer.requested.count("/keys") == 3


async def test_a_client_with_a_secret_proves_itself_as_the_issuer_wants(issuer: Issuer) -> None:
    world = await World(client_secret="a s3cret&").start()
    try:
        for methods in (["client_secret_basic"], ["client_secret_post"]):
            configure(world, issuer)
            said = {**issuer.description(), "token_endpoint_auth_methods_supported": methods}
            issuer.answers["/.well-known/openid-configuration"] = said
            browser = Browser(world, issuer)
            world.now += KEPT
            await browser.begins()
            assert (await browser.finishes()).status == 200
    finally:
        await world.stop()
    basic, post = issuer.headers[0]["Authorization"].removeprefix("Basic "), issuer.forms[1]
    assert b64decode(basic) == b"callcontrol:a+s3cret%26"
    assert (post["client_id"], post["client_secret"]) == ("callcontrol", "a s3cret&")
    assert "client_secret" not in issuer.forms[0]


async def test_what_is_wrong_with_the_issuer_is_found_before_anybody_logs_in(issuer: Issuer) -> None:
    oidc = Oidc(issuer.url, "callcontrol", DESK)
    for said, found in (
        ({}, []),
        ({"id_token_signing_alg_values_supported": ["EdDSA"]}, ["algorithms: it signs by EdDSA alone"]),
        ({"code_challenge_methods_supported": ["plain"]}, ["issuer: it does not know PKCE by S256"]),
        ({"issuer": "https://id.example.org"}, ["issuer: it calls itself otherwise than settings.oidc.issuer"]),
        ({"jwks_uri": f"{issuer.url}/nowhere"}, ["issuer: it answers 404"]),
    ):
        issuer.answers["/.well-known/openid-configuration"] = {**issuer.description(), **said}
        looking = Reached("")
        assert await looking.faults(oidc) == found
        await looking.close()
    await issuer.stop()
    looking = Reached("")
    assert await looking.faults(oidc) == ["issuer: ClientConnectorError"]
    await looking.close()
