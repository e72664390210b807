"""Several calls of one agent, and a phone that was hung up with a call on hold (S45-S47, S13)."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Phone
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _two_calls(office: Office) -> tuple[str, str]:
    """A contact on hold, and a talk with bob."""
    first = office.served()
    second = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("bob")
    return first.id, second.id


def _kept(office: Office) -> str:
    """A contact on hold whose agent hung their phone up."""
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    return call.id


def test_a_new_call_puts_the_active_one_on_hold_and_uses_the_phone_that_is_up_s45() -> None:
    office = Office()
    call = office.served()
    requested = office.do(c.MakeCall, "alice", target=AWAY)
    assert requested == [
        f"CreateLeg {office.outside_leg()}",
        "LeaveBridge in1",
        "StartMusic in1",
        "CreateBridge bridge",
        "JoinBridge alice",
        "StartRinging alice",
    ]
    office.answers_outside()
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.hears() == hear_each_other("alice", office.outside_leg())
    assert office.switch.calls[call.id].offering() is None


def test_the_new_call_belongs_to_nothing_of_the_first_s45() -> None:
    office = Office()
    first, second = _two_calls(office)
    assert office.switch.calls[second].parent is None
    assert not {"complete_transfer", "complete_conference"} & set(office.seen("alice", second).actions)
    office.hangs_up("bob")
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}


def test_retrieving_the_first_puts_the_other_on_hold_s46() -> None:
    office = Office()
    first, second = _two_calls(office)
    assert office.do(c.Retrieve, "alice", call=first) == [
        "StopMusic in1",
        "JoinBridge in1",
        "JoinBridge alice",
        "LeaveBridge bob",
        "StartMusic bob",
    ]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.music() == {"bob"}
    office.ask(c.Retrieve, "alice", call=second)
    assert office.hears() == hear_each_other("alice", "bob")
    assert office.music() == {"in1"}


def test_every_action_works_on_one_call_while_the_other_is_held_s46() -> None:
    office = Office()
    first, second = _two_calls(office)
    office.ask(c.SingleStepTransfer, "alice", call=first, target=to("agent:carol"))
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("carol", "in1") | hear_each_other("alice", "bob")
    office.ask(c.SingleStepConference, "alice", call=second, target=to("agent:dave"))
    office.picks_up("dave")
    office.is_calm()
    assert office.hears() == hear_each_other("carol", "in1") | hear_each_other("alice", "bob", "dave")


def test_a_contact_on_hold_who_hangs_up_ends_only_that_call_s47() -> None:
    office = Office()
    _first, second = _two_calls(office)
    office.hangs_up("in1")
    office.is_calm()
    assert list(office.switch.calls) == [second]
    assert office.hears() == hear_each_other("alice", "bob")


def test_releasing_one_call_leaves_the_phone_up_for_the_other_s46() -> None:
    office = Office()
    first, second = _two_calls(office)
    requested = office.do(c.Release, "alice", call=second)
    assert "HangUp alice" not in requested
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    assert office.agents.activity == {"alice": "on_call"}


def test_releasing_the_held_call_does_not_touch_the_talk_s46_s47() -> None:
    office = Office()
    first, second = _two_calls(office)
    assert office.do(c.Release, "alice", call=first) == ["HangUp in1", "DestroyBridge bridge"]
    office.is_calm()
    assert list(office.switch.calls) == [second]
    assert office.hears() == hear_each_other("alice", "bob")


def test_no_more_calls_than_the_administrator_allows_s45() -> None:
    office = Office("bob", "carol")
    office.served()
    for number in ("agent:bob", "agent:carol"):
        office.ask(c.MakeCall, "alice", target=to(number))
    assert office.refused(c.MakeCall, "alice", target=AWAY) == "too_many"


def test_no_new_call_while_the_phone_rings_s45() -> None:
    office = Office()
    office.arrives("agent", "alice")
    office.settle()
    assert office.refused(c.MakeCall, "alice", target=AWAY) == "not_allowed_now"


def test_the_phone_hung_up_keeps_the_held_call_and_the_contact_keeps_their_music_s13() -> None:
    office = Office()
    call = _kept(office)
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"
    assert office.switch.next_deadline() == office.now + 60.0
    assert office.switch.calls[call].owner == "alice"
    assert office.party(office.switch.calls[call], "alice").away
    assert office.agents.activity == {"alice": "on_call"}


def test_retrieve_rings_the_phone_that_was_hung_up_and_is_answered_when_it_is_up_s13() -> None:
    office = Office()
    call = _kept(office)
    name = office.command(c.Retrieve, "alice", call=call)
    assert office.requests() == ["CreateLeg alice"]
    (create,) = [x for x in office.effects if isinstance(x, e.CreateLeg)]
    assert create.auto_answer
    assert (create.identity.name, create.identity.number) == ("Zoé Caller", "+33612345678")
    assert create.destination == Phone("1001")
    office.settle()
    assert name not in office.replies
    assert office.music() == {"in1"}
    assert office.switch.calls[call].recall_at is None
    office.picks_up("alice")
    office.is_calm()
    assert office.replies[name] is not None
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.next_deadline() is None


def test_the_kept_call_rings_its_agent_by_itself_after_the_recall_time_s13() -> None:
    office = Office(recall=30.0)
    call = _kept(office)
    office.pass_time(29.0)
    assert office.requests() == []
    office.pass_time(1.0)
    assert office.requests() == ["CreateLeg alice"]
    office.settle()
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call].recall_at is None


def test_a_recall_not_answered_is_tried_again_s13() -> None:
    office = Office(recall=30.0)
    call = _kept(office)
    office.pass_time()
    office.settle()
    office.hangs_up("alice", 19)
    assert office.switch.calls[call].recall_at == office.now + 30.0
    office.is_calm()


def test_a_recall_waits_while_the_agent_talks_in_another_call_s13_s46() -> None:
    office = Office("alice", "bob", recall=30.0)
    call = _kept(office)
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.pass_time()
    assert office.requests() == []
    assert office.switch.calls[call].recall_at == office.now + 30.0
    office.ask(c.Retrieve, "alice", call=call)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.music() == {"bob"}
    assert office.switch.next_deadline() is None


def test_a_kept_contact_who_hangs_up_ends_the_call_and_nobody_is_rung_s47() -> None:
    office = Office()
    _kept(office)
    office.hangs_up("in1")
    office.is_calm()
    assert not office.switch.calls
    assert office.switch.next_deadline() is None
    assert not office.agents.activity


def test_a_call_between_colleagues_is_not_kept_for_one_who_hangs_up_on_hold_s41() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.is_calm()
    assert not office.switch.calls


def test_a_contact_who_was_not_on_hold_is_released_when_the_agent_hangs_up_s39() -> None:
    office = Office()
    office.served()
    office.hangs_up("alice")
    office.is_calm()
    assert not office.switch.calls


def test_no_call_is_made_while_the_phone_rings_for_one_that_is_wanted_back_s13_s45() -> None:
    office = Office()
    call = _kept(office)
    office.command(c.Retrieve, "alice", call=call)
    office.settle()
    assert office.refused(c.MakeCall, "alice", target=to("agent:bob")) == "not_allowed_now"


def test_a_held_call_wanted_back_while_the_phone_rings_for_a_new_one_comes_first_s13_s46() -> None:
    office = Office()
    call = _kept(office)
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    name = office.command(c.Retrieve, "alice", call=call)
    office.is_calm()
    assert name not in office.replies
    office.picks_up("alice")
    office.picks_up("bob")
    office.is_calm()
    assert name in office.replies
    assert office.hears() == hear_each_other("alice", "in1")
    second = next(x for x in office.switch.calls if x != call)
    office.ask(c.Retrieve, "alice", call=second)
    assert office.hears() == hear_each_other("alice", "bob")
    assert office.music() == {"in1"}


def test_a_phone_rung_anew_that_is_muted_and_deaf_is_so_from_the_first_word_s13_s31() -> None:
    office = Office()
    call = _kept(office)
    party = office.party(office.switch.calls[call], "alice").id
    for kind in (c.MuteParty, c.DeafenParty):
        office.ask(kind, "alice", call=call, party=party)
    office.asterisk.executed.clear()
    office.command(c.Retrieve, "alice", call=call)
    office.settle()
    done = [x for x in map(office.described, office.asterisk.executed) if x.endswith("alice") or "SetMute" in x]
    assert done == ["CreateLeg alice", "JoinBridge alice", "DialLeg alice"]
    office.picks_up("alice")
    office.is_calm()
    assert not office.hears()
    assert not office.music()


def test_the_colleague_who_called_hears_music_when_the_one_called_turns_to_another_call_s45() -> None:
    office = Office("alice", "bob")
    office.ask(c.MakeCall, "bob", target=to("agent:alice"))
    office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.picks_up("carol")
    office.is_calm()
    assert office.music() == {"bob"}
    assert office.hears() == hear_each_other("alice", "carol")


def test_no_digits_go_to_an_agent_who_is_away_s35() -> None:
    office = Office()
    call = _kept(office)
    office.command(c.Retrieve, "alice", call=call)
    office.settle()
    party = office.party(office.switch.calls[call], "alice").id
    assert office.refused(c.SendDtmf, "alice", call=call, digits="1", party=party) == "not_allowed_now"


def test_both_calls_of_a_phone_that_is_hung_up_the_held_one_is_kept_s47() -> None:
    office = Office()
    first, _second = _two_calls(office)
    office.hangs_up("alice")
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    office.pass_time()
    office.settle()
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_phone_that_dials_by_hand_while_a_call_is_up_puts_that_on_hold_s45() -> None:
    office = Office("bob")
    call = office.served()
    office.arrives("dial", "1002", leg="second", endpoint="1001")
    office.is_calm()
    assert office.music() == {"in1", "alice"}  # the phone's first line is on hold, the second talks
    assert office.hears() == hear_each_other("alice", "bob")
    office.ask(c.Retrieve, "alice", call=call.id)
    office.is_calm()
    assert office.music() == {"bob", "alice"}
    assert office.hears() == hear_each_other("alice", "in1")


def test_who_dials_by_hand_while_their_phone_is_rung_for_a_kept_call_is_rung_for_it_later_s13_s45() -> None:
    office = Office("bob", recall=30.0)
    call = _kept(office)
    office.pass_time()
    office.settle()
    rung = office.leg_of("alice", call)
    office.now += 5.0
    office.arrives("dial", "1002", leg="own", endpoint="1001")
    office.is_calm()
    assert rung not in office.asterisk.world.channels
    assert office.switch.calls[call].recall_at == office.now + 30.0
    assert office.music() == {"in1"}
    assert office.hears() == hear_each_other("alice", "bob")
    office.hangs_up("own")
    office.pass_time()
    office.settle()
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_an_agent_whose_phone_is_taken_out_of_the_file_is_recalled_at_the_phone_they_had_s13() -> None:
    office = Office()
    call = _kept(office)
    agents = {**office.directory.agents, "alice": replace(office.directory.agents["alice"], phone=None)}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents)))
    office.pass_time()
    (create,) = [x for x in office.effects if isinstance(x, e.CreateLeg)]
    assert create.destination == Phone("1001")
    assert office.switch.calls[call].owner == "alice"


@pytest.mark.parametrize("rings", [False, True])
def test_a_phone_that_is_off_hold_by_its_own_key_can_take_either_call_s46(rings: bool) -> None:
    office = Office()
    first, second = _two_calls(office)
    leg = office.leg_of("alice", second)
    if rings:
        office.command(c.SingleStepConference, "alice", call=second, target=to("agent:carol"))
        office.settle()
    office.asterisk.press_hold(leg)
    office.settle()
    assert "retrieve" not in office.actions("alice", office.switch.calls[first])
    office.asterisk.press_retrieve(leg)
    office.settle()
    assert "retrieve" in office.actions("alice", office.switch.calls[first])
    assert not office.party(office.switch.calls[second], "alice").held_by_phone
    office.is_calm()


def test_who_went_on_to_another_call_is_not_interrupted_when_the_number_they_dialled_declines_s40_s46() -> None:
    office = Office("carol")
    office.arrives("dial", "1002", leg="own", endpoint="1001")
    office.settle()
    second = office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.is_calm()
    office.asterisk.hang_up(office.leg_of("bob"), 21)
    office.is_calm()
    assert list(office.switch.calls) == [second.id]
    assert office.hears() == hear_each_other("alice", "carol")
