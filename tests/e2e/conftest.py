"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bots import Lab
from tests.e2e.office import Office
from tests.e2e.stack import Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--part 1/2`: every other test, for two call centres that share the work."""
    parser.addoption("--part", default="1/1", help="n/m: of every m tests the nth")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of the other parts out. They are dealt one by one, so that each part has some of each kind."""
    mine, parts = map(int, config.getoption("--part").split("/"))
    config.hook.pytest_deselected(items=[item for n, item in enumerate(items) if n % parts != mine - 1])
    items[:] = items[mine - 1 :: parts]


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running parts."""
    return Stack.from_environment()


@pytest.fixture
async def office(stack: Stack) -> AsyncIterator[Office]:
    """An empty call centre; whoever takes part goes home in the end."""
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8)
    office = Office(lab, stack, {})
    try:
        yield office
    finally:
        await office.close()
