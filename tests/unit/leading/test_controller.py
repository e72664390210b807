"""A controller that is to stop does so at once, also where the store is away; one that cannot begin to lead ends."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app import controller
from ari_app.app import App
from ari_app.config.settings import ProcessSettings
from ari_app.controller import Controller
from ari_app.errors import StoreUnavailable
from ari_app.store.redis import RedisStore
from ari_app.testing.leases import MemoryLeases

DEADLINE = 5.0
WHOLE = Path(__file__).parents[3] / "asterisk" / "callcentre.yaml"


@pytest.fixture
async def store_away(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Leases are given, and all else is not answered; set as soon as something else is requested."""
    requested = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def away(store: RedisStore) -> None:
        requested.set()
        raise StoreUnavailable

    monkeypatch.setattr(controller, "RedisLeases", lambda redis, prefix: MemoryLeases(loop.time))
    monkeypatch.setattr(RedisStore, "given", away)
    monkeypatch.setattr(RedisStore, "kept_configuration", away)
    return requested


def settings(config: Path) -> ProcessSettings:
    return ProcessSettings.model_validate(
        {"config": config, "api_port": 0, "redis_url": "redis://127.0.0.1:1", "ari_password": "x" * 32, "demo": "yes"}
    )


async def stops_once(requested: asyncio.Event, controlled: Controller) -> None:
    running = asyncio.create_task(controlled.run())
    async with asyncio.timeout(DEADLINE):
        await requested.wait()
        controlled.stop()
        await running


async def test_who_is_about_to_lead_stops_without_the_store(store_away: asyncio.Event) -> None:
    await stops_once(store_away, Controller(settings(WHOLE)))


async def test_who_looks_for_the_last_good_file_stops_without_the_store(
    store_away: asyncio.Event, tmp_path: Path
) -> None:
    faulty = tmp_path / "callcentre.yaml"
    faulty.write_text("agents: [")
    await stops_once(store_away, Controller(settings(faulty)))


async def test_who_cannot_begin_to_lead_by_a_fault_of_ours_ends_and_leaves_the_lease_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leases = MemoryLeases(asyncio.get_running_loop().time)

    async def none_given(store: RedisStore) -> dict[str, bytes]:
        return {}

    async def fails(app: App) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(controller, "RedisLeases", lambda redis, prefix: leases)
    monkeypatch.setattr(RedisStore, "given", none_given)
    monkeypatch.setattr(App, "_restore", fails)
    chosen = settings(WHOLE)
    with capture_logs() as logs, pytest.raises(RuntimeError, match="a fault"):
        async with asyncio.timeout(DEADLINE):
            await Controller(chosen).run()
    assert [line["task"] for line in logs if line["event"] == "task_failed"] == ["App._begin"]
    assert (await leases.look(chosen.places[0].name, 0)).owner == ""
