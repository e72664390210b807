"""What goes wrong: effects that fail, and faults of ours, which release the one call they touch and nothing else."""

from collections.abc import Hashable

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import invariants
from ari_app.calls import stimuli as s
from ari_app.calls.features import offers, parties
from ari_app.calls.handlers import legs
from ari_app.calls.model import Call, OfferState
from ari_app.calls.reads import Reads
from ari_app.calls.step import Step
from ari_app.calls.story import Stories
from ari_app.calls.switch import Switch
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Directory
from tests.support.callcentre import directory
from tests.support.office import AWAY, Office, hear_each_other
from tests.unit.calls.test_times import how


def _fails(office: Office, kind: type, times: int = 1, *, carried_out: bool = False) -> None:
    for _ in range(times):
        office.asterisk.fail_next(lambda effect: isinstance(effect, kind), carried_out=carried_out)


# -- effects that fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [e.LeaveBridge, e.StartMusic])
@pytest.mark.parametrize("times", [1, 3])
def test_what_fails_is_requested_again_and_the_command_waits_for_it(kind: type, times: int) -> None:
    office = Office()
    call = office.served()
    _fails(office, kind, times)
    office.ask(c.Hold, "alice", call=call.id)
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_leg_that_asterisk_loses_from_its_bridge_is_put_in_again() -> None:
    office = Office()
    call = office.served()
    together = office.hears()
    office.asterisk.lose_from_bridge("in1")
    assert office.hears() == set()
    office.is_calm()
    assert office.hears() == together != set()
    for reported in (s.LegLostFromBridge("in1", "elsewhere"), s.LegLostFromBridge("nobody", call.bridge)):
        assert office.switch.handle(reported, office.now) == []


def test_a_leg_that_was_taken_out_meanwhile_is_not_put_in_again() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    assert office.switch.handle(s.LegLostFromBridge("in1", call.bridge), office.now) == []


def test_a_leg_that_does_nothing_that_is_requested_of_it_is_given_up_and_the_command_refused() -> None:
    office = Office()
    call = office.served()
    _fails(office, e.StartMusic, 9)
    name = office.command(c.Hold, "alice", call=call.id)
    office.is_calm()
    assert office.refusals[name].code == "asterisk_unavailable"
    assert not office.switch.calls


def test_a_leg_is_not_given_up_for_an_asterisk_that_stands_still_and_the_command_is_answered() -> None:
    office = Office()
    call = office.served()
    _fails(office, e.StartMusic, 9, carried_out=True)
    held = office.ask(c.Hold, "alice", call=call.id)
    assert held is not None
    assert office.music() == {"in1"}
    office.is_calm()


def test_a_leg_of_which_nothing_is_ever_answered_is_given_up_and_nobody_knows_what_was_done() -> None:
    office = Office()
    call = office.served()
    _fails(office, e.StartMusic, 20, carried_out=True)
    name = office.command(c.Hold, "alice", call=call.id)
    office.is_calm()
    assert office.refusals[name].code == "unknown_outcome"
    assert not office.switch.calls


@pytest.mark.parametrize("carried_out", [True, False])
def test_digits_are_never_sent_twice_the_command_is_refused(carried_out: bool) -> None:
    office = Office()
    call = office.served()
    _fails(office, e.PlayDtmf, carried_out=carried_out)
    code = "unknown_outcome" if carried_out else "asterisk_unavailable"
    assert office.refused(c.SendDtmf, "alice", call=call.id, digits="1") == code
    assert office.asterisk.world.channels["in1"].digits == ("1" if carried_out else "")
    office.is_calm()


@pytest.mark.parametrize("kind", [e.CreateLeg, e.DialLeg])
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_phone_that_cannot_be_rung_counts_as_unavailable_and_is_hung_up_all_the_same(
    kind: type, carried_out: bool
) -> None:
    office = Office()
    call = office.served()
    _fails(office, kind, carried_out=carried_out)
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    office.is_calm()
    offer = office.only_call().offer
    assert offer is not None
    assert offer.state is OfferState.UNAVAILABLE
    assert office.music() == {"in1"}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_bridge_that_could_not_be_made_is_made_again_with_everybody_in_it(times: int, carried_out: bool) -> None:
    office = Office()
    _fails(office, e.CreateBridge, times, carried_out=carried_out)
    office.served()
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_bridge_that_can_never_be_made_ends_the_call() -> None:
    office = Office()
    _fails(office, e.CreateBridge, 4)
    office.arrives("agent", "alice", leg="in1")
    office.is_calm()
    assert not office.switch.calls
    assert not office.asterisk.world.channels


def test_a_bridge_of_no_call_that_could_not_be_made_is_not_missed() -> None:
    office = Office()
    office.served()
    office.switch.state.in_flight[999] = e.CreateBridge(999, "gone")
    assert office.happens(s.EffectFailed(999, "refused")) == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_hang_up_that_failed_is_repeated(times: int) -> None:
    office = Office()
    call = office.served()
    _fails(office, e.HangUp, times)
    office.command(c.Release, "alice", call=call.id)
    office.settle()
    assert not office.asterisk.world.channels
    assert not office.switch.calls


def test_a_hang_up_that_always_fails_gives_the_leg_up_in_the_end() -> None:
    office = Office()
    office.served()
    leg = office.leg_of("alice")
    for number in range(4):
        office.switch.state.in_flight[900 + number] = e.HangUp(900 + number, leg)
        office.feed(s.EffectFailed(900 + number, "refused"))
    assert leg not in office.switch.legs


def test_a_hang_up_of_a_channel_nobody_remembers_is_repeated_all_the_same() -> None:
    office = Office()
    office.switch.state.in_flight[900] = e.HangUp(900, "gone", answered_elsewhere=True)
    assert office.happens(s.EffectFailed(900, "refused")) == ["HangUp gone elsewhere"]
    office.switch.state.in_flight[900] = e.StartMusic(900, "gone", "default")
    assert office.happens(s.EffectFailed(900, "refused")) == []


def test_a_prompt_that_cannot_be_played_does_not_keep_the_caller() -> None:
    office = Office()
    _fails(office, e.Announce)
    office.arrives("agent", "nobody", leg="in1")
    office.is_calm()
    assert not office.asterisk.world.channels


@pytest.mark.parametrize("kind", [e.StopRinging, e.DestroyBridge])
def test_what_matters_to_nobody_any_more_may_fail(kind: type) -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    _fails(office, kind)
    office.ask(c.Cancel, "alice", call=call.id)
    office.command(c.Clear, "alice", call=call.id)
    office.settle()
    assert not office.switch.calls


def test_a_failure_because_the_channel_is_gone_leaves_the_rest_to_its_end() -> None:
    office = Office()
    call = office.served()
    name = office.command(c.Hold, "alice", call=call.id)
    (numbers,) = [p.effects for p in office.switch.state.pending.values()]
    for number in numbers:
        assert office.happens(s.EffectFailed(number, "gone", gone=True)) == []
    assert name in office.replies


def test_results_of_effects_that_nobody_requested_are_ignored() -> None:
    office = Office()
    office.served()
    assert office.happens(s.EffectDone(4711)) == []
    assert office.happens(s.EffectFailed(4711, "what")) == []


def test_late_facts_of_legs_that_are_gone_or_known_change_nothing() -> None:
    office = Office()
    office.served()
    leg = office.leg_of("alice")
    for fact in (
        s.LegRinging("gone"),
        s.LegAnswered("gone"),
        s.LegGone("gone"),
        s.LegRinging(leg),
        s.LegAnswered(leg),
        s.LegCreated(leg),
        s.AnnouncementFinished("gone", "a"),
        s.AnnouncementFinished(leg, "a"),
    ):
        assert office.happens(fact) == [], fact
        office.is_calm()


def test_a_channel_given_up_before_it_was_there_is_hung_up_when_it_comes() -> None:
    office = Office()
    assert office.happens(s.LegCreated("gone")) == ["HangUp gone"]
    call = office.served()
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    leg = office.outside_leg()
    office.command(c.Cancel, "alice", call=call.id)
    assert office.happens(s.LegCreated(leg)) == [f"HangUp {leg}"]


def test_an_answer_that_crosses_the_cancel_changes_nothing_s15() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    leg = office.outside_leg()
    office.command(c.Cancel, "alice", call=call.id)
    assert office.happens(s.LegAnswered(leg)) == []
    assert office.happens(s.LegRinging(leg)) == []
    office.is_calm()


# -- faults of ours ---------------------------------------------------------------------------------------------------


def _two_callers() -> Office:
    office = Office()
    office.served("alice", "in1")
    office.served("bob", "in2")
    return office


def _breaks(*_args: object, **_fields: object) -> None:
    raise ZeroDivisionError("of ours")


def test_a_broken_command_is_refused_and_releases_what_it_touched_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    office = _two_callers()
    first = next(iter(office.switch.calls))
    with monkeypatch.context() as patch:
        patch.setattr(invariants, "violations", lambda step, call: ["it cannot be"])
        name = office.command(c.Hold, "alice", call=first)
    office.settle()
    assert office.refusals[name].code == "internal"
    assert office.alarms == [f"{first}: Hold: InvariantBroken: {first}: it cannot be"]
    assert office.hears() == hear_each_other("bob", "in2")
    assert "in1" not in office.asterisk.world.channels
    assert office.agents.activity == {"bob": "on_call"}


def test_a_fault_that_touched_nothing_is_reported_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    office = _two_callers()
    with monkeypatch.context() as patch:
        patch.setattr(legs, "held_by_phone", _breaks)
        effects = office.feed(s.LegHeldByPhone("in1"))
    assert effects == [e.ReportFault(None, "LegHeldByPhone: ZeroDivisionError: of ours")]
    assert len(office.switch.calls) == 2


def test_what_is_due_and_refused_is_a_fault_for_dropped_it_would_be_due_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()

    def refuse(step: Step, call: Call) -> None:
        step.touch(call.id)
        raise Refused(Code.NOT_FOUND, "there is no such call")

    with monkeypatch.context() as patch:
        patch.setattr(offers, "timed_out", refuse)
        call = office.only_call()
        office.pass_time()
    assert office.alarms == [f"{call.id}: TimePassed: Refused: there is no such call"]
    assert not office.switch.calls
    assert how(office) == ("system", "fault")


def test_a_leg_that_is_gone_is_gone_also_when_its_going_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    office = _two_callers()
    with monkeypatch.context() as patch:
        patch.setattr(parties, "end_if_over", _breaks)
        office.asterisk.hang_up("in1")
        office.settle()
    office.settle()
    assert "in1" not in office.switch.legs
    assert office.hears() == hear_each_other("bob", "in2")
    assert set(office.asterisk.world.channels) == set(office.switch.legs)


def test_a_fault_while_a_phone_rings_stops_the_ringing_and_frees_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    with monkeypatch.context() as patch:
        patch.setattr(offers, "accept", _breaks)
        office.asterisk.answer(office.leg_of("alice"))
        office.settle()
    assert office.alarms
    office.settle()
    assert set(office.asterisk.world.channels) == set(office.switch.legs)


# -- steps and stories ------------------------------------------------------------------------------------------------


def test_a_step_does_not_change_an_offer_that_is_not_there() -> None:
    office = Office()
    call = office.served()
    step = Step(office.switch.state, office.directory, office.now)
    step.put_call(call.id, offer=None)
    with pytest.raises(AssertionError):
        step.put_offer(call.id, state=OfferState.BUSY)


def test_a_story_tells_stimuli_and_effects_in_their_order() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    reported = office.switch.stories.of(call.id)
    assert reported is not None
    words = [entry.what for entry in reported]
    assert words[0] == "ChannelArrived"
    at = words.index("Hold")
    assert words[at : at + 3] == ["Hold", "LeaveBridge", "StartMusic"]
    assert {entry.kind for entry in reported} == {"stimulus", "effect"}
    assert office.switch.stories.of("none") is None


def test_stories_are_bounded_in_length_and_in_number() -> None:
    stories = Stories()
    nothing: tuple[Reads, Directory, dict[tuple[str, Hashable], object]] = Reads("c", 1, True), directory(), {}
    for number in range(501):
        stories.add({f"c{number}": False}, float(number), number, [], *nothing)
    assert stories.of("c0") is None
    assert stories.of("c500") is not None
    stories.add({"c500": False}, 1.0, "all at once", range(1000), *nothing)
    story = stories.of("c500")
    assert story is not None
    assert (len(story), story[-1].detail) == (400, 999)


def test_only_so_many_calls_that_are_over_are_remembered() -> None:
    office = Office()
    for number in range(260):
        office.feed(s.ChannelArrived(f"in{number}", "carrier", "agent", ("alice",)))
        office.feed(s.LegGone(f"in{number}"))
        office.inbox.clear()
        office.agents.activity.clear()
    assert len(office.switch._over) == 256


def test_a_machine_that_was_never_linked_asks_asterisk_nothing() -> None:
    switch = Switch(directory(), "x")
    switch.handle(s.ChannelArrived("in1", "carrier", "group", ("support",)), 0.0)
    assert switch.state.in_flight == {}
