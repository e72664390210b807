"""Pages of other origins do nothing here, whatever name they make lead here."""

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
