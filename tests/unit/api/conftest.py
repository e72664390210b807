"""A running API over in-memory implementations."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.api.fakes import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    started = await World().start()
    yield started
    await started.stop()


@pytest.fixture
async def alice(world: World) -> str:
    return await world.token("alice")
