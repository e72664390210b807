"""A running API over in-memory implementations."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.api.fakes import World
from tests.unit.api.issuing import Browser, Issuer, configure


@pytest.fixture
async def world() -> AsyncIterator[World]:
    started = await World().start()
    yield started
    await started.stop()


@pytest.fixture
async def alice(world: World) -> str:
    return await world.token("alice")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    started = await Issuer().start()
    yield started
    await started.stop()


@pytest.fixture
def browser(world: World, issuer: Issuer) -> Browser:
    """Of somebody who is to log in by that issuer."""
    configure(world, issuer)
    return Browser(world, issuer)
