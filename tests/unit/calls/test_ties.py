"""Two calls of one agent at different Asterisks become one, by a tie between the two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.effects import AnswerLeg, ArrivalRefused, CreateLeg, HangUp
from ari_app.calls.model import EndReason, Identity, Outside, PartyRole, Withheld
from ari_app.records.projector import record_of
from ari_app.routing.entries import Fault
from tests.support.office import hear_each_other
from tests.support.tied import Tied
from tests.support.world import to

BOB = to("agent:bob")


def test_the_contact_of_the_one_call_is_in_the_other_and_all_hear_each_other() -> None:
    both = Tied()
    here, tie = both.merged()
    assert both.hears() == hear_each_other("alice", "in1", "out1")
    assert not both.music()
    assert list(both.a.switch.calls) == [here]
    assert both.b.switch.calls[tie].tie is not None
    assert both.b.switch.calls[tie].party_of("alice") is None
    assert [p.identity for p in both.a.switch.calls[here].joined() if p.agent is None] == [both_callers(both, here)] * 2
    both.is_calm()


def both_callers(both: Tied, here: str) -> Identity:
    return next(p.identity for p in both.a.switch.calls[here].joined() if p.role is PartyRole.CONTACT)


def test_nothing_is_heard_of_it_before_the_other_asterisk_has_answered() -> None:
    both = Tied()
    here, there = both.two_calls()
    both.b.ask(c.Hold, "alice", call=there)
    both.b.ask(c.Retrieve, "alice", call=there)
    before = both.hears()
    name = both.awaited(here, there)
    both.edge.unreachable.add("a")
    command = both.handed_over(there, name)
    both.settle()
    assert both.hears() == before
    assert command not in both.b.replies
    assert both.b.refused(c.PrepareTie, "alice", call=there, tie="another", to="a") == "not_allowed_now"
    both.edge.unreachable.clear()
    both.settle()
    assert command in both.b.replies
    assert both.hears() == hear_each_other("alice", "in1", "out1")
    both.is_calm()


def test_the_call_that_was_left_is_over_as_merged_and_the_tie_is_in_no_list() -> None:
    both = Tied()
    here, there = both.two_calls()
    both.handed_over(there, both.awaited(here, there))
    both.settle()
    over = both.b.switch._over[there]
    assert (over.end_reason, over.ended_by) == (EndReason.MERGED, "agent:alice")
    record = record_of(over)
    assert record is not None
    assert record.agents == ("alice",)


def test_hold_mute_and_deafen_are_those_of_the_call_that_goes_on() -> None:
    both = Tied()
    here, _ = both.merged()
    party = both.tie_party(here)
    both.a.ask(c.HoldParty, "alice", call=here, party=party)
    both.settle()
    assert both.hears() == hear_each_other("alice", "in1")
    assert both.music() == {"out1"}
    both.a.ask(c.RetrieveParty, "alice", call=here, party=party)
    both.a.ask(c.MuteParty, "alice", call=here, party=party)
    both.settle()
    assert both.hears() == hear_each_other("alice", "in1") | {("out1", "alice"), ("out1", "in1")}
    both.a.ask(c.DeafenParty, "alice", call=here, party=party)
    both.settle()
    assert both.hears() == hear_each_other("alice", "in1")
    both.is_calm()


def test_what_the_agent_had_muted_stays_so_and_what_is_attached_is_in_the_one_call() -> None:
    both = Tied()
    here, there = both.two_calls()
    (who,) = [p for p in both.b.switch.calls[there].joined() if p.agent is None]
    both.b.ask(c.ChangeUserData, "alice", call=there, changes={"k": "there", "only": "there"})
    both.a.ask(c.ChangeUserData, "alice", call=here, changes={"k": "here"})
    both.b.ask(c.MuteParty, "alice", call=there, party=who.id)
    both.b.ask(c.DeafenParty, "alice", call=there, party=who.id)
    both.handed_over(there, both.awaited(here, there))
    both.settle()
    call = both.a.switch.calls[here]
    party = call.parties[both.tie_party(here)]
    assert (party.muted, party.deaf) == (True, True)
    assert call.user_data == {"k": "here", "only": "there"}
    assert both.hears() == hear_each_other("alice", "in1")
    both.a.ask(c.UnmuteParty, "alice", call=here, party=party.id)
    both.a.ask(c.UndeafenParty, "alice", call=here, party=party.id)
    assert both.hears() == hear_each_other("alice", "in1", "out1")
    both.is_calm()


def test_both_calls_are_off_hold() -> None:
    both = Tied()
    here, there = both.two_calls()
    both.a.ask(c.Hold, "alice", call=here)
    both.b.ask(c.Hold, "alice", call=there)
    both.handed_over(there, both.awaited(here, there))
    both.settle()
    assert both.hears() == hear_each_other("alice", "in1", "out1")
    assert not both.music()


def test_a_call_that_was_recorded_is_recorded_on_where_it_goes_on() -> None:
    both = Tied()
    here, there = both.two_calls()
    both.b.ask(c.StartRecording, "alice", call=there)
    both.handed_over(there, both.awaited(here, there))
    both.settle()
    assert both.a.switch.calls[here].recording is not None
    assert all(call.recording is None for call in both.b.switch.calls.values())


@pytest.mark.parametrize("who", ["in1", "out1", "alice"])
def test_whoever_leaves_is_gone_and_the_others_talk_on(who: str) -> None:
    both = Tied()
    here, _ = both.merged()
    for world in (both.a, both.b):
        world.hangs_up(who)
    both.settle()
    if who == "alice":  # nobody outside is left to talk to each other
        assert not both.hears()
        assert not both.a.switch.calls
    else:
        left = {"in1", "out1"} - {who}
        assert both.hears() == hear_each_other("alice", *left)
        both.a.ask(c.Clear, "alice", call=here)
        both.settle()
    assert not both.b.switch.calls
    both.is_calm()


def test_an_agent_to_whom_the_call_is_transferred_talks_with_all() -> None:
    both = Tied()
    here, _ = both.merged()
    both.a.command(c.SingleStepTransfer, "alice", call=here, target=BOB)
    both.a.settle()
    both.a.picks_up("bob")
    both.settle()
    assert both.hears() == hear_each_other("bob", "in1", "out1")
    both.is_calm()


# -- what fails -------------------------------------------------------------------------------------------------------


def test_a_tie_that_nobody_answers_is_given_up_and_nothing_has_changed() -> None:
    both = Tied()
    here, there = both.two_calls()
    before = both.hears()
    name = both.awaited(here, there)
    both.edge.unreachable.add("a")
    command = both.handed_over(there, name)
    both.settle()
    both.b.pass_time()
    both.settle()
    assert both.b.refusals[command].code == "asterisk_unavailable"
    assert both.hears() == before
    both.contact_is_where_they_were(there)
    both.a.pass_time(11)
    assert both.a.switch.calls[here].awaits is None
    both.is_calm()


def test_a_tie_that_the_other_asterisk_refuses_is_refused_at_once() -> None:
    both = Tied()
    _here, there = both.two_calls()
    command = both.handed_over(there, "nobody-awaits-that")
    both.b.settle()
    (leg,) = [leg.id for leg in both.b.switch.legs.values() if leg.tie]
    both.b.asterisk.hang_up(leg, 21)
    both.settle()
    assert both.b.refusals[command].code == "asterisk_unavailable"
    both.contact_is_where_they_were(there)
    both.is_calm()


def test_a_tie_whose_channel_cannot_be_made_is_refused() -> None:
    both = Tied()
    here, there = both.two_calls()
    name = both.awaited(here, there)
    both.b.asterisk.fail_next(lambda effect: isinstance(effect, CreateLeg), "no such endpoint")
    command = both.handed_over(there, name)
    both.settle()
    assert both.b.refusals[command].code == "asterisk_unavailable"
    both.contact_is_where_they_were(there)
    both.is_calm()


def test_who_comes_with_a_name_that_nobody_awaits_is_not_let_in() -> None:
    both = Tied()
    both.two_calls()
    for args in ((), ("unknown",)):
        effects = both.a.feed(s.ChannelArrived("stranger", "tie", "tie", args))
        assert [type(effect) for effect in effects][:2] == [ArrivalRefused, HangUp]
        (refused,) = [effect for effect in effects if isinstance(effect, ArrivalRefused)]
        assert (refused.fault, refused.argument) == (Fault.UNKNOWN_TIE, "")


def test_a_name_is_good_once() -> None:
    both = Tied()
    here, there = both.two_calls()
    name = both.awaited(here, there)
    both.handed_over(there, name)
    both.settle()
    again = both.a.feed(s.ChannelArrived("again", "tie", "tie", (name,)))
    assert not [effect for effect in again if isinstance(effect, AnswerLeg)]
    assert len(both.a.switch.calls[here].joined()) == 3


@pytest.mark.parametrize("leaves", ["in1", "alice"])
def test_a_tie_that_comes_when_nobody_can_be_joined_any_more_changes_nothing(leaves: str) -> None:
    both = Tied()
    here, there = both.two_calls()
    command = both.handed_over(there, both.awaited(here, there))
    both.b.settle()
    both.a.hangs_up(leaves)
    both.settle()
    assert command in both.b.refusals
    both.contact_is_where_they_were(there)
    both.is_calm()


@pytest.mark.parametrize("leaves", ["out1", "alice"])
def test_a_tie_is_given_up_with_the_call_that_it_is_dialled_for(leaves: str) -> None:
    both = Tied()
    here, there = both.two_calls()
    command = both.handed_over(there, both.awaited(here, there))
    both.b.settle()
    both.b.hangs_up(leaves)
    both.settle()
    assert command in both.b.refusals
    assert not both.b.switch.calls
    assert len(both.a.switch.calls[here].joined()) == 2
    both.is_calm()


def test_who_is_being_transferred_when_the_tie_is_answered_stays() -> None:
    both = Tied()
    here, there = both.two_calls()
    command = both.handed_over(there, both.awaited(here, there))
    both.b.settle()
    both.b.command(c.SingleStepTransfer, "alice", call=there, target=BOB)
    both.settle()
    assert command in both.b.refusals
    assert set(both.b.switch.calls) == {there}
    assert len(both.a.switch.calls[here].joined()) == 2
    both.b.picks_up("bob")
    assert both.b.hears() == hear_each_other("bob", "out1")
    both.is_calm()


def test_an_answer_that_comes_as_the_tie_is_given_up_leaves_the_contact_where_they_are() -> None:
    both = Tied()
    here, there = both.two_calls()
    command = both.handed_over(there, both.awaited(here, there))
    both.b.settle()
    both.edge.carries()
    both.a.settle()
    both.edge.carries()
    assert len(both.a.switch.calls[here].joined()) == 3
    both.b.now += 4
    both.b.feed(s.TimePassed())
    both.settle()
    assert command in both.b.refusals
    assert len(both.a.switch.calls[here].joined()) == 2
    both.contact_is_where_they_were(there)
    both.is_calm()


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_call_in_which_somebody_is_rung_is_neither_joined_nor_left() -> None:
    both = Tied()
    here, there = both.two_calls()
    for world, call in ((both.a, here), (both.b, there)):
        world.command(c.SingleStepTransfer, "alice", call=call, target=BOB)
        world.settle()
    (who,) = [p for p in both.b.switch.calls[there].joined() if p.agent is None]
    assert both.a.refused(c.AwaitTie, "alice", call=here, tie="x", merge="m", who=who) == "not_allowed_now"
    assert both.b.refused(c.PrepareTie, "alice", call=there, tie="x", to="a") == "not_allowed_now"
    assert both.a.refused(c.AwaitTie, "carol", call=here, tie="x", merge="m", who=who) == "not_found"


def test_an_agent_whose_phone_was_hung_up_takes_nobody_along_for_they_are_not_there() -> None:
    both = Tied()
    _here, there = both.two_calls()
    both.b.ask(c.Hold, "alice", call=there)
    both.b.hangs_up("alice")
    assert both.b.refused(c.PrepareTie, "alice", call=there, tie="x", to="a") == "not_allowed_now"


def test_a_colleague_is_not_taken_along() -> None:
    both = Tied()
    _here, _there = both.two_calls()
    made = both.b.ask(c.MakeCall, "carol", target=BOB).id
    both.b.picks_up("carol")
    both.b.picks_up("bob")
    assert both.b.refused(c.PrepareTie, "carol", call=made, tie="x", to="a") == "not_allowed_now"


def test_a_conference_that_is_full_is_not_joined() -> None:
    both = Tied(max_parties=2)
    here, there = both.two_calls()
    (who,) = [p for p in both.b.switch.calls[there].joined() if p.agent is None]
    assert both.a.refused(c.AwaitTie, "alice", call=here, tie="x", merge="m", who=who) == "not_allowed_now"


def test_a_call_that_the_phone_has_on_hold_by_its_key_is_not_joined_for_nobody_could_be_heard() -> None:
    both = Tied()
    here, there = both.two_calls()
    both.a.asterisk.press_hold(both.a.leg_of("alice"))
    both.a.settle()
    (who,) = [p for p in both.b.switch.calls[there].joined() if p.agent is None]
    assert both.a.refused(c.AwaitTie, "alice", call=here, tie="x", merge="m", who=who) == "not_allowed_now"


def test_more_attached_data_than_one_call_may_have_is_refused() -> None:
    both = Tied()
    here, there = both.two_calls()
    (who,) = [p for p in both.b.switch.calls[there].joined() if p.agent is None]
    data = {"k": "x" * (both.a.directory.settings.max_user_data + 1)}
    assert both.a.refused(c.AwaitTie, "alice", call=here, tie="x", merge="m", who=who, user_data=data) == "invalid"


def test_a_tie_is_not_dialled_that_was_not_prepared_or_has_been_given_up() -> None:
    both = Tied()
    _here, there = both.two_calls()
    assert both.b.refused(c.HandOver, "alice", call=there, tie="x") == "not_allowed_now"
    both.prepared(there, "x")
    both.b.pass_time()
    assert both.b.refused(c.HandOver, "alice", call=there, tie="x") == "not_allowed_now"
    both.contact_is_where_they_were(there)
    both.is_calm()


# -- discretion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("see", [False, True])
def test_who_is_withheld_is_withheld_in_the_other_call_too(see: bool) -> None:
    both = Tied(agents_see_withheld=see)
    here, there = both.two_calls()
    (who,) = [p for p in both.b.switch.calls[there].joined() if p.agent is None]
    who = replace(who, identity=Identity(anonymous=True), withheld=Withheld("Zoé", "+33611111111"))
    both.handed_over(there, both.awaited(here, there, who=who))
    both.settle()
    party = both.a.switch.calls[here].parties[both.tie_party(here)]
    assert party.identity == Identity(anonymous=True)
    assert party.withheld == (Withheld("Zoé", "+33611111111") if see else None)


def test_a_tie_is_dialled_by_its_name_at_the_asterisk_that_awaits_it() -> None:
    both = Tied()
    here, there = both.two_calls()
    both.handed_over(there, both.awaited(here, there))
    (made,) = [effect for effect in both.b.effects if isinstance(effect, CreateLeg)]
    assert made.destination == Outside("tie+a+name1", "tie")
    assert not made.identity.known
