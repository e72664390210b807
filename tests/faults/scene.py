"""A cluster with calls up, in which rounds are played: who talks on, who is commanded, who comes and goes."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from tests.bots import Contact, DeadlineMissed, Lab
from tests.e2e.cluster import ASTERISKS, CONTROLLERS, Asterisk, Cluster, Controller
from tests.e2e.crowd import CROWD, PHONES
from tests.faults.holdings import Holdings
from tests.faults.looking import holdings, what_is_wrong
from tests.faults.people import PATIENCE, Answer, Desktop, People, Talk, said
from tests.support.polling import until

_VOICES = 4
_STARTED_WITHIN = 60.0
_DIALS = 6


@dataclass
class Scene:
    """`controls` are two calls, one at each Asterisk, that are put on hold and retrieved; `witnesses` talk on.

    `agent` and `spare` are free in between; `caller` and `other` call them.
    """

    people: People
    controls: list[Talk]
    witnesses: list[Talk]
    agent: str
    spare: str
    caller: Contact
    other: Contact
    wanted: Holdings

    @property
    def cluster(self) -> Cluster:
        return self.people.cluster

    @property
    def lab(self) -> Lab:
        return self.people.lab

    async def leaders(self) -> list[Controller]:
        """Those that lead an Asterisk."""
        return [name for name in CONTROLLERS if await self.cluster.leads(name)]

    # -- what is measured ---------------------------------------------------------------------------------------------

    async def until_commanded(self, since: float) -> float:
        """Seconds from `since` until a hold of each control was carried out; then all is retrieved.

        Raises AssertionError where one is not carried out at all.
        """
        took = await asyncio.gather(*(self._done(talk, "hold", "held", since) for talk in self.controls))
        await asyncio.gather(*(self._done(talk, "retrieve", "established", since) for talk in self.controls))
        return max(took)

    async def _done(self, talk: Talk, verb: str, state: str, since: float) -> float:
        """Seconds. Requested again until it is so, as an agent would: who does not know whether it was done looks, and
        begins anew where it was not. One key until then: a request that nobody waits for any more is not done twice.
        """
        answers: list[Answer] = []
        key = uuid.uuid4().hex

        async def done() -> bool:
            nonlocal key
            answers.append(await talk.desktop.request("POST", f"/v1/calls/{talk.call}/{verb}", key=key))
            status = answers[-1][0]
            if status in (409, 504):
                key = uuid.uuid4().hex
            return status == 200 or (status == 409 and await talk.state() == state)

        try:
            await until(done, verb, PATIENCE)
        except AssertionError:
            raise AssertionError(f"{verb} of {talk.call} is answered {said(answers)}") from None
        return time.monotonic() - since

    async def until_written(self, since: float) -> float:
        """Seconds from `since` until what an agent chooses is written: a break, and ready again.

        Raises AssertionError where it is refused.
        """
        path, admin = f"/v1/agents/{self.spare}/state", self.people.admin
        answers = await admin.until_done("PUT", path, {"state": "not_ready", "reason": "break"})
        at = time.monotonic()
        assert answers[-1][0] == 200, f"a break is answered {said(answers)}"
        await admin.until_done("PUT", path, {"state": "ready"})
        return at - since

    async def until_served(self, caller: Contact, number: str, since: float) -> float | None:
        """Seconds from `since` until `caller`, who dials now, talks with the spare agent. None: never.

        They dial again where they are cut off.
        """
        pairs = {(caller.name, self.spare), (self.spare, caller.name)}
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not caller.live:
                caller.dial(number)
            try:
                await self.lab.hears(*pairs, within=2)
            except DeadlineMissed:
                continue
            return time.monotonic() - since
        return None

    # -- between rounds -----------------------------------------------------------------------------------------------

    async def what_is_wrong(self, talks: Iterable[Talk]) -> tuple[str, ...]:
        """All others have hung up: what is left of them, and who of those who talk does not hear whom they should."""
        talks = list(talks)
        pairs = {pair for talk in talks for pair in talk.pairs}
        among = {name for pair in pairs for name in pair}
        try:
            await self.lab.exactly(pairs, among=among, within=5)
            unheard: tuple[str, ...] = ()
        except DeadlineMissed as missed:
            unheard = (" ".join(str(missed).splitlines()[:4]),)
        return (*unheard, *await what_is_wrong(self.people, self.wanted))

    async def goes_home(self, *bots: Contact) -> None:
        """Who was there for one round hangs up."""
        for bot in (*bots, self.lab[self.agent], self.lab[self.spare]):
            bot.hangup()


async def until_whole(cluster: Cluster) -> None:
    """Wait until every part is there, and knows it. Raises AssertionError."""
    await cluster.until(cluster.is_whole, "the Sentinels know all that there is", _STARTED_WITHIN)
    await cluster.until_led()
    await cluster.until(cluster.gives_calls_to_all, "both Asterisks are led, and get calls", _STARTED_WITHIN)


@asynccontextmanager
async def people(cluster: Cluster) -> AsyncIterator[People]:
    """Nobody yet."""
    stack = cluster.stack
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=_VOICES)
    async with aiohttp.ClientSession() as session:
        found = People(cluster, lab, session, Desktop(stack.api, "admin", session))
        try:
            await found.admin.until_logged_in()
            yield found
        finally:
            await found.close()


@asynccontextmanager
async def scene(cluster: Cluster, calls: int, only: Asterisk | None = None) -> AsyncIterator[Scene]:
    """`calls` are up; all of them at `only`, where it is given."""
    others = [name for name in ASTERISKS if only not in (None, name)]
    async with people(cluster) as found:
        for name in CROWD[: calls + 2]:
            await found.agent(name)
        *names, agent, spare = CROWD[: calls + 2]
        await cluster.until_seen_by_all({PHONES[name] for name in CROWD[: calls + 2]})
        for other in others:
            await cluster.drain(other)
        try:
            talks = [await found.talk(await found.caller(), name) for name in names]
            if only is None:
                await _one_at_each(found, talks)
        finally:
            for other in others:
                await cluster.resume(other)
        await found.until_ready(agent, spare)
        controls = _controls(talks)
        wanted = await _settled(found, calls)
        callers = await found.caller(), await found.caller()
        witnesses = [talk for talk in talks if talk not in controls]
        yield Scene(found, controls, witnesses, agent, spare, *callers, wanted)


def _controls(talks: list[Talk]) -> list[Talk]:
    """The first call at each Asterisk; of one Asterisk alone, its first."""
    return list({talk.asterisk: talk for talk in reversed(talks)}.values())


async def _one_at_each(found: People, talks: list[Talk]) -> None:
    """The carrier's calls go to the Asterisks in turn, but for what else they get."""
    for _ in range(_DIALS):
        if len({talk.asterisk for talk in talks}) == len(ASTERISKS):
            return
        talks[0].caller.hangup()
        await found.until_ready(talks[0].agent.name)
        await found.connect(talks[0])
    raise AssertionError(f"all calls came to {talks[0].asterisk}")


async def _settled(found: People, calls: int) -> Holdings:
    """What there is while these talk, and nothing else goes on."""
    seen: list[Holdings] = []

    async def settled() -> bool:
        now = await holdings(found)
        seen[:] = [now]
        return (len(now.calls), len(now.channels), now.redis.get("snapshots of legs")) == (calls, 2 * calls, 2 * calls)

    try:
        await until(settled, f"there are {calls} calls, and nothing else", 10)
    except AssertionError as complaint:
        raise AssertionError(f"{complaint}: {seen}") from None
    return seen[0]
