"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.bots import Lab
from tests.e2e.browser import Desks, browsers
from tests.e2e.hands import Hands, Keyboard, Mouse
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.e2e.talk import Talk

_MINE = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--taken DIRECTORY`: one of several call centres that share the work."""
    parser.addoption("--taken", type=Path, help="where each writes which tests it has taken, so that no other does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the work is shared, tests with browsers come between those without: several of them at once take the whole
    machine, while calls alone take little of it.
    """
    if config.getoption("--taken") is not None:
        items.sort(key=_mark)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Run the next test that nobody has taken; nothing tells of the others.

    pytest leaves standing what the next test of its list needs too, and here that one may be another's: so there is
    none (`nextitem`).
    """
    taken: Path | None = item.config.getoption("--taken")
    if taken is None or item.stash.get(_MINE, False):
        return None
    try:
        (taken / _mark(item)).touch(exist_ok=False)
    except FileExistsError:
        return True
    item.stash[_MINE] = True
    item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
    return True


def _mark(item: pytest.Item) -> str:
    return sha256(item.nodeid.encode()).hexdigest()


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


@pytest.fixture
async def desks(stack: Stack) -> AsyncIterator[Desks]:
    """Browsers, for those who use the page."""
    async with browsers(stack) as opened:
        yield opened


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def hands(request: pytest.FixtureRequest) -> Hands:
    """All that uses the page so is done twice."""
    either: Hands = request.param()
    return either


@pytest.fixture
async def talk(office: Office, desks: Desks, hands: Hands) -> Talk:
    """In French, as the guide is."""
    alice = await office.agent("alice")
    page = await desks.open("alice", hands=hands)
    caller = await office.caller()
    await office.connect(caller, alice)
    talk = Talk(page, alice, caller)
    await talk.call.is_now("connected")
    return talk
