"""Effects that fail, one by one: exactly what is requested instead, how often, and who is notified."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallId, LegId, LegState
from tests.support.office import AWAY, Office, hear_each_other


def _fails(office: Office, effect: e.AsteriskEffect) -> list[str]:
    """Asterisk has not done this; what is requested of it at once."""
    office.switch.state.in_flight[effect.number] = effect
    return office.happens(s.EffectFailed(effect.number, "refused"))


def _bridge(office: Office, call: CallId) -> str:
    return office.switch.calls[call].bridge


def test_a_bridge_is_made_anew_with_those_who_talk_in_it_and_no_other_call_is_touched() -> None:
    office = Office()
    office.served("alice", "in1")
    second = office.served("bob", "in2")
    requested = _fails(office, e.CreateBridge(900, _bridge(office, second.id)))
    assert requested[0] == "CreateBridge bridge"
    assert [x for x in requested if x.startswith("JoinBridge")] == ["JoinBridge in2", "JoinBridge bob"]
    assert not [x for x in requested if x.endswith((" in1", " alice"))]


def test_a_bridge_is_tried_three_times_more_and_then_that_call_alone_ends() -> None:
    office = Office()
    first = office.served("alice", "in1")
    second = office.served("bob", "in2")
    for number in range(3):
        assert _fails(office, e.CreateBridge(900 + number, _bridge(office, second.id)))[0] == "CreateBridge bridge"
    requested = _fails(office, e.CreateBridge(910, _bridge(office, second.id)))
    assert {"HangUp in2", "HangUp bob", "DestroyBridge bridge"} <= set(requested)
    assert list(office.switch.calls) == [first.id]
    office.settle()
    assert office.hears() == hear_each_other("alice", "in1")


def test_who_waits_for_a_bridge_waits_for_the_next_and_is_refused_when_it_cannot_be_made() -> None:
    office = Office()
    office.served()
    name = office.command(c.MakeCall, "alice", target=AWAY)
    for _ in range(4):
        assert name not in office.refusals
        number = next(x.number for x in office.effects if isinstance(x, e.CreateBridge))
        office.feed(s.EffectFailed(number, "refused"))
    assert office.refusals[name].code == "asterisk_unavailable"


def test_a_leg_is_tried_three_times_more_and_then_hung_up() -> None:
    office = Office()
    office.served()
    for number in range(3):
        requested = _fails(office, e.StopMusic(900 + number, "in1"))
        assert "JoinBridge in1" in requested
        assert "HangUp in1" not in requested
    assert "HangUp in1" in _fails(office, e.StopMusic(910, "in1"))
    assert "in1" not in office.switch.legs


def _ringing_together(office: Office) -> LegId:
    """Two are rung, one has answered; the leg of the other, who is being hung up."""
    office.arrives("group", "together", leg="in1")
    office.settle()
    carol = office.leg_of("carol")
    office.feed(s.LegAnswered(office.leg_of("bob")))
    return carol


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_hang_up_that_is_repeated_tells_the_phone_the_same_reason(elsewhere: bool) -> None:
    office = Office()
    leg = _ringing_together(office)
    requested = _fails(office, e.HangUp(900, leg, elsewhere))
    assert requested == ["HangUp carol elsewhere" if elsewhere else "HangUp carol"]


def test_a_command_whose_hang_up_failed_when_the_leg_was_gone_already_is_done() -> None:
    office = Office()
    call = office.served()
    leg = office.leg_of("alice")
    name = office.command(c.Release, "alice", call=call.id)
    number = next(x.number for x in office.effects if isinstance(x, e.HangUp) and x.leg == leg)
    office.feed(s.LegGone(leg))
    assert office.happens(s.EffectFailed(number, "refused")) == [f"HangUp {leg}"]
    assert name not in office.refusals
    office.settle()
    assert name in office.replies


# -- a fault of ours --------------------------------------------------------------------------------------------------


def test_the_story_of_a_call_released_by_a_fault_says_what_and_when(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: object) -> None:
        raise ZeroDivisionError("of ours")

    office = Office()
    call = office.served()
    office.now += 7.0
    with monkeypatch.context() as patch:
        patch.setattr("ari_app.calls.invariants.check", breaks)
        office.feed(s.LegHeldByPhone(office.leg_of("alice")))
    assert office.alarms == [f"{call.id}: LegHeldByPhone: ZeroDivisionError: of ours"]
    reported = office.switch.stories.of(call.id)
    assert reported is not None
    last = [entry for entry in reported if entry.at == office.now]
    assert [entry.what for entry in last][:2] == ["LegHeldByPhone", "ReportFault"]


def test_a_command_that_breaks_is_refused_in_words_and_the_caller_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: object) -> None:
        raise ZeroDivisionError

    office = Office()
    call = office.served()
    with monkeypatch.context() as patch:
        patch.setattr("ari_app.calls.invariants.check", breaks)
        name = office.command(c.Hold, "alice", call=call.id)
    assert (office.refusals[name].code, office.refusals[name].detail) == (
        "internal",
        "the call was released after a fault of ours",
    )
    office.settle()
    assert not office.asterisk.world.channels
    assert not office.agents.activity


def test_a_phone_whose_creation_was_not_reported_is_dialled_when_the_link_is_back() -> None:
    office = Office()
    call = office.served()
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    leg = office.outside_leg()
    office.step(next(lane for lane in office.asterisk.pending() if leg in lane))
    assert (leg in office.asterisk.world.channels, office.switch.legs[leg].state) == (True, LegState.CREATING)
    office.lose_link()
    office.asterisk.executed.clear()
    office.asterisk.restore_link()
    office.settle()
    assert f"DialLeg {leg}" in [office.described(x) for x in office.asterisk.executed]
    office.answers_outside()
    office.is_calm()
    assert office.hears() == hear_each_other("in1", leg)


def test_an_agents_leg_that_is_given_up_leaves_its_contact_on_hold_and_recalls_them_s13() -> None:
    office = Office(recall=30.0)
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    leg = office.leg_of("alice")
    for number in range(4):
        requested = _fails(office, e.JoinBridge(900 + number, leg, _bridge(office, call.id)))
    assert requested == [f"HangUp {leg}"]
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.switch.calls[call.id].recall_at == office.now + 30.0
