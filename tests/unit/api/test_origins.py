"""Pages of other origins do nothing here, whatever name they make lead here."""

from dataclasses import replace

import pytest

from ari_app.api.origins import check_source
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Desk
from tests.unit.api.fakes import HOST, World

LISTED = Desk(("https://desk.example.org",), hosts=("callcontrol",))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, None),  # HTTP/1.0: no browser
        (None, "127.0.0.1:8080"),
        (None, "[::1]:8080"),
        (None, "LocalHost"),
        (None, "desk.example.org"),
        (None, "callcontrol:8080"),
        ("http://callcontrol:8080", "callcontrol:8080"),
        ("https://desk.example.org", "desk.example.org"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost:8080", "localhost:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://desk.example.org", "127.0.0.1:8080"),
    ],
)
def test_ones_own_and_listed_ones(origin: str | None, host: str) -> None:
    check_source(origin, host, LISTED)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example.org", "127.0.0.1:8080"),
        ("http://evil.example.org:8080", "evil.example.org:8080"),  # a name that was made to lead here
        ("http://127.0.0.1:9090", "127.0.0.1:8080"),
        ("http://desk.example.org", "127.0.0.1:8080"),
        ("null", "127.0.0.1:8080"),
        ("http://[::1", "[::1"),
        ("http://[::1", "127.0.0.1"),
        ("file://127.0.0.1", "127.0.0.1"),
        (None, "evil.example.org"),  # the same, and a request to which browsers add no Origin
        (None, "desk.example.org.evil.example.org"),
        (None, "127.0.0.1.evil.example.org"),
        (None, ""),
        ("https://desk.example.org", "evil.example.org"),
        ("http://127.0.0.1:8080", None),
    ],
)
def test_all_others(origin: str | None, host: str | None) -> None:
    with pytest.raises(Refused) as refused:
        check_source(origin, host, LISTED)
    assert refused.value.code is Code.FORBIDDEN


async def test_a_page_of_somebody_else_is_refused_before_anything_is_done(world: World, alice: str) -> None:
    for path in ("/v1/me", "/healthz", "/v1/events", "/phone"):
        answer = await world.ask("GET", path, token=alice, headers={"Origin": "http://evil.example.org"})
        assert (answer.status, answer.code) == (403, "forbidden")
    for path in ("/", "/v1/me", "/metrics"):
        answer = await world.ask("GET", path, token=alice, headers={"Host": "evil.example.org"})
        assert (answer.status, answer.code) == (403, "forbidden")
    own = {"Origin": f"http://{HOST}:{world.port}"}
    assert (await world.ask("GET", "/v1/me", token=alice, headers=own)).status == 200


async def test_nothing_that_is_answered_is_for_a_cache_or_for_guessing(world: World, alice: str) -> None:
    for path in ("/v1/me", "/v1/nowhere", "/v1/openapi.json"):
        headers = (await world.ask("GET", path, token=alice)).headers
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def list_a_page(world: World) -> dict[str, str]:
    """From now on pages of another origin may use the API; what a browser sends for them."""
    directory = world.control.now_directory
    world.control.now_directory = replace(directory, settings=replace(directory.settings, desk=LISTED))
    return {"Origin": "https://desk.example.org"}


async def test_a_listed_page_reads_answers_also_refusals(world: World, alice: str) -> None:
    listed = list_a_page(world)
    for token, status in ((alice, 200), (None, 401)):
        answer = await world.ask("GET", "/v1/me", token=token, headers=listed)
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == "https://desk.example.org"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    for own in ({}, {"Origin": f"http://{HOST}:{world.port}"}):
        assert "Access-Control-Allow-Origin" not in (await world.ask("GET", "/v1/me", headers=own)).headers
    evil = {"Origin": "http://evil.example.org"}
    assert "Access-Control-Allow-Origin" not in (await world.ask("GET", "/v1/me", headers=evil)).headers


async def test_a_browser_may_inquire_for_a_listed_page_and_for_no_other(world: World) -> None:
    listed = list_a_page(world)
    inquiry = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    answer = await world.ask("OPTIONS", "/v1/me/state", headers={**listed, **inquiry})
    assert (answer.status, answer.text) == (204, "")
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    for header in ("Authorization", "Content-Type", "Idempotency-Key"):
        assert header in answer.headers["Access-Control-Allow-Headers"]
    for other, status in (("http://evil.example.org", 403), (f"http://{HOST}:{world.port}", 405)):
        answer = await world.ask("OPTIONS", "/v1/me/state", headers={"Origin": other, **inquiry}, check=False)
        assert (answer.status, "Access-Control-Allow-Methods" in answer.headers) == (status, False)
