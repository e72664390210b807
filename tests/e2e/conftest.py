"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from tests.bots import Lab
from tests.e2e.browser import Desks, browsers
from tests.e2e.hands import Hands, Keyboard, Mouse
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.e2e.talk import Talk
from tests.e2e.turns import Turn, Turns, mark

BROWSERS = frozenset({"desks", "on_stage"})
"""Fixtures that open some."""

_TURNS = pytest.StashKey[Turns]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--taken DIRECTORY`: one of several call centres that share the work."""
    parser.addoption("--taken", type=Path, help="where each writes which tests it has taken, so that no other does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the work is shared, tests of all kinds come between each other: those of one file have much in common."""
    taken: Path | None = config.getoption("--taken")
    if taken is not None:
        items.sort(key=lambda item: mark(item.nodeid))
        config.stash[_TURNS] = Turns(taken)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run the next test that nobody has taken; nothing tells of the others.

    pytest leaves standing what the next test of its list needs too, and here that one may be another's: so there is
    none (`nextitem`).
    """
    turns = item.config.stash.get(_TURNS, None)
    if turns is None or turns.running:
        return None

    def run(of: pytest.Item) -> None:
        of.ihook.pytest_runtest_protocol(item=of, nextitem=None)

    with_browser = not BROWSERS.isdisjoint(getattr(item, "fixturenames", ()))
    turns.offer(Turn(item.nodeid, partial(run, item), with_browser=with_browser), last=nextitem is None)
    return True


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
