"""Logging out of the issuer too: where it offers that, the page learns where to go, once, and nobody else does."""

from urllib.parse import parse_qs, urlsplit

import pytest

from ari_app.api.issuer import KEPT, Published
from ari_app.api.oidc_api import LONGEST_HINT
from ari_app.errors import IssuerUnavailable
from ari_app.routing.login import Oidc
from ari_app.store.port import hash_token
from tests.unit.api.fakes import World
from tests.unit.api.issuing import DESK, Browser, Issuer, configure

DESCRIBED = "/.well-known/openid-configuration"


def offers(issuer: Issuer, path: str = "/end?of=session") -> None:
    """It has a place where sessions end."""
    issuer.answers[DESCRIBED] = {**issuer.description(), "end_session_endpoint": f"{issuer.url}{path}"}


async def logged_in(browser: Browser) -> str:
    await browser.begins()
    return str((await browser.finishes()).json["token"])


async def way_out(world: World, token: str, **headers: str) -> str | None:
    answer = await world.ask("POST", "/v1/logout/oidc", token=token, headers=headers)
    assert answer.status == 200
    url: str | None = answer.json["url"]
    return url


async def test_who_logs_out_goes_on_to_the_issuer_with_its_own_token_and_comes_back_to_the_page(
    browser: Browser, world: World
) -> None:
    offers(browser.issuer)
    token = await logged_in(browser)
    where = urlsplit(await way_out(world, token) or "")
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{browser.issuer.url}/end"
    said = {name: values[0] for name, values in parse_qs(where.query).items()}
    assert said.pop("id_token_hint").count(".") == 2
    assert said == {"of": "session", "client_id": "callcontrol", "post_logout_redirect_uri": f"{DESK}/"}
    assert (await world.ask("POST", "/v1/logout", token=token)).status == 204


async def test_it_is_said_once_also_where_the_request_is_repeated(browser: Browser, world: World) -> None:
    offers(browser.issuer)
    token = await logged_in(browser)
    assert await way_out(world, token, **{"Idempotency-Key": "one"}) is not None
    assert await way_out(world, token, **{"Idempotency-Key": "one"}) is None
    assert await way_out(world, token) is None


async def test_one_session_does_not_learn_of_another(browser: Browser, world: World) -> None:
    offers(browser.issuer)
    by_issuer, by_password = await logged_in(browser), await world.token("alice")
    assert await way_out(world, by_password) is None
    assert await way_out(world, by_issuer) is not None
    assert (await world.ask("POST", "/v1/logout/oidc")).code == "unauthenticated"


async def test_nobody_is_sent_where_the_administrator_does_not_want_it(browser: Browser, world: World) -> None:
    offers(browser.issuer)
    token = await logged_in(browser)
    configure(world, browser.issuer, logout=False)
    assert await way_out(world, token) is None
    configure(world, browser.issuer)
    assert await way_out(world, token) is None, "what is not wanted is not kept"


async def test_what_one_issuer_has_signed_is_shown_to_no_other(browser: Browser, world: World) -> None:
    another = await Issuer().start()
    offers(another)
    token = await world.token("alice")
    digest = hash_token(f"logout {hash_token(token)}")
    await world.store.keep_login(digest, b'{"issuer":"https://id.example.org","id_token":"a.b.c"}', 60)
    configure(world, another)
    assert await way_out(world, token) is None
    await another.stop()


async def test_an_issuer_that_offers_nothing_or_is_away_keeps_nobody_from_logging_out(
    browser: Browser, world: World
) -> None:
    assert await way_out(world, await logged_in(browser)) is None
    offers(browser.issuer)
    world.now += KEPT + 1
    token, another = await logged_in(browser), await logged_in(browser)
    world.now += KEPT + 1
    browser.issuer.answers[DESCRIBED] = {}
    assert await way_out(world, token) is None
    world.store.away = True
    assert await way_out(world, another) is None


async def test_a_token_that_is_too_long_for_an_address_is_left_out(browser: Browser, world: World) -> None:
    offers(browser.issuer)
    browser.issuer.claims = {"groups": "g" * LONGEST_HINT}
    assert await way_out(world, await logged_in(browser)) is None


def test_an_issuer_behind_tls_ends_no_session_in_the_clear() -> None:
    issuer = "https://id.example.org"
    said = {
        "issuer": issuer,
        **dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), f"{issuer}/x"),
        "end_session_endpoint": "http://id.example.org/end",
    }
    with pytest.raises(IssuerUnavailable):
        Published.model_validate(said).check(Oidc(issuer, "callcontrol", DESK))
