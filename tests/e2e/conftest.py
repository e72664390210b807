"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bots import Lab
from tests.e2e.office import Office
from tests.e2e.stack import Stack


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
