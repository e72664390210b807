"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bots import Lab
from tests.desk.stage import Stage
from tests.e2e.aftermath import complaints
from tests.e2e.browser import Desks
from tests.e2e.chromium import Browsers, browsers
from tests.e2e.hands import Hands, Keyboard, Mouse
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.e2e.talk import Talk
from tests.e2e.turns import Turn, Turns, order
from tests.support.loops import share_a_loop

HERE = Path(__file__).parent

BROWSERS = frozenset({"desks", "on_stage"})
"""Fixtures that open some."""
MANY = frozenset({"test_crowd.py", "test_openapi.py", "test_overload.py"})
"""Files whose tests make many calls or requests, as fast as they are answered."""

LOOKS_BACK = 10.0
"""Seconds before what failed began."""

_TURNS = pytest.StashKey[Turns]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--taken DIRECTORY`: one of several call centres that share the work."""
    parser.addoption("--taken", type=Path, help="where each writes which tests it has taken, so that no other does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All tests here have one event loop, for browsers stay from one to the next.

    Where the work is shared, tests of all kinds come between each other: those of one file have much in common. Those
    that take long are in the first half.
    """
    share_a_loop(items, HERE)
    taken: Path | None = config.getoption("--taken")
    if taken is not None:
        items.sort(key=lambda item: order(item.nodeid))
        config.stash[_TURNS] = Turns(taken)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run the next test that nobody has taken; nothing tells of the others.

    pytest leaves standing what the next test of its list needs too, and here that one may be another's: so all that is
    left standing is what is the whole session's (`nextitem`).
    """
    turns = item.config.stash.get(_TURNS, None)
    if turns is None or turns.running:
        return None

    def run(of: pytest.Item) -> None:
        of.ihook.pytest_runtest_protocol(item=of, nextitem=of.session)

    heavy = item.path.name in MANY or not BROWSERS.isdisjoint(getattr(item, "fixturenames", ()))
    turns.offer(Turn(item.nodeid, partial(run, item), heavy=heavy), last=nextitem is None)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure comes what the parts of the call centre say."""
    report = yield
    stack: Stack | None = getattr(item, "funcargs", {}).get("stack")
    if report.failed and stack is not None:
        began = datetime.fromtimestamp(call.start - LOOKS_BACK, UTC)
        report.sections += [(f"{part} says", text) for part, text in complaints(stack.project, began)]
    return report


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running parts."""
    return Stack.from_environment()


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def nothing_goes_on() -> AsyncIterator[None]:
    """What a test has begun ends with it, as with a loop of its own."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browsers]:
    """Browsers, which are started for the first who needs one."""
    async with browsers() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def office(stack: Stack) -> AsyncIterator[Office]:
    """An empty call centre; whoever takes part goes home in the end."""
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8)
    office = Office(lab, stack, {})
    try:
        yield office
    finally:
        await office.close()


@pytest_asyncio.fixture(loop_scope="session")
async def desks(stack: Stack, chromium: Browsers) -> AsyncIterator[Desks]:
    """Windows, for those who use the page."""
    desks = Desks(stack, chromium)
    try:
        yield desks
    finally:
        await desks.close()


@pytest_asyncio.fixture(loop_scope="session")
async def on_stage(stack: Stack, chromium: Browsers) -> AsyncIterator[Stage]:
    """A window for a page whose server is played."""
    stage = Stage(await chromium.hearing(), stack.api)
    try:
        yield stage
    finally:
        await stage.close()


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def hands(request: pytest.FixtureRequest) -> Hands:
    """All that uses the page so is done twice."""
    either: Hands = request.param()
    return either


@pytest_asyncio.fixture(loop_scope="session")
async def talk(office: Office, desks: Desks, hands: Hands) -> Talk:
    """In French, as the guide is."""
    alice = await office.agent("alice")
    page = await desks.open("alice", hands=hands)
    caller = await office.caller()
    await office.connect(caller, alice)
    talk = Talk(page, alice, caller)
    await talk.call.is_now("connected")
    return talk
