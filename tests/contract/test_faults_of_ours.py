"""A fault of ours in what goes on beside calls, planted into a controller on the real Redis: it goes on and is seen."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from ari_app import tasks
from ari_app.availability.mirror import Mirror
from ari_app.config.settings import ProcessSettings
from ari_app.controller import Controller
from tests.support.polling import until

HOST = "127.0.66.3"
DEADLINE = 20.0
FILE = Path(__file__).parents[2] / "asterisk" / "callcentre.yaml"


@pytest.fixture
def prefix() -> str:
    """No longer than a controller's may be."""
    return f"test-{uuid.uuid4().hex[:20]}"


@pytest.fixture
def settings(redis_url: str, prefix: str, client: Redis, tmp_path: Path) -> ProcessSettings:
    """No Asterisk is there: whoever leads is not ready for that, once all else is."""
    return ProcessSettings.model_validate(
        {
            "config": FILE,
            "api_host": HOST,
            "api_port": 0,
            "redis_url": redis_url,
            "redis_prefix": prefix,
            "ari_url": f"http://{HOST}:1",
            "ari_password": "x" * 32,
            "history_url": f"sqlite:///{tmp_path}/history.db",
            "demo": "yes",
        }
    )


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_agents_are_followed_again_where_what_follows_them_has_failed_twice(
    settings: ProcessSettings, web: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "FIRST_PAUSE", 0.01)
    reload, failures = Mirror._reload, iter(range(2))

    async def fails_twice(mirror: Mirror) -> None:
        if next(failures, None) is not None:
            raise RuntimeError("a fault")
        await reload(mirror)

    monkeypatch.setattr(Mirror, "_reload", fails_twice)
    controller = Controller(settings)
    with capture_logs() as logs:
        running = asyncio.create_task(controller.run())

        def port() -> int | None:
            return next((line["port"] for line in logs if line["event"] == "api_listening"), None)

        async def knows_its_agents() -> bool:
            assert not running.done()
            if port() is None:
                return False
            async with web.get(f"http://{HOST}:{port()}/readyz") as answer:
                return bool((await answer.json())["code"] == "asterisk_unavailable")

        try:
            await until(knows_its_agents, "agents are followed", DEADLINE)
            async with web.get(f"http://{HOST}:{port()}/metrics") as answer:
                assert "callcontrol_task_failures_total 2.0" in await answer.text()
        finally:
            controller.stop()
            await asyncio.wait_for(running, DEADLINE)
    failed = [(line["task"], line["log_level"]) for line in logs if line["event"] == "task_failed"]
    assert failed == [("Mirror.run", "error")] * 2
