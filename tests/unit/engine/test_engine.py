"""The loop around the machine: one thing after the other, every effect to its outlet, every command answered."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.handlers import legs
from ari_app.calls.model import Call, Phone, Progress
from ari_app.calls.switch import Switch
from ari_app.engine import engine as engine_module
from ari_app.engine import pulse
from ari_app.engine.engine import Engine, NoFigures
from ari_app.errors import AsteriskUnavailable, Code, LeadsNoMore, OutcomeUnknown, Refused
from ari_app.testing.asterisk import Behaviour
from ari_app.testing.asterisk_model import State
from ari_app.tracing import current, received
from tests.support.callcentre import directory
from tests.support.world import to
from tests.unit.engine.ends import Ends, started, turn

WAIT = 5.0
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def _call(engine: Engine, **more: object) -> Call:
    command = c.MakeCall(id="k1", by="alice", target=to("agent:bob"), **more)  # type: ignore[arg-type]
    call = await engine.submit(command)
    assert call is not None
    return call


async def test_a_command_is_answered_with_the_call_as_it_then_is() -> None:
    engine, ends, _clock = await started()
    call = await _call(engine, caller_id="support")
    await turn()
    assert engine.calls[call.id].party_of("bob") is not None
    assert ends.chosen == [("alice", "support")]
    assert any(leg.leg is not None and leg.leg.agent == "bob" for leg in ends.legs)
    assert ends.changes[0][0] is None
    assert engine.handled > 5
    assert engine.now == 1000.0
    engine.close()


async def test_what_a_caller_waits_for_is_handled_at_once_and_within_a_step_after_it() -> None:
    engine, ends, _clock = await started()
    before = engine.handled
    engine.feed(s.AgentBecameAvailable("carol"))
    engine.feed_now(s.AgentBecameAvailable("bob"))
    assert engine.handled == before + 2
    await turn()
    assert engine.handled == before + 2

    class Kinds(NoFigures):
        def handled(self, kind: str, seconds: float) -> None:
            kinds.append(kind)

    kinds: list[str] = []
    engine._figures = Kinds()
    ends.feed = engine.feed_now
    await _call(engine)
    assert kinds[:2] == ["MakeCall", "AgentReserved"]
    assert "LegCreated" in kinds[2:]
    engine.close()


async def test_a_step_that_fails_is_no_fault_of_who_feeds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ends, _clock = await started()
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, what: reported.append(what["exception"]))
    fault = RuntimeError("a fault of ours")

    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(engine.switch, "handle", fails)
    engine.feed_now(s.AgentBecameAvailable("bob"))
    assert reported == [fault]
    monkeypatch.undo()
    before = engine.handled
    engine.feed_now(s.AgentBecameAvailable("bob"))
    assert engine.handled == before + 1
    engine.close()


async def test_who_speaks_is_reported_and_is_no_change_that_is_kept() -> None:
    engine, ends, _clock = await started()
    engine.feed(s.DirectoryReplaced(directory(talk_detection=True)))
    call = await _call(engine)
    await turn()
    await engine.submit(c.SingleStepConference(id="k2", by="alice", call=call.id, target=to("number:+33123456789")))
    await turn()
    kept = len(ends.changes)
    leg = engine.calls[call.id].joined()[0].leg
    for talking in (False, True):
        engine.feed(s.LegTalking(leg or "", talking))
    await turn()
    assert [reported.joined()[0].talking for reported in ends.talks[-2:]] == [False, True]
    assert len(ends.changes) == kept
    engine.close()


async def test_a_refused_command_raises_its_error_and_changes_nothing() -> None:
    engine, ends, _clock = await started()
    with pytest.raises(Refused) as refused:
        await engine.submit(c.Hold(id="k1", by="alice", call="none"))
    assert refused.value.code is Code.NOT_FOUND
    assert ends.changes == []
    engine.close()


async def test_more_commands_than_may_be_under_way_are_refused_and_those_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_module, "MOST_COMMANDS", 1)
    engine, ends, _clock = await started()
    ends.deaf = True
    answer = asyncio.ensure_future(_call(engine))
    await turn()
    with pytest.raises(AsteriskUnavailable, match="too many commands"):
        await engine.submit(c.MakeCall(id="k2", by="carol", target=to("agent:bob")))
    ends.deaf = False
    ends.pump()
    assert (await answer).party_of("alice") is not None
    with pytest.raises(Refused, match="no such call"):
        await engine.submit(c.Hold(id="k3", by="alice", call="none"))
    engine.close()


async def test_how_late_the_loop_is_is_measured_at_each_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY_SECONDS", 0.01)
    reported: asyncio.Queue[float] = asyncio.Queue()
    beat = pulse.Pulse(lambda seconds: None, reported.put_nowait)
    await reported.get()
    due = beat._timer.when()
    loop = asyncio.get_running_loop()
    while loop.time() < due + 0.05:
        pass  # what keeps the loop
    async with asyncio.timeout(WAIT):
        assert await reported.get() >= 0.05
    beat.close()


async def test_what_a_command_requests_is_part_of_its_own_trace_whatever_else_is_handled_with_it() -> None:
    engine, ends, _clock = await started()
    traces: list[tuple[str, str]] = []
    request = ends.asterisk

    def noted(effect: e.AsteriskEffect) -> None:
        if isinstance(effect, e.CreateLeg):
            traces.append((str(effect.destination.user if isinstance(effect.destination, Phone) else ""), current()))
        request(effect)

    ends.asterisk = noted  # type: ignore[method-assign]

    async def makes(agent: str, trace: str) -> None:
        received(trace)
        await engine.submit(c.MakeCall(id=f"k-{agent}", by=agent, target=to("number:+33123456789")))

    await asyncio.gather(makes("alice", TRACE), makes("carol", TRACE.replace("af", "ba")), makes("bob", ""))
    first = dict(reversed(traces))
    assert [first[phone] for phone in ("1001", "1003", "1002")] == [TRACE, TRACE.replace("af", "ba"), ""]
    engine.close()


async def test_stimuli_that_come_within_a_step_wait_for_its_end() -> None:
    engine, ends, _clock = await started()
    order: list[str] = []
    handle = engine.switch.handle

    def noted(stimulus: s.Stimulus, now: float) -> list[e.Effect]:
        order.append(f"begin {type(stimulus).__name__}")
        effects = handle(stimulus, now)
        order.append("end")
        return effects

    engine.switch.handle = noted  # type: ignore[method-assign]
    await _call(engine)
    await turn()
    assert order[::2] == [x for x in order if x.startswith("begin")]
    assert order[1::2] == ["end"] * (len(order) // 2)
    assert ends.requested
    engine.close()


async def test_deadlines_wake_the_machine_by_themselves() -> None:
    engine, ends, clock = await started()
    ends.deaf = True
    answer = asyncio.ensure_future(_call(engine))
    await turn()
    ends.changed.clear()
    assert engine.switch.next_deadline() == 1020.0
    clock.now = 1020.0
    engine.feed(s.LegRinging("nobody"))  # any step sets the timer anew
    async with asyncio.timeout(WAIT):
        while engine.calls:
            ends.changed.clear()
            await ends.changed.wait()
    with pytest.raises(Refused) as refused:
        await answer
    assert refused.value.code is Code.PHONE_UNREACHABLE
    ends.pump()
    engine.close()


async def test_a_command_that_nobody_answers_is_given_up_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_ANSWER_WITHIN", 0.01)
    engine, ends, _clock = await started()
    ends.deaf = True
    with capture_logs() as logs, pytest.raises(OutcomeUnknown):
        await _call(engine)
    assert [entry["event"] for entry in logs] == ["command_unanswered"]
    ends.pump()  # the answer that comes too late finds nobody
    await turn()
    assert engine._answers == {}
    engine.close()


async def test_a_command_under_way_as_the_connection_is_lost_is_answered_when_it_stands_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_module, "_ANSWER_WITHIN", 0.2)
    engine, ends, _clock = await started()
    call = await _call(engine)
    await turn()
    ends.deaf = True
    releasing = asyncio.ensure_future(engine.submit(c.Clear(id="k2", by="alice", call=call.id)))
    await turn()
    ends.asterisks.lose_link()
    ends.pump()
    async with asyncio.timeout(WAIT):
        await engine.lost.wait()
        await asyncio.wait({releasing}, timeout=0.3)  # longer than an answer may take otherwise
        assert not releasing.done()
        ends.deaf = False
        ends.asterisks.restore_link()
        ends.pump()
        released = await releasing
    assert released is None or released.ended
    assert not engine.lost.is_set()
    engine.close()


@pytest.mark.parametrize("cancelled", [True, False])
async def test_an_answer_to_one_who_has_gone_is_dropped(cancelled: bool) -> None:
    engine, ends, _clock = await started()
    ends.deaf = True
    waiting = asyncio.ensure_future(_call(engine))
    refused = asyncio.ensure_future(engine.submit(c.Hold(id="k2", by="alice", call="none")))
    if cancelled:
        await turn(1)
        for task in (waiting, refused):
            task.cancel()
    else:
        await turn()
        engine.close()
    await asyncio.gather(waiting, refused, return_exceptions=True)
    ends.deaf = False
    ends.pump()
    await turn()
    assert engine.switch.state.pending == {}
    engine.feed(c.Hold(id="nobodys", by="alice", call="none"))
    await turn()
    assert engine._answers == {}
    engine.close()


async def test_who_requests_what_is_under_way_waits_for_its_answer_also_where_the_first_has_gone() -> None:
    engine, ends, _clock = await started()
    ends.deaf = True
    first, again = asyncio.ensure_future(_call(engine)), asyncio.ensure_future(_call(engine))
    await turn(1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    third = asyncio.ensure_future(_call(engine))
    await turn(1)
    ends.deaf = False
    ends.pump()
    async with asyncio.timeout(WAIT):
        assert (await again).id == (await third).id
    assert len(engine.calls) == 1
    engine.close()


async def test_at_the_end_what_was_begun_has_an_unknown_outcome_and_what_was_not_is_for_another_controller() -> None:
    engine, ends, _clock = await started()
    ends.deaf = True
    waiting = asyncio.ensure_future(_call(engine))
    await turn()
    engine._answers["done"] = asyncio.get_running_loop().create_future()
    engine._answers["done"].set_result(None)
    behind = asyncio.ensure_future(engine.submit(c.Hold(id="k2", by="alice", call=next(iter(engine.calls)))))
    asyncio.get_running_loop().call_soon(engine.close)  # before its turn comes
    with pytest.raises(LeadsNoMore):
        await behind
    with pytest.raises(OutcomeUnknown):
        await waiting
    handled = engine.handled
    with pytest.raises(LeadsNoMore):
        await engine.submit(c.Hold(id="k3", by="alice", call=next(iter(engine.calls))))
    await turn()
    assert engine.handled == handled


async def test_a_fault_of_the_machine_is_logged_with_the_calls_story(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ends, _clock = await started()
    call = await _call(engine)
    await turn()

    def breaks(*_args: object) -> None:
        raise ZeroDivisionError

    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(legs, "held_by_phone", breaks)
        engine.feed(s.LegHeldByPhone("nobody"))
        await turn()
        patch.setattr("ari_app.calls.invariants.violations", lambda step, call: ["x"])
        with pytest.raises(Exception, match="fault of ours"):
            await engine.submit(c.Hold(id="k3", by="alice", call=call.id))
    faults = [entry for entry in logs if entry["event"] == "call_released_by_fault"]
    assert [entry["call_id"] for entry in faults] == [None, call.id]
    assert faults[0]["story"] == []
    assert 0 < len(faults[1]["story"]) <= 20
    assert call.id not in engine.calls
    engine.close()


async def _after_a_stall(monkeypatch: pytest.MonkeyPatch, comes: Callable[[], None]) -> None:
    """What comes is the first thing that is looked at after the process stood still."""
    monkeypatch.setattr(pulse, "STALL_SECONDS", -1.0)
    comes()
    await turn()
    monkeypatch.setattr(pulse, "STALL_SECONDS", 60.0)


def _reconnect(ends: Ends) -> None:
    """The connection to Asterisk is lost, and stands again."""
    ends.asterisks.lose_link()
    ends.asterisks.restore_link()
    ends.pump()


async def test_after_it_stood_still_no_deadline_is_believed_until_the_calls_are_reconciled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, ends, clock = await started()
    ends.asterisks.behaviour[Phone("1002")] = Behaviour.RING
    call = await _call(engine)
    await turn()
    at = engine.switch.next_deadline()
    assert at is not None
    clock.now = at + 30.0
    await _after_a_stall(monkeypatch, lambda: engine.feed(s.TimePassed()))
    assert ends.doubts == 1
    assert engine.calls[call.id].offering() is not None, "it was believed that nobody had answered in time"
    engine.feed(s.TimePassed())
    await turn()
    assert engine.calls[call.id].offering() is not None
    # It was answered meanwhile: reconciliation tells, and the deadline is gone.
    ends.asterisks.lose_link()
    ends.asterisks.answer(engine.calls[call.id].offering().attempts[0].leg)  # type: ignore[union-attr]
    ends.asterisks.restore_link()
    ends.pump()
    await turn()
    engine.feed(s.TimePassed())
    await turn()
    bob = engine.calls[call.id].party_of("bob")
    assert bob is not None
    assert bob.progress is Progress.JOINED
    engine.close()


async def test_after_it_stood_still_nobody_is_dialled_before_the_calls_are_reconciled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dial on its way as the connection is given up may be done or not, and a second one would end it."""
    engine, ends, _ = await started()
    ends.asterisks.arrive("in", "carrier", "agent", "bob")
    await _after_a_stall(monkeypatch, ends.pump)
    await turn()
    assert not [effect for effect in ends.asterisks.executed if isinstance(effect, e.CreateLeg)]
    _reconnect(ends)
    await turn()
    engine.feed(s.TimePassed())
    await turn()
    assert len([effect for effect in ends.asterisks.executed if isinstance(effect, e.DialLeg)]) == 1
    engine.close()


async def test_what_is_requested_after_it_stood_still_begins_once_the_calls_are_reconciled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, ends, _ = await started()
    await _after_a_stall(monkeypatch, lambda: engine.feed(s.TimePassed()))
    begun = asyncio.ensure_future(_call(engine))
    await turn()
    assert not begun.done()
    _reconnect(ends)
    async with asyncio.timeout(WAIT):
        assert (await begun).owner == "alice"
    engine.close()


async def test_after_it_stood_still_it_is_not_believed_that_asterisk_has_not_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its answers lie there unread: nobody's phone stops ringing for that."""
    engine, ends, _ = await started()
    ends.asterisks.behaviour[Phone("1002")] = Behaviour.RING
    call = await _call(engine)
    await turn()
    offer = engine.calls[call.id].offering()
    assert offer is not None
    leg = offer.attempts[0].leg
    engine.switch.state.in_flight[900] = e.DialLeg(900, leg)
    await _after_a_stall(monkeypatch, lambda: engine.feed(s.EffectFailed(900, "no answer in time", unknown=True)))
    _reconnect(ends)
    await turn()
    assert ends.asterisks.world.state_of(leg) is State.RINGING
    assert engine.calls[call.id].offering() is not None
    engine.close()


async def test_the_loop_is_looked_at_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "STALL_SECONDS", -1.0)
    monkeypatch.setattr(pulse, "EVERY_SECONDS", 0.002)
    reported: asyncio.Queue[float] = asyncio.Queue()
    beat = pulse.Pulse(reported.put_nowait)
    async with asyncio.timeout(WAIT):
        for _ in range(3):
            await reported.get()
    beat.close()
    await turn()
    assert reported.empty()


async def test_each_stimulus_is_counted_with_its_kind_and_how_many_waited_with_it() -> None:
    found: list[int] = []
    kinds: list[str] = []

    class Counting(NoFigures):
        def found(self, waiting: int) -> None:
            found.append(waiting)

        def handled(self, kind: str, seconds: float) -> None:
            assert seconds >= 0
            kinds.append(kind)

    engine = Engine(Switch(directory(), "cc-1"), Ends(), figures=Counting())
    engine.feed(s.AgentBecameAvailable("bob"))
    engine.feed(s.TimePassed())
    await turn()
    assert (found, kinds) == ([2], ["AgentBecameAvailable", "TimePassed"])
    engine.close()
