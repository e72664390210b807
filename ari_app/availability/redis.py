"""Availability in Redis: each change is one Lua script, so that nobody ever sees half of one.

Keys, all with the one hash tag `{<prefix>}`, so that a cluster keeps them together and a script may touch them all:

    {p}:agent:<id>      hash     the agent's own record: everything else here follows from these
    {p}:agents          set      all agents
    {p}:targets         set      targets that are sets of agents; a skill without a level
    {p}:levels          hash     skill -> its levels in use, highest first
    {p}:free:<set>      zset     available agents by idle-since: group:support, queue:all, skill:french=5 (just that);
                                 those of a group that rings in order by their places in it
    {p}:due             zset     agents in reservation or wrap-up, by when it runs out
    {p}:requests        hash     reservation request -> agent
    {p}:config          hash     digest of what is configured, token of who configures
    {p}:waiting         set      Asterisks with callers who wait; {p}:waiting:<asterisk>, a set, has what they wait for,
                                 {p}:waiting:<asterisk>:<target>, a zset, the callers by their places
    {p}:turn:agents:<asterisk>  string  whoever leads it, and how many of their writes were not answered
    {p}:seq             string   number of the last change
    {p}:changes         channel  what changed (wire.py)
"""

import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from itertools import batched, chain
from typing import Any, assert_never

from redis.asyncio import Redis

from ari_app.availability import lua
from ari_app.availability.feed import feed
from ari_app.availability.memberships import level_of, memberships, sets_of
from ari_app.availability.port import (
    AgentRecord,
    AgentState,
    Change,
    CountChanged,
    Expired,
    OthersFirst,
    Snapshot,
    Waiting,
)
from ari_app.availability.rules import (
    SETTLE,
    check_activity,
    check_choice,
    chosen_before,
    emptied,
    kept_reason,
    kind_of,
    milliseconds,
    no_wrap_up,
    place_of,
    unknown_agent,
)
from ari_app.availability.together import Together, Words
from ari_app.availability.wire import read_counts, read_record, read_records
from ari_app.errors import Refused, StoreUnavailable
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType
from ari_app.store.client import ERRORS
from ari_app.store.leases import Fence
from ari_app.store.scripts import Scripts, sources

# How many agents or sets one script looks at, so that none takes more than a few milliseconds.
PAGE = 200
_NAMES = (
    "claim",
    "configure",
    "count_missed",
    "counts",
    "expire",
    "extend",
    "read",
    "recompute",
    "reconcile",
    "reserve",
    "set_activity",
    "set_reachable",
    "set_state",
    "wait",
)
SCRIPTS = sources(lua, _NAMES, "common")


class RedisAvailability:
    """See `port.Availability`. Any number of these, in any number of controllers, may share one prefix; one with a
    `fence` does nothing once its lease is another's."""

    def __init__(
        self, client: Redis, prefix: str, clock: Callable[[], float] = time.time, fence: Fence | None = None
    ) -> None:
        self._client = client
        self._clock = clock
        self._scripts = Scripts(client, prefix, SCRIPTS, fence, "agents")
        self._tag = self._scripts.tag
        self._reservations = Together(self._reserve_all)

    async def configure(self, directory: Directory, known: Mapping[str, AgentRecord] | None = None) -> None:
        wanted = memberships(directory)
        digest, token = wanted.digest(), uuid.uuid4().hex
        levels = [text for name, used in wanted.targets.items() for text in (name, " ".join(map(str, used)))]
        if not await self._run("configure", token, "begin", digest, *levels):
            return
        for page in batched(wanted.members.items(), PAGE, strict=False):
            reported = [
                text
                for agent, m in page
                for text in (agent, "1" if m.phone else "0", m.text(), *chosen_before((known or {}).get(agent)))
            ]
            await self._run("configure", token, "agents", *reported)
        removed = await self._members("agents") - wanted.members.keys()
        for names in batched(sorted(removed), PAGE, strict=False):
            await self._run("configure", token, "remove", *names)
        await self._run("configure", token, "finish", digest)

    async def configured(self) -> bool:
        with ERRORS:
            return bool(await self._client.hexists(f"{self._tag}:config", "digest"))

    async def set_state(self, agent: str, state: str, reason: str | None = None) -> AgentRecord:
        choice = check_choice(state)
        answer = await self._run("set_state", agent, choice, kept_reason(choice, reason))
        if answer is None:
            raise await self._missing(agent)
        return read_record(answer)

    async def _missing(self, agent: str) -> Refused | StoreUnavailable:
        """Why there is no record: nobody has one where Redis has lost what it kept, until it is written again."""
        return unknown_agent(agent) if await self.configured() else emptied()

    async def extend(self, agent: str, seconds: float, most: float) -> AgentRecord:
        answer = await self._run("extend", agent, milliseconds(seconds), self._due(most))
        if answer is None:
            raise await self._missing(agent)
        record = read_record(answer)
        if record.state is not AgentState.WRAP_UP:
            raise no_wrap_up()
        return record

    async def set_activity(
        self,
        agent: str,
        activity: str | None,
        call: str | None = None,
        wrap_up: float = 0.0,
        request: str | None = None,
    ) -> bool:
        wanted = check_activity(activity) or ""
        due = self._due(wrap_up) if wrap_up > 0 else "0"
        return bool(await self._run("set_activity", agent, wanted, call or "", due, request or ""))

    async def reconcile(self, busy: Mapping[str, tuple[str, str | None]], awaited: Collection[str] = ()) -> None:
        reported = {agent: (check_activity(activity) or "", call or "") for agent, (activity, call) in busy.items()}
        requests = " ".join(sorted(awaited))
        for page in batched(sorted(await self._members("agents")), PAGE, strict=False):
            await self._run("reconcile", requests, *(text for a in page for text in (a, *reported.get(a, ("", "")))))

    async def set_reachable(self, agent: str, reachable: bool | None, in_use: bool = False) -> None:
        known = "1" if reachable else "in_use" if in_use else "0"
        await self._run("set_reachable", agent, "unknown" if reachable is None else known)

    async def reserve(
        self,
        request: str,
        target: Target,
        exclude: frozenset[str],
        seconds: float,
        waiting: Waiting | None = None,
    ) -> str | None:
        if not target.type.of_agents:
            return None
        caller = ("", "") if waiting is None else (waiting.call, place_of(waiting))
        agents = sorted(exclude)
        answer = await self._reservations.do(
            (request, kind_of(target), target.level, self._due(seconds), *caller, len(agents), *agents)
        )
        agent = None if answer is None else answer.decode()
        if agent is not None and agent.startswith(">"):
            raise OthersFirst(agent[1:])
        return agent

    async def _reserve_all(self, several: Sequence[Words]) -> list[bytes | None]:
        answers: list[bytes | None] = await self._run("reserve", *chain.from_iterable(several))
        return answers

    async def claim(self, request: str, agent: str, seconds: float) -> bool:
        due = self._due(seconds) if seconds > 0 else "0"
        return bool(await self._run("claim", agent, request, due))

    async def left(self, call: str) -> None:
        await self._run("wait", "leave", call)

    async def waiting(self, callers: Collection[tuple[Waiting, Target]]) -> None:
        await self._run("wait", "all", *(text for w, t in callers for text in (w.call, kind_of(t), place_of(w))))

    async def count_missed(self, agent: str, limit: int, reason: str) -> None:
        await self._run("count_missed", agent, limit, reason)

    async def agent(self, agent: str) -> AgentRecord:
        records = await self._read([agent])
        if not records:
            raise await self._missing(agent)
        return records[0]

    async def agents(self) -> tuple[AgentRecord, ...]:
        return tuple(await self._read(sorted(await self._members("agents"))))

    async def available(self, target: Target) -> int:
        match target.type:
            case TargetType.AGENT:
                with ERRORS:
                    return int(await self._client.hget(f"{self._tag}:agent:{target.id}", "free") or 0)
            case TargetType.GROUP | TargetType.QUEUE:
                with ERRORS:
                    return int(await self._client.zcard(f"{self._tag}:free:{target}"))
            case TargetType.SKILL:
                counts = await self._counts([f"{target.type}:{target.id}"])
                return sum(count.available for count in counts if level_of(count.target) >= target.level)
            case TargetType.ROUTING_POINT | TargetType.NUMBER | TargetType.VOICEMAIL:
                return 0
            case _:
                assert_never(target.type)

    async def snapshot(self) -> Snapshot:
        counts: list[CountChanged] = []
        for names in batched(sorted(await self._members("targets")), PAGE, strict=False):
            counts += await self._counts(names)
        return Snapshot(await self.agents(), tuple(counts))

    async def expire(self) -> Expired:
        total = 0
        while True:
            ended, following = await self._run("expire")
            total += int(ended)
            if int(ended) < SETTLE:
                return Expired(total, float(following) / 1000 if following else None)

    async def recompute(self) -> tuple[str, ...]:
        found: list[str] = []
        found += await self._recompute("agents", sorted(await self._members("agents")))
        found += await self._recompute("sets", await self._sets())
        found += [line.decode() for line in await self._run("recompute", "rest")]
        return tuple(found)

    def changes(self) -> AsyncIterator[Change]:
        return feed(self._client, f"{self._tag}:changes")

    async def _run(self, script: str, *args: str | int) -> Any:
        with ERRORS:
            return await self._scripts.run(script, milliseconds(self._clock()), *args)

    async def _members(self, key: str) -> set[str]:
        with ERRORS:
            members: set[Any] = await self._client.smembers(f"{self._tag}:{key}")
        return {member.decode() for member in members}

    def _due(self, seconds: float) -> str:
        """When something runs out that begins now."""
        return str(milliseconds(self._clock()) + max(1, milliseconds(seconds)))

    async def _counts(self, targets: Sequence[str]) -> list[CountChanged]:
        as_of = milliseconds(self._clock()) / 1000
        return read_counts(await self._run("counts", *targets), as_of)

    async def _sets(self) -> list[str]:
        targets = sorted(await self._members("targets"))
        with ERRORS:
            levels: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:levels")
        return [name for t in targets for name in sets_of(t, map(int, levels.get(t.encode(), b"").split()))]

    async def _read(self, agents: Sequence[str]) -> list[AgentRecord]:
        records: list[AgentRecord] = []
        for page in batched(agents, PAGE, strict=False):
            records += read_records(await self._run("read", *page))
        return records

    async def _recompute(self, step: str, names: Iterable[str]) -> list[str]:
        found: list[str] = []
        for page in batched(names, PAGE, strict=False):
            found += [line.decode() for line in await self._run("recompute", step, *page)]
        return found
