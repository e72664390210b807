"""The faults, row by row: what is done in a round, and what is measured of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.e2e.cluster import NODES, Cluster
from tests.e2e.crowd import QUEUE
from tests.faults import cuts
from tests.faults.figures import Promise, Round, Row
from tests.faults.looking import primary, taken_away
from tests.faults.moments import Moment, choose
from tests.faults.people import Talk
from tests.faults.scene import Scene, until_whole
from tests.faults.verbs import OUTSIDE, VERBS, Stage, what_became_of

COMMANDS = "commands for all calls again"
AT_ONCE = "commands meanwhile"
WRITTEN = "what an agent chooses is written"
RETURNED = "the same, after the return"
FREE = "agents of its calls are free"
SERVED = "who dials again is served"
RINGS = "phones are rung again"
HEALED = "commands for all calls, after healing"
_CUT_FOR = 4.0

ROWS = (
    Row(
        "controller-killed",
        "A controller that leads is killed, 0 to 400 ms after a command",
        (Promise(COMMANDS, 2),),
        60,
    ),
    Row(
        "controller-frozen", "A controller that leads is frozen, and woken when another leads", (Promise(COMMANDS, 5),)
    ),
    Row("redis-killed", "Redis' primary is killed", (Promise(AT_ONCE, 1), Promise(WRITTEN, 10))),
    Row("redis-frozen", "Redis' primary is frozen", (Promise(AT_ONCE, 1), Promise(WRITTEN, 10))),
    Row("redis-cut", "Redis' primary is cut off from its replicas", (Promise(AT_ONCE, 1), Promise(WRITTEN, 10))),
    Row("redis-gone", "Every Redis is killed, and started again", (Promise(AT_ONCE, 1), Promise(RETURNED))),
    Row("redis-empty", "Redis is emptied", (Promise(AT_ONCE, 1), Promise(WRITTEN))),
    Row("asterisk-killed", "An Asterisk with one call is killed", (Promise(FREE, 5), Promise(SERVED))),
    Row("edge-restarted", "The edge is killed, and started again", (Promise(RINGS, 30), Promise(COMMANDS))),
    Row("network-cut", f"The network between two parts is cut for {_CUT_FOR:g} s, and healed", (Promise(HEALED, 5),)),
)


@dataclass
class Play:
    """One round. `took` and `wrong` are written as they are found; `begun` is when the part was taken away."""

    scene: Scene
    moment: Moment
    what: str = ""
    took: dict[str, float | None] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    begun: float = 0.0

    @property
    def cluster(self) -> Cluster:
        return self.scene.cluster

    def begins(self, what: str) -> float:
        """Now."""
        self.what = what
        self.begun = time.monotonic()
        return self.begun

    @asynccontextmanager
    async def nobody_hears_it(self, talks: Iterable[Talk]) -> AsyncIterator[dict[str, float]]:
        """What these hear from the begin of the block to its end; nothing but whom they talk to."""
        talks, since = list(talks), time.monotonic()
        silences: dict[str, float] = {}
        yield silences
        end = time.monotonic()
        silences |= self.scene.people.silences(talks, since, end)
        self.wrong += self.scene.people.strangers(talks, since, end)


async def play(row: Row, scene: Scene, moment: Moment) -> tuple[Round, dict[str, str]]:
    """One round of a row, and what is left of it then. Whatever does not come at all is wrong, not raised.

    Where something is wrong, with the stories of the calls that were up.
    """
    played = Play(scene, moment)
    silences: dict[str, float] = {}
    try:
        async with played.nobody_hears_it(scene.witnesses) as silences:
            await PLAYED[row.name](played)
            await until_whole(scene.cluster)
    except AssertionError as complaint:
        played.wrong.append(" ".join(str(complaint).splitlines()[:6]))
    calls = await scene.people.calls()
    await scene.goes_home(scene.caller, scene.other)
    with suppress(AssertionError):
        await scene.people.until_ready(scene.agent, scene.spare)
    left = await scene.what_is_wrong([*scene.controls, *scene.witnesses])
    found = Round(played.what, played.took, silences, (*played.wrong, *left))
    return found, await scene.people.stories(calls) if found.wrong else {}


# -- controllers ------------------------------------------------------------------------------------------------------


async def _controller_killed(played: Play) -> None:
    """In the middle of what somebody does; in the end it has been done, once, and as it was answered."""
    scene, moment = played.scene, played.moment
    talk = await scene.people.talk(scene.caller, scene.agent)
    stage = Stage(scene.people, talk, scene.spare, scene.other)
    name = choose(await scene.leaders(), moment.lot)
    part = played.cluster.controller(name)
    requested = time.monotonic()
    doing = asyncio.ensure_future(VERBS[moment.verb][0](stage))
    await asyncio.sleep(moment.after)
    begun = played.begins("")
    await part.kill()
    played.what = f"{name} killed {(begun - requested) * 1000:.0f} ms after {moment.verb}"
    try:
        played.took[COMMANDS] = await scene.until_commanded(begun)
        if wrong := await what_became_of(moment.verb, await doing, stage):
            played.wrong.append(wrong)
    finally:
        doing.cancel()
        await part.start()


async def _controller_frozen(played: Play) -> None:
    """The woken one has time to do harm: until the cluster is whole, and commands go on."""
    scene = played.scene
    name = choose(await scene.leaders(), played.moment.lot)
    part = played.cluster.controller(name)
    begun = played.begins(f"{name} frozen")
    await part.freeze()
    try:
        played.took[COMMANDS] = await scene.until_commanded(begun)
    finally:
        await part.thaw()
    await until_whole(scene.cluster)
    await scene.until_commanded(time.monotonic())


# -- Redis ------------------------------------------------------------------------------------------------------------


async def _redis_killed(played: Play) -> None:
    name = await played.cluster.primary()
    part = played.cluster.node(name)
    await _without_primary(played, f"{name} killed", part.kill, part.start)


async def _redis_frozen(played: Play) -> None:
    name = await played.cluster.primary()
    part = played.cluster.node(name)
    await _without_primary(played, f"{name} frozen", part.freeze, part.thaw)


async def _without_primary(
    played: Play, what: str, take: Callable[[], Awaitable[None]], give: Callable[[], Awaitable[None]]
) -> None:
    played.begins(what)
    begun = await taken_away(played.scene.people, take)
    try:
        await _measured_without(played, begun)
    finally:
        await give()


async def _measured_without(played: Play, begun: float) -> None:
    """Commands that need no Redis, and what needs it, at the same time."""
    played.took[AT_ONCE], played.took[WRITTEN] = await asyncio.gather(
        played.scene.until_commanded(begun), played.scene.until_written(begun)
    )


async def _redis_cut(played: Play) -> None:
    name = await played.cluster.primary()
    async with cuts.made(played.cluster, cuts.between_nodes("", played.cluster, name)):
        # from when packets are dropped: the container that has it done takes its time to start
        await _measured_without(played, played.begins(f"{name} cut off"))


async def _redis_gone(played: Play) -> None:
    """Hold and retrieve go on, and an instant transfer of whom nobody has to be reserved for."""
    scene, parts = played.scene, [played.cluster.node(name) for name in NODES]
    talk = await scene.people.talk(scene.caller, scene.agent)
    stage = Stage(scene.people, talk, scene.spare, scene.other)
    begun = played.begins("every Redis killed")
    await asyncio.gather(*(part.kill() for part in parts))
    try:
        played.took[AT_ONCE] = await scene.until_commanded(begun)
        if wrong := await what_became_of(OUTSIDE, await VERBS[OUTSIDE][0](stage), stage):
            played.wrong.append(wrong)
    finally:
        returned = time.monotonic()
        await asyncio.gather(*(part.start() for part in parts))
    scene.caller.hangup()
    played.took[RETURNED] = await scene.until_written(returned)


async def _redis_empty(played: Play) -> None:
    """Who is logged in is forgotten too: desktops log in again as they are refused."""
    async with primary(played.scene.people) as redis:
        begun = played.begins("Redis emptied")
        await redis.flushall()
    await _measured_without(played, begun)


# -- Asterisk, the edge, the network ----------------------------------------------------------------------------------


async def _asterisk_killed(played: Play) -> None:
    """The calls of all others are at the first one, and nobody hears anything there."""
    scene, cluster = played.scene, played.cluster
    await cluster.drain("asterisk-a")
    try:
        await scene.people.talk(scene.caller, scene.agent)
    finally:
        await cluster.resume("asterisk-a")
    begun = played.begins("asterisk-b killed")
    await cluster.asterisk("asterisk-b").kill()
    try:
        scene.caller.lose_calls()  # nobody is there who would notify them
        scene.lab[scene.agent].lose_calls()
        await scene.people.until_ready(scene.agent)
        played.took[FREE] = time.monotonic() - begun
        await scene.people.admin.request("PUT", f"/v1/agents/{scene.agent}/state", {"state": "not_ready"})
        dialled = time.monotonic()
        played.took[SERVED] = await scene.until_served(scene.other, QUEUE, dialled)
    finally:
        await scene.people.admin.until_done("PUT", f"/v1/agents/{scene.agent}/state", {"state": "ready"})
        await cluster.asterisk("asterisk-b").start()


async def _edge_restarted(played: Play) -> None:
    scene = played.scene
    begun = played.begins("the edge killed, and started again")
    await played.cluster.edge.die_and_come_back()
    await scene.people.admin.request("PUT", f"/v1/agents/{scene.agent}/state", {"state": "not_ready"})
    played.took[COMMANDS], played.took[RINGS] = await asyncio.gather(
        scene.until_commanded(begun), scene.until_served(scene.caller, QUEUE, begun)
    )
    await scene.people.admin.until_done("PUT", f"/v1/agents/{scene.agent}/state", {"state": "ready"})


async def _network_cut(played: Play) -> None:
    scene = played.scene
    cut = choose(await cuts.cuts(played.cluster), played.moment.lot)
    played.begins(f"{cut.name} cut off")
    async with cuts.made(played.cluster, cut):
        await asyncio.sleep(_CUT_FOR)
    healed = time.monotonic()
    played.took[HEALED] = await scene.until_commanded(healed)


PLAYED: dict[str, Callable[[Play], Awaitable[None]]] = {
    "controller-killed": _controller_killed,
    "controller-frozen": _controller_frozen,
    "redis-killed": _redis_killed,
    "redis-frozen": _redis_frozen,
    "redis-cut": _redis_cut,
    "redis-gone": _redis_gone,
    "redis-empty": _redis_empty,
    "asterisk-killed": _asterisk_killed,
    "edge-restarted": _edge_restarted,
    "network-cut": _network_cut,
}
