"""Passwords are checked a few at once, address by address, and never more than so many wait."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ari_app.api.limits import AT_ONCE, WAITING, WAITING_OF_ADDRESS, FailureLimit, PasswordTurns
from ari_app.api.problems import HttpError
from ari_app.errors import Code
from tests.unit.engine.ends import turn as loop_turns


class Checks:
    """Whoever has a turn keeps it until they are let go; `begun` are their names, in order."""

    def __init__(self) -> None:
        self.turns = PasswordTurns()
        self.begun: list[str] = []
        self.refused: list[str] = []
        self.problem: tuple[int, Code, str] | None = None
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._may = asyncio.Semaphore(0)

    async def come(self, *names: str) -> None:
        """They come one after the other; a name is `address:number`."""
        for name in names:
            self.tasks[name] = asyncio.ensure_future(self._check(name))
            await loop_turns()

    async def _check(self, name: str) -> None:
        try:
            async with self.turns.turn(name.partition(":")[0]):
                self.begun.append(name)
                await self._may.acquire()
        except HttpError as error:
            self.refused.append(name)
            self.problem = error.status, error.code, error.headers["Retry-After"]

    async def finish(self, turns: int = 1) -> None:
        """So many are done."""
        for _ in range(turns):
            self._may.release()
            await loop_turns()


@pytest.fixture
async def checks() -> AsyncIterator[Checks]:
    made = Checks()
    yield made
    for task in made.tasks.values():
        task.cancel()
    await asyncio.gather(*made.tasks.values(), return_exceptions=True)
    made.turns.close()


def flood(address: str, number: int) -> list[str]:
    return [f"{address}:{each}" for each in range(number)]


async def test_a_few_are_checked_at_once_and_the_others_in_the_order_in_which_they_came(checks: Checks) -> None:
    await checks.come(*flood("a", AT_ONCE + 3))
    assert checks.begun == flood("a", AT_ONCE)
    await checks.finish(2)
    assert checks.begun == flood("a", AT_ONCE + 2)
    await checks.finish(AT_ONCE + 3)
    await checks.come("b:0")
    assert checks.begun[-1] == "b:0"
    assert checks.turns.waiting == 0


async def test_a_flood_from_one_address_makes_nobody_elsewhere_wait(checks: Checks) -> None:
    await checks.come(*flood("a", AT_ONCE + 20), "b:0", "c:0", "b:1")
    await checks.finish(5)
    assert checks.begun[AT_ONCE:] == ["a:2", "b:0", "c:0", "a:3", "b:1"]


async def test_of_one_address_not_more_than_so_many_wait(checks: Checks) -> None:
    await checks.come(*flood("a", AT_ONCE + WAITING_OF_ADDRESS))
    assert checks.refused == []
    await checks.come("a:more")
    assert checks.refused == ["a:more"]
    assert checks.problem == (429, "rate_limited", "2")
    assert checks.turns.waiting == WAITING_OF_ADDRESS


async def test_where_too_many_wait_whoever_came_last_from_the_busiest_address_is_refused(checks: Checks) -> None:
    addresses = [f"a{number}" for number in range(WAITING // WAITING_OF_ADDRESS)]
    await checks.come(*flood("x", AT_ONCE))
    for address in addresses:
        await checks.come(*flood(address, WAITING_OF_ADDRESS))
    assert checks.turns.waiting == WAITING
    await checks.come("b:0")
    assert checks.refused == [f"a0:{WAITING_OF_ADDRESS - 1}"]
    assert checks.turns.waiting == WAITING
    await checks.finish(len(addresses) + 1)
    assert checks.begun[-1] == "b:0"


async def test_where_as_many_addresses_wait_as_there_may_be_the_next_is_refused(checks: Checks) -> None:
    await checks.come(*flood("x", AT_ONCE), *(f"a{number}:0" for number in range(WAITING)), "b:0")
    assert checks.refused == ["b:0"]


async def test_whoever_goes_away_leaves_their_turn_to_the_next(checks: Checks) -> None:
    await checks.come(*flood("a", AT_ONCE), "b:0", "c:0", "d:0")
    checks.tasks["b:0"].cancel()
    await loop_turns()
    assert checks.turns.waiting == 2
    checks.tasks["a:0"].cancel()
    checks.tasks["c:0"].cancel()  # as the turn comes to them
    await loop_turns()
    assert checks.begun == [*flood("a", AT_ONCE), "d:0"]
    await checks.finish(2)
    await checks.come("e:0", "e:1")
    assert checks.begun[-2:] == ["e:0", "e:1"]


async def test_whoever_goes_away_as_it_is_their_turn_gives_it_on(checks: Checks) -> None:
    await checks.come(*flood("a", AT_ONCE), "b:0", "c:0")
    checks.turns._next()  # b's turn: they have not noticed yet
    checks.tasks["b:0"].cancel()
    await loop_turns()
    assert checks.begun == [*flood("a", AT_ONCE), "c:0"]


async def test_work_is_done_beside_the_loop_and_its_errors_come_back(checks: Checks) -> None:
    async with checks.turns.turn("a"):
        assert await checks.turns.work(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await checks.turns.work(divmod, 1, 0)


def test_failures_of_whoever_made_them_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.api.limits.REMEMBERED_FAILURES", 2)
    limit = FailureLimit(lambda: 0.0, 1)
    for name in ("a", "b", "c"):
        limit.note((name,))
    limit.check(("a",))
    for name in ("b", "c"):
        with pytest.raises(HttpError):
            limit.check((name,))
