"""What all files here share."""

from collections.abc import AsyncIterator

import pytest

from ari_app.ari.requests import Requests
from tests.unit.ari.laned import Laned, Laning, serving
from tests.unit.ari.requested import Recorder


@pytest.fixture
def client() -> Recorder:
    return Recorder()


@pytest.fixture
def requests(client: Recorder) -> Requests:
    return Requests(client, "callcontrol")


@pytest.fixture
async def asterisk() -> AsyncIterator[Laned]:
    async with serving() as server:
        yield server


@pytest.fixture
async def two(asterisk: Laned) -> AsyncIterator[Laning]:
    laning = await Laning(asterisk, 2).open()
    yield laning
    await laning.close()


@pytest.fixture
async def one(asterisk: Laned) -> AsyncIterator[Laning]:
    laning = await Laning(asterisk, 1).open()
    yield laning
    await laning.close()
