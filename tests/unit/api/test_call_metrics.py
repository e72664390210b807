"""What Prometheus fetches of calls, of those who wait, and of agents."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.api.call_metrics import MOST_TARGETS
from ari_app.calls.model import Call, CallBack, EndReason, Identity, Offer, OfferKind, OfferState
from ari_app.routing.directory import Group
from ari_app.routing.targets import Target, TargetType
from tests.unit.api.fakes import DEMO, NOW, FakeRecord, World, call, party
from tests.unit.api.test_supervision import waiting

type Figure = Callable[..., float | None]


@pytest.fixture
def figure(world: World) -> Figure:
    def value(name: str, **labels: str) -> float | None:
        return world.metrics.registry.get_sample_value(f"callcontrol_{name}", labels)

    return value


def happens(world: World, before: Call | None, now: Call) -> Call:
    world.control.up[now.id] = now
    if now.ended:
        del world.control.up[now.id]
    world.server.call_changed(before, now)
    return now


def is_now(world: World, record: FakeRecord) -> None:
    world.agents.records[record.agent] = record
    world.server.board.agent_changed(record.agent)
    world.metrics.calls.agent_changed(record)


async def test_calls_that_are_up_and_those_who_wait_are_seen_as_they_are(world: World, figure: Figure) -> None:
    came = happens(world, None, waiting("c1", "queue:sales", NOW - 9))
    happens(world, None, call("c2", party("p1")))
    is_now(world, FakeRecord("alice", "ready"))
    assert (figure("calls", type="inbound"), figure("calls", type="outbound")) == (2, 0)
    assert figure("callers_waiting", target="queue:sales") == 1
    assert figure("oldest_wait_seconds", target="queue:sales") == 9
    assert figure("oldest_wait_seconds", target="group:support") == 0
    assert figure("agents", target="group:support", state="ready") == 1
    assert figure("agents", target="group:support", state="on_call") == 0
    assert figure("agents_available", target="group:support") == 1
    happens(world, came, replace(came, answered_at=NOW))
    assert (figure("callers_waiting", target="queue:sales"), figure("callers_talking", target="queue:sales")) == (0, 1)
    assert figure("calls_begun_total", type="inbound") == 2
    back = CallBack(Identity("Zoé", "+33612345678"), Target(TargetType.QUEUE, "sales"), NOW, NOW + 3600)
    happens(world, None, replace(waiting("c3", "queue:sales"), callback=back))
    assert (figure("callbacks_waiting", target="queue:sales"), figure("callers_waiting", target="queue:sales")) == (
        1,
        0,
    )


async def test_waits_are_counted_by_what_came_of_them_with_a_bucket_that_ends_at_the_service_level(
    world: World, figure: Figure
) -> None:
    settings = replace(DEMO.directory.settings, service_level=25)
    sales = replace(DEMO.directory.queues["sales"], service_level=2.5)
    world.control.now_directory = replace(DEMO.directory, settings=settings, queues={"sales": sales})
    quick = happens(world, None, waiting("c0", "queue:sales", NOW - 2.4))
    happens(world, quick, replace(quick, answered_at=NOW))
    assert figure("wait_seconds_bucket", le="2.5", target="queue:sales", outcome="answered") == 1
    assert figure("answered_in_time_total", target="queue:sales") == 1
    for name, waited in (("c1", 24.0), ("c2", 26.0)):
        came = happens(world, None, waiting(name, "group:support", NOW - waited))
        served = happens(world, came, replace(came, answered_at=NOW))
        happens(world, served, replace(served, ended=True, ended_at=NOW + 60, end_reason=EndReason.HANGUP))
    came = happens(world, None, waiting("c3", "group:support", NOW - 3))
    happens(world, came, replace(came, ended=True, ended_at=NOW, end_reason=EndReason.ABANDONED))
    answered = {"target": "group:support", "outcome": "answered"}
    assert figure("wait_seconds_bucket", le="25.0", **answered) == 1
    assert (figure("wait_seconds_count", **answered), figure("wait_seconds_sum", **answered)) == (2, 50)
    assert figure("wait_seconds_sum", target="group:support", outcome="abandoned") == 3
    assert figure("answered_in_time_total", target="group:support") == 1
    assert figure("calls_ended_total", type="inbound", reason="hangup") == 2
    assert figure("calls_ended_total", type="inbound", reason="abandoned") == 1


async def test_who_is_called_back_counts_for_their_queue_and_not_for_their_own_number(
    world: World, figure: Figure
) -> None:
    sales = replace(DEMO.directory.queues["sales"], service_level=90.0)
    world.control.now_directory = replace(DEMO.directory, queues={"sales": sales})
    back = CallBack(Identity("Zoé", "+33612345678"), Target(TargetType.QUEUE, "sales"), NOW, NOW + 3600)
    came = happens(world, None, replace(waiting("c1", "queue:sales", NOW - 60), callback=back))
    number = Target(TargetType.NUMBER, "+33612345678")
    dialled = Offer("o2", OfferKind.CALL, number, "p2", back.identity, OfferState.ACCEPTED)
    happens(world, came, replace(came, offer=dialled, callback=replace(back, reached=True), answered_at=NOW))
    for name in ("queue:sales", "other"):
        counted = 1 if name == "queue:sales" else 0
        assert figure("wait_seconds_count", target=name, outcome="answered") == counted
        assert figure("answered_in_time_total", target=name) == counted


async def test_an_agent_has_a_call_until_their_wrap_up_ends(world: World, figure: Figure) -> None:
    came = happens(world, None, waiting("c1", "queue:sales"))
    is_now(world, FakeRecord("bob", "ringing", since=NOW, call="c1"))
    served = happens(world, came, replace(came, answered_at=NOW))
    is_now(world, FakeRecord("bob", "on_call", since=NOW, call="c1"))
    is_now(world, FakeRecord("alice", "on_call", since=NOW, call="another"))
    happens(world, served, replace(served, ended=True, ended_at=NOW + 50))
    is_now(world, FakeRecord("bob", "wrap_up", since=NOW + 50, call="c1"))
    assert figure("handle_seconds_count", target="queue:sales") == 0
    is_now(world, FakeRecord("bob", "ready", since=NOW + 70))
    is_now(world, FakeRecord("alice", "ready", since=NOW + 70))
    assert figure("handle_seconds_count", target="queue:sales") == 1
    assert figure("handle_seconds_sum", target="queue:sales") == 70
    assert figure("handle_seconds_bucket", target="queue:sales", le="60.0") == 0


async def test_whoever_takes_a_second_call_has_each_for_as_long_as_they_have_it(world: World, figure: Figure) -> None:
    for name, target in (("c1", "queue:sales"), ("c2", "group:support")):
        came = happens(world, None, waiting(name, target))
        happens(world, came, replace(came, answered_at=NOW))
    is_now(world, FakeRecord("bob", "on_call", since=NOW, call="c1"))
    world.now = NOW + 30
    is_now(world, FakeRecord("bob", "on_call", since=NOW, call="c2"))
    is_now(world, FakeRecord("bob", "not_ready", since=NOW + 40))
    assert figure("handle_seconds_sum", target="queue:sales") == 30
    assert figure("handle_seconds_sum", target="group:support") == 10


async def test_of_many_groups_the_first_are_named_and_all_others_are_one(world: World, figure: Figure) -> None:
    groups = {f"g{n}": Group(f"g{n}", f"Group {n}") for n in range(1000)}
    world.control.now_directory = replace(DEMO.directory, groups=groups)
    for n in (0, 998, 999):
        came = happens(world, None, waiting(f"c{n}", f"group:g{n}", NOW - 5))
        happens(world, came, replace(came, ended=True, ended_at=NOW))
    assert figure("wait_seconds_count", target="group:g0", outcome="abandoned") == 1
    assert figure("wait_seconds_count", target="other", outcome="abandoned") == 2
    lines = world.metrics.exposition().decode().splitlines()
    assert sum(line.startswith("callcontrol_callers_waiting{") for line in lines) == MOST_TARGETS
    assert len(lines) < 3000
    assert not [line for line in lines if "group:support" in line]  # there is no such group any more


async def test_who_leads_no_more_says_nothing_of_calls(world: World, figure: Figure) -> None:
    happens(world, None, waiting("c1", "queue:sales"))
    world.metrics.calls.hide(world.server.board)
    is_now(world, FakeRecord("bob", "on_call", since=NOW, call="c1"))
    came = waiting("c2", "queue:sales")
    happens(world, came, replace(came, ended=True))
    assert figure("callers_waiting", target="queue:sales") is None
    assert figure("wait_seconds_count", target="queue:sales", outcome="abandoned") == 0
    assert "# TYPE callcontrol_callers_waiting gauge" in world.metrics.exposition().decode()
