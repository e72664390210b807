"""What a controller answers while another one leads."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.standby import Standby
from ari_app.routing.directory import Desk

HOST = "127.0.0.1"


@pytest.fixture
def trouble() -> list[str]:
    """Why the store is not reached, where it is not."""
    return []


@pytest.fixture
async def standby(trouble: list[str]) -> AsyncIterator[aiohttp.ClientSession]:
    listener = Listener(Standby(Metrics(), Desk, lambda: "".join(trouble)))
    port = await listener.start(HOST, 0)
    async with aiohttp.ClientSession(f"http://{HOST}:{port}") as session:
        yield session
    await listener.stop()


async def test_it_is_healthy_and_not_ready_and_says_why(standby: aiohttp.ClientSession) -> None:
    async with standby.get("/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok", "role": "standby"})
    async with standby.get("/readyz") as response:
        problem = await response.json()
        assert (response.status, problem["code"], problem["title"]) == (503, "standby", "Service Unavailable")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/me"), ("POST", "/v1/login"), ("GET", "/v1/events"), ("GET", "/"), ("PUT", "/x")]
)
async def test_all_else_is_refused_for_now(standby: aiohttp.ClientSession, method: str, path: str) -> None:
    async with standby.request(method, path) as response:
        assert (response.status, (await response.json())["code"]) == (503, "standby")
        assert response.content_type == "application/problem+json"
        assert response.headers["Retry-After"] == "1"
        assert response.headers["Cache-Control"] == "no-store"


async def test_it_says_why_nobody_leads_where_that_is_the_store(
    standby: aiohttp.ClientSession, trouble: list[str]
) -> None:
    trouble.append("the store refuses the password")
    for path in ("/readyz", "/v1/me"):
        async with standby.get(path) as response:
            problem = await response.json()
            assert (response.status, problem["code"]) == (503, "store_unavailable")
            assert problem["detail"] == "the store refuses the password"
    async with standby.get("/healthz") as response:
        assert response.status == 200


async def test_it_has_figures(standby: aiohttp.ClientSession) -> None:
    async with standby.get("/metrics") as response:
        assert "\ncallcontrol_leader 0.0\n" in await response.text()


async def test_names_and_origins_of_others_are_refused_as_by_a_leader(standby: aiohttp.ClientSession) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        async with standby.get("/readyz", headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
            assert "Retry-After" not in response.headers
