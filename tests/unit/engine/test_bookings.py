"""What calls make of agents reaches availability: in order for each agent, until it is kept."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace

import pytest

from ari_app.availability.port import AgentRecord, AgentState, Waiting
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.engine.bookings import Bookings
from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.routing.targets import Target, parse_target

TARGET = parse_target("group:support")
WAIT = 5.0


class Desk:
    """Takes note of what is requested; `fails` are raised first, one after the other."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []
        self.fails: list[Exception] = []
        self.free: str | None = "alice"
        self.record = AgentRecord("bob", AgentState.ON_CALL, None, 0.0, choice=AgentState.READY)
        self.closed: asyncio.Event | None = None

    async def _note(self, *what: object) -> None:
        if self.closed is not None:
            await self.closed.wait()
        if self.fails:
            raise self.fails.pop(0)
        self.done.append(what)

    async def reserve(
        self, request: str, target: object, exclude: object, seconds: float, waiting: object = None
    ) -> str | None:
        await self._note("reserve", request, str(target), exclude, seconds)
        return self.free

    async def agent(self, agent: str) -> AgentRecord:
        await self._note("agent", agent)
        return self.record

    async def set_activity(self, *args: object) -> None:
        await self._note("activity", *args)

    async def reconcile(self, *args: object) -> None:
        await self._note("reconcile", *args)

    async def waiting(self, callers: object) -> None:
        await self._note("waiting", callers)

    async def count_missed(self, *args: object) -> None:
        await self._note("missed", *args)

    async def set_state(self, *args: object) -> None:
        await self._note("state", *args)

    async def set_reachable(self, *args: object) -> None:
        await self._note("reachable", *args)


class Known:
    """What was last known."""

    def __init__(self) -> None:
        self.free: str | None = None
        self.records: dict[str, AgentRecord] = {}
        self.meanwhile: dict[str, bool] = {}

    def best(self, target: Target, exclude: Collection[str], meanwhile: Mapping[str, bool]) -> str | None:
        self.wanted = (target, exclude)
        self.meanwhile = dict(meanwhile)
        return self.free

    def record(self, agent: str) -> AgentRecord | None:
        return self.records.get(agent)


class Line:
    """Who waits."""

    def __init__(self, waiting: list[tuple[Waiting, Target]]) -> None:
        self._waiting = waiting

    def of(self, request: str) -> Waiting | None:
        return None

    def all(self) -> list[tuple[Waiting, Target]]:
        return self._waiting


class Scene:
    """A Bookings with a desk, whose results and waits are kept."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.known = Known()
        self.results: asyncio.Queue[s.Stimulus] = asyncio.Queue()
        self.waits: list[float] = []
        self.wait_for: asyncio.Event | None = None
        of = (self.desk, self.results.put_nowait, self._wait)
        self.bookings = Bookings(*of, has="another's".__ne__, known=self.known)  # type: ignore[arg-type]

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.wait_for is not None:
            await self.wait_for.wait()

    async def at_rest(self) -> None:
        while self.bookings._tasks:
            async with asyncio.timeout(WAIT):
                await asyncio.wait(set(self.bookings._tasks))

    async def result(self) -> s.Stimulus:
        async with asyncio.timeout(WAIT):
            return await self.results.get()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.bookings.close()


async def test_a_reservation_tells_who_was_reserved(scene: Scene) -> None:
    scene.bookings.execute(e.ReserveAgent("r1", TARGET, frozenset({"bob"}), 40.0))
    assert await scene.result() == s.AgentReserved("r1", "alice")
    assert scene.desk.done == [("reserve", "r1", "group:support", {"bob"}, 40.0)]


async def test_a_reservation_tells_that_nobody_is_free(scene: Scene) -> None:
    scene.desk.free = None
    scene.bookings.execute(e.ReserveAgent("r1", TARGET, frozenset(), 40.0))
    assert await scene.result() == s.NobodyAvailable("r1")


def urgent(target: Target = TARGET, *, busy: bool = False) -> e.ReserveAgent:
    return e.ReserveAgent("r1", target, frozenset({"carol"}), 40.0, busy=busy)


async def test_who_waits_for_the_answer_gets_by_what_was_last_known_an_agent_while_redis_is_away(scene: Scene) -> None:
    scene.desk.fails = [StoreUnavailable()]
    scene.known.free = "bob"
    scene.bookings.execute(urgent())
    assert await scene.result() == s.AgentReserved("r1", "bob")
    assert scene.known.wanted == (TARGET, {"carol"})


@pytest.mark.parametrize("error", [StoreUnavailable(), Refused(Code.UNKNOWN_TARGET, "gone")])
async def test_where_nobody_was_known_to_be_free_or_redis_refuses_nobody_is_chosen(
    scene: Scene, error: Exception
) -> None:
    scene.desk.fails = [error]
    scene.known.free = None if isinstance(error, StoreUnavailable) else "bob"
    scene.bookings.execute(urgent())
    assert await scene.result() == s.ReservationFailed("r1")


async def test_a_caller_who_has_music_waits_for_redis(scene: Scene) -> None:
    scene.desk.fails = [StoreUnavailable()]
    scene.known.free = "bob"
    scene.bookings.execute(replace(urgent(), can_wait=True))
    assert await scene.result() == s.ReservationFailed("r1")


async def test_of_whom_redis_is_yet_to_hear_counts_what_it_will_hear_last(scene: Scene) -> None:
    scene.wait_for = asyncio.Event()
    scene.desk.fails = [StoreUnavailable()] * 9
    for agent, activity, wrap_up in (
        ("alice", "on_call", 0.0),
        ("alice", None, 0.0),
        ("bob", "ringing", 0.0),
        ("dave", None, 30.0),
    ):
        scene.bookings.execute(e.SetActivity(agent, activity, "call", wrap_up=wrap_up))
    scene.bookings.reachable("erin", False)
    scene.bookings.execute(urgent())
    assert await scene.result() == s.AvailabilityEmptied()
    assert await scene.result() == s.ReservationFailed("r1")
    assert scene.known.meanwhile == {"alice": True, "bob": False, "dave": False}
    scene.desk.fails = []
    scene.wait_for.set()
    await scene.at_rest()


async def test_while_all_agents_wait_to_be_reported_those_whom_a_call_has_are_not_free(scene: Scene) -> None:
    scene.wait_for = asyncio.Event()
    scene.desk.fails = [StoreUnavailable()] * 9
    scene.bookings.execute(e.ReconcileAgents((("alice", "on_call", "call"),)))
    scene.bookings.execute(e.SetActivity("bob", None, "call"))
    scene.bookings.execute(urgent())
    assert await scene.result() == s.ReservationFailed("r1")
    assert scene.known.meanwhile == {"alice": False, "bob": True}
    scene.desk.fails = []
    scene.wait_for.set()
    await scene.at_rest()
    scene.desk.fails = [StoreUnavailable()]
    scene.bookings.execute(urgent())
    assert await scene.result() == s.ReservationFailed("r1")
    assert scene.known.meanwhile == {}, "Redis has heard of all"


@pytest.mark.parametrize(("call", "takes"), [("mine", True), ("another's", False)])
async def test_with_call_waiting_an_agent_who_talks_here_was_known_to_take_one_more(
    scene: Scene, call: str, takes: bool
) -> None:
    scene.desk.fails = [StoreUnavailable()]
    scene.known.records = {"support": replace(scene.desk.record, agent="support", call=call)}
    scene.bookings.execute(urgent(busy=True))
    assert await scene.result() == (s.AgentReserved("r1", "support") if takes else s.ReservationFailed("r1"))


@pytest.mark.parametrize("error", [StoreUnavailable(), Refused(Code.UNKNOWN_TARGET, "gone")])
async def test_a_reservation_that_cannot_be_requested_is_reported_at_once(scene: Scene, error: Exception) -> None:
    scene.desk.fails = [error]
    scene.bookings.execute(e.ReserveAgent("r1", TARGET, frozenset(), 40.0))
    assert await scene.result() == s.ReservationFailed("r1")
    assert scene.waits == []


async def test_the_changes_of_one_agent_are_kept_in_their_order_through_an_outage(scene: Scene) -> None:
    scene.desk.fails = [StoreUnavailable(), StoreUnavailable()]
    scene.bookings.execute(e.SetActivity("alice", "on_call", "c1"))
    scene.bookings.execute(e.CountMissed("alice", 2, "no_answer"))
    scene.bookings.execute(e.SetActivity("alice", None, "c1", 5.0, "r1"))
    scene.bookings.execute(e.SetAgentState("alice", "ready"))
    await scene.at_rest()
    assert scene.desk.done == [
        ("activity", "alice", "on_call", "c1", 0.0, None),
        ("missed", "alice", 2, "no_answer"),
        ("activity", "alice", None, "c1", 5.0, "r1"),
        ("state", "alice", "ready"),
    ]
    assert scene.waits == [0.5, 0.5]


async def test_a_change_that_is_refused_does_not_hold_up_the_next(scene: Scene) -> None:
    scene.desk.fails = [Refused(Code.NOT_FOUND, "no such agent")]
    scene.bookings.execute(e.SetActivity("alice", "on_call"))
    scene.bookings.execute(e.SetAgentState("alice", "ready"))
    await scene.at_rest()
    assert scene.desk.done == [("state", "alice", "ready")]
    scene.bookings.execute(e.SetAgentState("alice", "not_ready"))
    await scene.at_rest()
    assert scene.desk.done[-1] == ("state", "alice", "not_ready")


async def test_a_phone_that_is_away_is_reported_in_order_with_what_calls_make_of_its_agent(scene: Scene) -> None:
    scene.bookings.execute(e.SetActivity("alice", None, "c1"))
    scene.bookings.reachable("alice", False)
    await scene.at_rest()
    assert [what[0] for what in scene.desk.done] == ["activity", "reachable"]
    assert scene.desk.done[1] == ("reachable", "alice", False, False)


async def test_of_a_phone_that_comes_and_goes_while_redis_is_away_the_last_is_reported(scene: Scene) -> None:
    scene.desk.closed = asyncio.Event()
    scene.bookings.execute(e.SetActivity("alice", None, "c1"))
    for _ in range(100):
        scene.bookings.reachable("alice", False)
        scene.bookings.reachable("alice", True, in_use=True)
    scene.bookings.execute(e.SetActivity("alice", "on_call", "c2"))
    scene.bookings.reachable("alice", False)
    scene.desk.closed.set()
    await scene.at_rest()
    assert [what[0] for what in scene.desk.done] == ["activity", "reachable", "activity", "reachable"]
    assert scene.desk.done[1] == ("reachable", "alice", True, True)


async def test_all_agents_are_reported_after_what_came_before_and_before_what_comes_later(scene: Scene) -> None:
    scene.desk.closed = asyncio.Event()
    scene.bookings.execute(e.SetActivity("alice", "ringing"))
    scene.bookings.execute(e.ReconcileAgents((("bob", "on_call", "c1"),), ("r1",)))
    scene.bookings.execute(e.SetActivity("alice", "on_call"))
    scene.bookings.execute(e.ReserveAgent("r2", TARGET, frozenset(), 40.0))
    scene.desk.closed.set()
    assert await scene.result() == s.AgentReserved("r2", "alice")
    await scene.at_rest()
    assert [what[0] for what in scene.desk.done][:2] == ["activity", "reconcile"]
    assert scene.desk.done[1] == ("reconcile", {"bob": ("on_call", "c1")}, ("r1",))
    assert {what[0] for what in scene.desk.done[2:]} == {"activity", "reserve"}


async def test_nobody_is_reserved_before_all_agents_were_reported_and_whoever_asks_is_answered_at_once(
    scene: Scene,
) -> None:
    scene.desk.fails = [StoreUnavailable()]
    reconciled = asyncio.Event()
    scene.wait_for = reconciled
    scene.bookings.execute(e.ReconcileAgents(()))
    scene.bookings.execute(e.ReserveAgent("r1", TARGET, frozenset(), 40.0))
    assert await scene.result() == s.ReservationFailed("r1")
    reconciled.set()
    await scene.at_rest()
    scene.bookings.execute(e.ReserveAgent("r2", TARGET, frozenset(), 40.0))
    assert await scene.result() == s.AgentReserved("r2", "alice")


async def test_calls_that_are_let_go_have_nobody_until_they_are_taken_back(scene: Scene) -> None:
    busy = e.ReconcileAgents((("bob", "on_call", "c1"),))
    scene.bookings.execute(e.SetActivity("bob", "on_call", "c1"))
    scene.bookings.let_go()
    scene.bookings.execute(busy)  # the store was emptied meanwhile
    await scene.at_rest()
    scene.bookings.take_back()
    scene.bookings.execute(busy)
    await scene.at_rest()
    reported = [what[1] for what in scene.desk.done if what[0] == "reconcile"]
    assert reported == [{}, {}, {"bob": ("on_call", "c1")}]
    assert scene.desk.done[0][0] == "activity"


async def test_callers_who_are_let_go_hold_up_nobody_elsewhere() -> None:
    desk, queue = Desk(), [(Waiting("c1", (0, 1.0)), TARGET)]
    bookings = Bookings(desk, lambda _: None, queue=Line(queue))  # type: ignore[arg-type]
    for lets_go in (False, True):
        bookings.let_go() if lets_go else bookings.execute(e.ReconcileAgents(()))
        async with asyncio.timeout(WAIT):
            await asyncio.wait(set(bookings._tasks))
    assert [what[1] for what in desk.done if what[0] == "waiting"] == [queue, ()]


async def test_agents_do_not_wait_for_each_other(scene: Scene) -> None:
    scene.desk.fails = [Refused(Code.NOT_FOUND, "no such agent")]
    for agent in ("alice", "bob", "carol"):
        scene.bookings.execute(e.SetAgentState(agent, "ready"))
    assert len(scene.bookings._tasks) == 3
    await scene.at_rest()
    assert {what[1] for what in scene.desk.done} == {"bob", "carol"}


async def test_what_is_under_way_is_given_up_at_the_end(scene: Scene) -> None:
    scene.desk.closed = asyncio.Event()
    scene.bookings.execute(e.SetAgentState("alice", "ready"))
    scene.bookings.execute(e.ReserveAgent("r1", TARGET, frozenset(), 40.0))
    await scene.bookings.close()
    assert not scene.bookings._tasks
    assert scene.desk.done == []
    assert scene.results.empty()


@pytest.mark.parametrize(
    ("record", "reserved"),
    [
        (AgentRecord("bob", AgentState.ON_CALL, None, 0.0, choice=AgentState.READY), True),
        (AgentRecord("bob", AgentState.ON_CALL, None, 0.0, choice=AgentState.NOT_READY), False),
        (AgentRecord("bob", AgentState.ON_CALL, None, 0.0, choice=AgentState.READY, reachable=False), False),
        (AgentRecord("bob", AgentState.RINGING, None, 0.0, choice=AgentState.READY), False),
    ],
)
async def test_somebody_who_talks_and_takes_calls_will_do_where_that_is_requested_s45(
    record: AgentRecord, reserved: bool
) -> None:
    scene = Scene()
    scene.desk.free, scene.desk.record = None, record
    scene.bookings.execute(e.ReserveAgent("r1", parse_target("agent:bob"), frozenset(), 20.0, busy=True))
    assert await scene.result() == (s.AgentReserved("r1", "bob") if reserved else s.NobodyAvailable("r1"))
    scene.bookings.execute(e.ReserveAgent("r2", parse_target("agent:bob"), frozenset(), 20.0))
    assert await scene.result() == s.NobodyAvailable("r2")
    await scene.bookings.close()
