"""Any interleaving of state changes, reservations, crashes and expiries by eight workers, on Redis and in memory.

They are leaders of two Asterisks, each of which knows its own calls alone: whom a call of either has is never free.

After every step: no agent has two requests, what was derived equals what the records say, and Redis and the
one in memory show the same. CC_REDIS_URL names the Redis.
"""

import asyncio
import os
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ari_app.availability.port import AgentRecord, AgentState, Availability, OthersFirst, Waiting
from ari_app.availability.redis import RedisAvailability
from ari_app.errors import Refused
from ari_app.routing.directory import Agent, Directory, Group, Queue, Skill
from ari_app.routing.targets import Target, TargetType, parse_target
from ari_app.store.client import connect, disconnect
from ari_app.store.leases import Fence
from ari_app.testing.availability import MemoryAvailability

WORKERS = 8
ASTERISKS = ("asterisk-a", "asterisk-b")
STRENGTH = ("ringing", "on_call")
AGENTS = ("a", "b", "c", "d", "e")
TARGETS = tuple(
    parse_target(text)
    for text in (
        *(f"agent:{agent}" for agent in AGENTS),
        *(
            "group:x",
            "group:y",
            "group:o",
            "queue:q",
            "skill:s",
            "skill:s>=2",
            "skill:s>=3",
            "skill:t>=5",
            "group:none",
        ),
    )
)


# Of the group `o`: who of its members is reserved before whom.
ORDERS = (("d", "b"), ("c", "a", "b"), ())


def directory(variant: int) -> Directory:
    """Three call centres of which two agents belong to the same."""
    listed = {
        "a": Agent("a", "A", "1", groups=("x", "o"), skills={"s": 1}),
        "b": Agent("b", "B", "2", groups=("x", "y", "o"), skills={"s": 3, "t": 5}),
        "c": Agent("c", "C", "3", groups=("y", "o"), skills={"s": 3}),
        "d": Agent("d", "D", "4", groups=("x", "o"), skills={"t": 9}),
        "e": Agent("e", "E", "5", groups=("x", "y"), skills={"s": 2}),
    }
    if variant == 1:
        listed["a"] = Agent("a", "A", "1", groups=("y", "o"), skills={"s": 2})
        del listed["d"]
    if variant == 2:
        listed["b"] = Agent("b", "B", None, groups=("x", "y", "o"), skills={"s": 3})
        listed["c"] = Agent("c", "C", "3")
    groups = {name: Group(name, name) for name in ("x", "y", "none")}
    return Directory(
        agents=listed,
        groups={**groups, "o": Group("o", "o", ring="in_order", order=ORDERS[variant])},
        queues={"q": Queue("q", "Q", groups=("x", "y", "o"))},
        skills={name: Skill(name, name) for name in ("s", "t")},
    )


def _make_ready(agent: str, availability: Availability) -> Coroutine[Any, Any, AgentRecord]:
    return availability.set_state(agent, "ready")


def _count(target: Target, availability: Availability) -> Coroutine[Any, Any, int]:
    return availability.available(target)


class Workers(RuleBasedStateMachine):
    """Eight workers over one Redis, and one in memory given the same."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = 1_700_000_000.0
        self.prefix = f"test-{uuid.uuid4().hex}"
        url = os.environ.get("CC_REDIS_URL")
        if url is None:
            pytest.fail("this test needs a Redis: set CC_REDIS_URL, such as redis://:password@127.0.0.1:6379/0")
        self.clients = [connect(url, connections=2) for _ in range(WORKERS)]
        self.asterisks = [ASTERISKS[n % len(ASTERISKS)] for n in range(WORKERS)]
        self.runner.run(self.give_leases())
        self.workers = [
            RedisAvailability(client, self.prefix, lambda: self.now, Fence(asterisk, 1, "worker"))
            for client, asterisk in zip(self.clients, self.asterisks, strict=True)
        ]
        self.memory = MemoryAvailability(lambda: self.now)
        self.requests = 0
        self.variant = 0
        self.made: list[tuple[str, Target]] = []
        # what the workers believe to hold: request -> (agent, until), None once it was taken further
        self.held: dict[str, tuple[str, float | None]] = {}
        # what calls of each Asterisk make of an agent
        self.calls: dict[str, dict[str, str]] = {}
        self.configure(0, 0)

    async def give_leases(self) -> None:
        for asterisk in ASTERISKS:
            await self.clients[0].set(f"{{{self.prefix}}}:fence:{asterisk}", "1 worker")
            await self.clients[0].set(f"{{{self.prefix}}}:lease:{asterisk}", "worker address")

    def teardown(self) -> None:
        async def clean() -> None:
            keys = [key async for key in self.clients[0].scan_iter(match=f"{{{self.prefix}}}*", count=1000)]
            if keys:
                await self.clients[0].delete(*keys)
            for client in self.clients:
                await disconnect(client)

        self.runner.run(clean())
        self.runner.close()

    def both(self, worker: int, use: Callable[[Availability], Coroutine[Any, Any, Any]]) -> Any:
        """Do the same to both and expect the same."""

        async def outcome(availability: Availability) -> Any:
            try:
                return await use(availability)
            except Refused as refused:
                return refused.code
            except OthersFirst as others:
                return f"others': {others.agent}"

        async def run() -> Any:
            here = await outcome(self.memory.led(self.asterisks[worker]))
            there = await outcome(self.workers[worker])
            assert there == here
            return there

        return self.runner.run(run())

    def forget(self, agent: str) -> None:
        """Nobody holds this agent any more."""
        self.held = {request: held for request, held in self.held.items() if held[0] != agent}

    def forget_released(self) -> None:
        """Who is held by another request, or by none, after a call has let go."""
        agents = self.memory.kept.agents
        self.held = {r: held for r, held in self.held.items() if held[0] in agents and agents[held[0]].request == r}

    def note(self, worker: int, agent: str, activity: str | None) -> None:
        """What calls of this worker's Asterisk make of an agent who is listed."""
        if agent not in directory(self.variant).agents:
            return
        of = self.calls.setdefault(agent, {})
        of.pop(self.asterisks[worker], None)
        if activity in STRENGTH:
            of[self.asterisks[worker]] = activity

    def strongest(self, agent: str) -> str | None:
        """What is to be shown of an agent whom calls have."""
        return max(self.calls.get(agent, {}).values(), key=STRENGTH.index, default=None)

    def settle(self) -> None:
        """What has run out is nobody's."""
        self.held = {
            request: (agent, until)
            for request, (agent, until) in self.held.items()
            if until is None or until > self.now
        }

    @rule(worker=st.integers(0, WORKERS - 1), variant=st.integers(0, 2))
    def configure(self, worker: int, variant: int) -> None:
        listed = directory(variant)
        self.variant = variant
        self.both(worker, lambda a: a.configure(listed))
        for agent in set(AGENTS) - listed.agents.keys():
            self.forget(agent)
            self.calls.pop(agent, None)

    @rule(
        worker=st.integers(0, WORKERS - 1),
        agent=st.sampled_from(AGENTS),
        state=st.sampled_from(("ready", "ready", "ready", "not_ready", "logged_out")),
        reason=st.sampled_from((None, "lunch", "break")),
    )
    def choose(self, worker: int, agent: str, state: str, reason: str | None) -> None:
        self.both(worker, lambda a: a.set_state(agent, state, reason))

    @rule(
        worker=st.integers(0, WORKERS - 1),
        wanted=st.sampled_from(TARGETS),
        exclude=st.frozensets(st.sampled_from(AGENTS), max_size=1),
        call=st.sampled_from(("c1", "c2", "c3")),
        priority=st.integers(0, 2),
        since=st.integers(0, 3),
    )
    def a_caller_waits(
        self, worker: int, wanted: Target, exclude: frozenset[str], call: str, priority: int, since: int
    ) -> None:
        """They leave to others, who came first, whom these are to get."""
        self.requests += 1
        request = f"r{self.requests}"
        self.made.append((request, wanted))
        waiting = Waiting(f"{self.asterisks[worker]} {call}", (-priority, 1_700_000_000.0 + since))
        agent = self.both(worker, lambda a: a.reserve(request, wanted, exclude, 5, waiting))
        self.got(request, wanted, agent if agent is None or not agent.startswith("others'") else None, 5)

    @rule(worker=st.integers(0, WORKERS - 1), call=st.sampled_from(("c1", "c2", "c3")))
    def a_caller_waits_no_more(self, worker: int, call: str) -> None:
        self.both(worker, lambda a: a.left(f"{self.asterisks[worker]} {call}"))

    @rule(worker=st.integers(0, WORKERS - 1), wanted=st.sampled_from(TARGETS), since=st.integers(0, 3))
    def who_waits_is_reported_anew(self, worker: int, wanted: Target, since: int) -> None:
        waiting = Waiting(f"{self.asterisks[worker]} c1", (0, 1_700_000_000.0 + since))
        self.both(worker, lambda a: a.waiting([(waiting, wanted)]))

    @rule()
    def everybody_is_ready(self) -> None:
        for n, agent in enumerate(AGENTS):
            self.both(n, partial(_make_ready, agent))

    @rule(
        worker=st.integers(0, WORKERS - 1),
        wanted=st.sampled_from(TARGETS),
        exclude=st.frozensets(st.sampled_from(AGENTS), max_size=2),
        seconds=st.sampled_from((0.001, 1, 5, 15)),
    )
    def reserve(self, worker: int, wanted: Target, exclude: frozenset[str], seconds: float) -> None:
        self.requests += 1
        request = f"r{self.requests}"
        self.made.append((request, wanted))
        first = self.first_in_order(exclude) if str(wanted) == "group:o" else None
        agent = self.both(worker, lambda a: a.reserve(request, wanted, exclude, seconds))
        self.got(request, wanted, agent, seconds)
        if agent is not None:
            assert agent not in exclude
        if str(wanted) == "group:o":
            assert agent == first

    def first_in_order(self, exclude: frozenset[str]) -> str | None:
        """Who of the group `o` can be had now and comes first in its order."""
        self.both(0, lambda a: a.expire())
        listed = directory(self.variant).agents
        order = dict.fromkeys((*ORDERS[self.variant], *listed))
        free = {record.agent for record in self.both(0, lambda a: a.agents()) if record.available}
        return next((a for a in order if a in free - exclude and "o" in listed[a].groups), None)

    @precondition(lambda self: self.made)
    @rule(worker=st.integers(0, WORKERS - 1), data=st.data(), seconds=st.sampled_from((1, 15)))
    def reserve_again(self, worker: int, data: st.DataObject, seconds: float) -> None:
        request, target = data.draw(st.sampled_from(self.made))
        self.settle()
        agent = self.both(worker, lambda a: a.reserve(request, target, frozenset(), seconds))
        if request in self.held:
            assert agent == self.held[request][0]
        else:
            self.got(request, target, agent, seconds)

    @rule(worker=st.integers(0, WORKERS - 1), agent=st.sampled_from(AGENTS))
    def an_agent_is_about_to_call(self, worker: int, agent: str) -> None:
        self.requests += 1
        request, target = f"r{self.requests}", Target(TargetType.AGENT, agent)
        self.made.append((request, target))
        self.both(worker, lambda a: a.claim(request, agent, 5))
        self.got(request, target, self.memory.kept.requests.get(request), 5)

    @precondition(lambda self: self.made)
    @rule(worker=st.integers(0, WORKERS - 1), data=st.data())
    def a_call_is_not_made(self, worker: int, data: st.DataObject) -> None:
        request, target = data.draw(st.sampled_from(self.made))
        self.both(worker, lambda a: a.claim(request, target.id, 0))
        self.forget_released()

    def got(self, request: str, target: Target, agent: str | None, seconds: float) -> None:
        self.settle()
        if agent is None:
            return
        assert agent not in {held for held, _ in self.held.values()}, "reserved twice"
        assert self.strongest(agent) is None, "reserved while a call has them"
        assert target.type is not TargetType.AGENT or agent == target.id
        self.held[request] = (agent, round(self.now + seconds, 3))

    @rule(wanted=st.sampled_from(TARGETS), seconds=st.sampled_from((1, 15)))
    def all_workers_reserve_at_once(self, wanted: Target, seconds: float) -> None:
        names = [f"r{self.requests + n}" for n in range(1, WORKERS + 1)]
        self.requests += WORKERS

        async def run() -> list[str | None]:
            tries = (w.reserve(n, wanted, frozenset(), seconds) for w, n in zip(self.workers, names, strict=True))
            return await asyncio.gather(*tries)

        got = dict(zip(names, self.runner.run(run()), strict=True))
        # who came first is not ours to say, but each must have got what was best then: the one in memory finds out
        waiting = dict(got)
        while waiting:
            probe = next(iter(waiting))
            best = self.runner.run(self.memory.reserve(probe, wanted, frozenset(), seconds))
            right = next((name for name, had in waiting.items() if had == best), None)
            assert right is not None, f"{best} was the best, and nobody got them"
            self.rename(probe, right)
            del waiting[right]
            self.got(right, wanted, best, seconds)

    def rename(self, wrong: str, right: str) -> None:
        """In memory, give the reservation to the request, and the worker's Asterisk, that had it in Redis."""
        if wrong not in self.memory.kept.requests:
            return
        agent = self.memory.kept.agents[self.memory.kept.requests.pop(wrong)]
        agent.request = agent.was_request = right
        agent.at = self.asterisks[int(right[1:]) - (self.requests - WORKERS) - 1]
        self.memory.kept.requests[right] = agent.id

    @rule(
        worker=st.integers(0, WORKERS - 1),
        agent=st.sampled_from(AGENTS),
        activity=st.sampled_from(("reserved", "ringing", "on_call")),
        call=st.sampled_from((None, "c1", "c2")),
    )
    def calls_take_them(self, worker: int, agent: str, activity: str, call: str | None) -> None:
        self.settle()
        self.both(worker, lambda a: a.set_activity(agent, activity, call))
        self.note(worker, agent, activity)
        for request, (holder, _) in tuple(self.held.items()):
            if holder == agent and activity != "reserved":
                self.held[request] = (agent, None)

    @rule(worker=st.integers(0, WORKERS - 1), agent=st.sampled_from(AGENTS), wrap_up=st.sampled_from((0.0, 2.0, 10.0)))
    def calls_release_them(self, worker: int, agent: str, wrap_up: float) -> None:
        self.settle()
        self.both(worker, lambda a: a.set_activity(agent, None, wrap_up=wrap_up))
        self.note(worker, agent, None)
        self.forget_released()

    @precondition(lambda self: self.made)
    @rule(
        worker=st.integers(0, WORKERS - 1),
        data=st.data(),
        agent=st.sampled_from(AGENTS),
        activity=st.sampled_from(("ringing", "on_call", None)),
    )
    def a_request_goes_on(self, worker: int, data: st.DataObject, agent: str, activity: str | None) -> None:
        """Of a controller that may be late: it must not touch what is another's."""
        request, _ = data.draw(st.sampled_from(self.made))
        self.settle()
        holders = {held: holding for holding, (held, _) in self.held.items()}
        done = self.both(worker, lambda a: a.set_activity(agent, activity, request=request))
        if done:
            self.note(worker, agent, activity)
        if holders.get(agent, request) != request:
            assert not done
        elif done and activity is not None:
            self.held[request] = (agent, None)
        self.forget_released()

    @rule(
        worker=st.integers(0, WORKERS - 1),
        busy=st.dictionaries(st.sampled_from(AGENTS), st.sampled_from((("ringing", "c1"), ("on_call", "c2")))),
        all_awaited=st.booleans(),
    )
    def calls_are_reconciled(self, worker: int, busy: dict[str, tuple[str, str | None]], all_awaited: bool) -> None:
        """Whoever no call has is free, but for those whose reservation is waited for."""
        self.settle()
        awaited = frozenset(self.held) if all_awaited else frozenset()
        self.both(worker, lambda a: a.reconcile(busy, awaited))
        for agent in AGENTS:
            self.note(worker, agent, busy[agent][0] if agent in busy else None)
        waited_for = {self.held[request][0] for request in awaited}
        for request, (agent, _) in tuple(self.held.items()):
            if agent in busy:
                self.held[request] = (agent, None)
        for record in self.both(worker, lambda a: a.agents()):
            if (strongest := self.strongest(record.agent)) is not None:
                assert record.state == strongest
                if self.calls[record.agent] == {self.asterisks[worker]: strongest}:
                    assert record.call == busy[record.agent][1]
            elif record.state is AgentState.RESERVED:
                at = self.memory.kept.agents[record.agent].at
                assert record.agent in waited_for or at != self.asterisks[worker]
            else:
                assert record.state not in (AgentState.RINGING, AgentState.ON_CALL)
        self.forget_released()

    @rule(worker=st.integers(0, WORKERS - 1), agent=st.sampled_from(AGENTS), limit=st.integers(0, 2))
    def they_let_it_ring(self, worker: int, agent: str, limit: int) -> None:
        self.both(worker, lambda a: a.count_missed(agent, limit, "no_answer"))

    @rule(
        worker=st.integers(0, WORKERS - 1),
        agent=st.sampled_from(AGENTS),
        reachable=st.sampled_from((True, True, False, None)),
        in_use=st.booleans(),
    )
    def their_phone_comes_or_goes(self, worker: int, agent: str, reachable: bool | None, in_use: bool) -> None:
        self.both(worker, lambda a: a.set_reachable(agent, reachable, in_use))
        if reachable is False and agent in directory(self.variant).agents:
            assert not self.both(0, lambda a: a.agent(agent)).available

    @rule(seconds=st.sampled_from((0.001, 0.999, 2, 5, 30)))
    def time_passes(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 3)

    @rule(worker=st.integers(0, WORKERS - 1))
    def expire(self, worker: int) -> None:
        self.both(worker, lambda a: a.expire())

    @invariant()
    def redis_and_memory_agree(self) -> None:
        self.both(0, lambda a: a.agents())
        for target in TARGETS:
            self.both(0, partial(_count, target))

    @invariant()
    def nothing_has_drifted(self) -> None:
        assert self.both(0, lambda a: a.recompute()) == ()

    @invariant()
    def who_is_held_is_shown_as_held(self) -> None:
        self.settle()
        records = {record.agent: record for record in self.runner.run(self.memory.agents())}
        free = {AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT, AgentState.WRAP_UP}
        for agent, _ in self.held.values():
            assert records[agent].state not in free

    @invariant()
    def whom_a_call_of_any_asterisk_has_is_shown_so(self) -> None:
        for record in self.runner.run(self.memory.agents()):
            if (strongest := self.strongest(record.agent)) is not None:
                assert record.state == strongest

    @invariant()
    def counts_are_what_the_records_say(self) -> None:
        snapshot = self.both(0, lambda a: a.snapshot())
        free = {record.agent for record in snapshot.records if record.available}
        for target in TARGETS:
            listed = self.memory.kept.configured.members
            name = f"{target.type}:{target.id}"
            members = {
                agent
                for agent, member in listed.items()
                if (target.type is TargetType.AGENT and agent == target.id)
                or any(
                    of.partition("=")[0] == name and int(of.partition("=")[2] or 999) >= target.level
                    for of in member.sets
                )
            }
            assert self.both(0, partial(_count, target)) == len(free & members)


Workers.TestCase.settings = settings(
    max_examples=int(os.environ.get("CC_PROPERTY_EXAMPLES", "40")),
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow],
)

TestWorkers = Workers.TestCase
