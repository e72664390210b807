"""A running API over in-memory implementations."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.unit.api.fakes import World
from tests.unit.api.issuing import Browser, Issuer, configure


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the controller runs on; its connections are encrypted on either."""
    both = item.path.name == "test_encryption.py"
    return {"uvloop": uvloop.new_event_loop} | ({"asyncio": asyncio.new_event_loop} if both else {})


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
