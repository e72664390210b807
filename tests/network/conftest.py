"""Fixtures of the tests on a network: the machine, what it said before it stood there, and that it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.network.machine import Machine
from tests.network.phones import Stranger
from tests.support.loops import share_a_loop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All have one event loop, as they have one machine."""
    share_a_loop(items, Path(__file__).parent)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def refused() -> str:
    """What `docker/up --network` said when all was as in the demonstration."""
    machine = Machine.from_environment()
    machine.unpack()
    status, said = await machine.up()
    assert status == 1, said
    assert await machine.parts() == set(), said
    return said


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def machine(refused: str) -> Machine:
    """It stands on the network: what it was refused for is mended."""
    assert refused
    machine = Machine.from_environment()
    await machine.certify()
    machine.hash_passwords()
    status, said = await machine.up()
    assert status == 0, said
    return machine


@pytest.fixture
def stranger(machine: Machine) -> Iterator[Stranger]:
    """Who speaks SIP, and has no secret."""
    stranger = Stranger(machine)
    yield stranger
    stranger.close()
