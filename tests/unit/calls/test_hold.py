"""Hold, retrieve, mute and deafen: what is requested of Asterisk, in its order (S13, S30-S33, S35)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def test_hold_takes_the_contact_out_of_the_bridge_and_then_starts_their_music_s32() -> None:
    office = Office()
    call = office.served()
    assert office.do(c.Hold, "alice", call=call.id) == ["LeaveBridge in1", "StartMusic in1"]
    office.is_calm()
    assert office.music() == {"in1"}
    assert not office.hears()
    assert office.seen("alice").state == "held"


def test_retrieve_ends_the_music_before_the_contact_is_back_in_the_bridge_s13() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    assert office.do(c.Retrieve, "alice", call=call.id) == ["StopMusic in1", "JoinBridge in1"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


@pytest.mark.parametrize(
    ("kind", "undo", "requested", "undone"),
    [
        (c.MuteParty, c.UnmuteParty, "SetMute in1 unheard hearing", "SetMute in1 heard hearing"),
        (c.DeafenParty, c.UndeafenParty, "SetMute in1 heard deaf", "SetMute in1 heard hearing"),
    ],
)
def test_mute_and_deafen_are_one_request_each_way_s30_s31(
    kind: type[c.PartyCommand], undo: type[c.PartyCommand], requested: str, undone: str
) -> None:
    office = Office()
    call = office.served()
    contact = office.party(call, "in1").id
    assert office.do(kind, "alice", call=call.id, party=contact) == [requested]
    office.is_calm()
    assert len(office.hears()) == 1
    assert office.do(undo, "alice", call=call.id, party=contact) == [undone]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_deaf_contact_on_hold_hears_the_music_and_is_deaf_again_after_s31() -> None:
    office = Office()
    call = office.served()
    contact = office.party(call, "in1").id
    office.ask(c.DeafenParty, "alice", call=call.id, party=contact)
    requested = office.do(c.Hold, "alice", call=call.id)
    assert requested == ["LeaveBridge in1", "SetMute in1 heard hearing", "StartMusic in1"]
    office.is_calm()
    requested = office.do(c.Retrieve, "alice", call=call.id)
    assert requested == ["StopMusic in1", "SetMute in1 heard deaf", "JoinBridge in1"]
    office.is_calm()
    assert office.hears() == {("alice", "in1")}


def test_mute_while_on_hold_is_kept_for_after_the_hold_s31() -> None:
    office = Office()
    call = office.served()
    contact = office.party(call, "in1").id
    office.ask(c.Hold, "alice", call=call.id)
    assert office.do(c.MuteParty, "alice", call=call.id, party=contact) == []
    office.ask(c.Retrieve, "alice", call=call.id)
    assert office.hears() == {("in1", "alice")}
    assert office.party(call, "in1").muted


def test_mute_and_deafen_and_hold_do_not_undo_each_other_s31() -> None:
    office = Office()
    call = office.served()
    contact = office.party(call, "in1").id
    for kind in (c.MuteParty, c.DeafenParty, c.HoldParty, c.UnmuteParty):
        office.ask(kind, "alice", call=call.id, party=contact)
    assert office.party(call, "in1").deaf
    office.ask(c.RetrieveParty, "alice", call=call.id, party=contact)
    assert office.hears() == {("alice", "in1")}


def _conference(office: Office) -> str:
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    office.answers_outside()
    return call.id


def test_hold_of_a_conference_gives_each_music_and_retrieve_brings_all_back_s32() -> None:
    office = Office()
    call = _conference(office)
    other = office.outside_leg()
    office.ask(c.Hold, "alice", call=call)
    assert office.music() == {"in1", other}
    assert not office.hears()
    office.ask(c.Retrieve, "alice", call=call)
    assert office.hears() == hear_each_other("alice", "in1", other)
    office.is_calm()


def test_one_party_of_a_conference_is_held_and_retrieved_alone_s33() -> None:
    office = Office()
    call = _conference(office)
    other = office.outside_leg()
    party = office.party(office.switch.calls[call], "in1").id
    assert office.do(c.HoldParty, "alice", call=call, party=party) == ["LeaveBridge in1", "StartMusic in1"]
    office.settle()
    assert office.hears() == hear_each_other("alice", other)
    assert "retrieve" in office.seen("alice", call).actions
    office.ask(c.RetrieveParty, "alice", call=call, party=party)
    assert office.hears() == hear_each_other("alice", "in1", other)
    assert office.switch.calls[call].held_since is None


def test_held_since_is_when_the_first_was_held_and_stays_until_the_last_is_back_s33() -> None:
    office = Office()
    call = _conference(office)
    party = office.party(office.switch.calls[call], "in1").id
    office.ask(c.HoldParty, "alice", call=call, party=party)
    since = office.now
    office.now += 5
    office.ask(c.Hold, "alice", call=call)
    assert office.switch.calls[call].held_since == since
    office.ask(c.RetrieveParty, "alice", call=call, party=party)
    assert office.switch.calls[call].held_since == since
    office.ask(c.Retrieve, "alice", call=call)
    assert office.switch.calls[call].held_since is None


def test_dtmf_reaches_the_contacts_or_the_one_party_named_s35() -> None:
    office = Office()
    call = _conference(office)
    other = office.outside_leg()
    party = office.party(office.switch.calls[call], "in1").id
    assert office.do(c.SendDtmf, "alice", call=call, digits="1*D#") == [
        "PlayDtmf in1 1*D#",
        f"PlayDtmf {other} 1*D#",
    ]
    assert office.do(c.SendDtmf, "alice", call=call, digits="9", party=party) == ["PlayDtmf in1 9"]
    office.is_calm()
    assert office.asterisk.world.channels["in1"].digits == "1*D#9"


def test_dtmf_between_colleagues_goes_to_the_other_and_not_to_who_presses_it_s35_s41() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    assert office.do(c.SendDtmf, "alice", call=call.id, digits="5") == ["PlayDtmf bob 5"]
    assert office.do(c.SendDtmf, "bob", call=call.id, digits="6") == ["PlayDtmf alice 6"]


def test_the_phones_hold_key_does_what_the_desktop_does_s32() -> None:
    office = Office()
    call = office.served()
    leg = office.leg_of("alice")
    assert office.happens(s.LegHeldByPhone(leg)) == ["SetMute in1 unheard hearing", "StartMusic in1"]
    office.is_calm()
    assert office.music() == {"in1"}
    assert not office.hears()
    assert office.happens(s.LegHeldByPhone(leg)) == []
    assert office.happens(s.LegRetrievedByPhone(leg)) == ["StopMusic in1", "SetMute in1 heard hearing"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.happens(s.LegRetrievedByPhone(leg)) == []
    assert not office.switch.calls[call.id].held_since
    assert office.happens(s.LegHeldByPhone(leg)) == ["SetMute in1 unheard hearing", "StartMusic in1"]


def test_the_hold_key_reported_a_second_time_does_not_undo_what_the_desktop_did_since_s32() -> None:
    office = Office("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    leg = office.leg_of("alice")
    office.asterisk.press_hold(leg)
    office.settle()
    office.ask(c.Retrieve, "bob", call=call.id)
    assert office.happens(s.LegHeldByPhone(leg)) == []
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_the_hold_key_is_of_the_call_that_the_phone_speaks_in_s32_s46() -> None:
    office = Office("bob")
    first = office.served()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    leg = office.leg_of("alice")
    assert office.happens(s.LegHeldByPhone(leg)) == ["SetMute bob unheard hearing", "StartMusic bob"]
    assert office.happens(s.LegRetrievedByPhone(leg)) == ["StopMusic bob", "SetMute bob heard hearing"]
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice", first.id).state == "held"


def test_who_is_held_by_the_phone_leaves_the_bridge_before_a_target_rings_in_it_s10() -> None:
    """The ringing would take the place of their music."""
    office = Office()
    call = office.served()
    office.happens(s.LegHeldByPhone(office.leg_of("alice")))
    office.settle()
    requested = office.do(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    assert [x for x in requested if x.endswith(("in1", "hearing"))] == [
        "StopMusic in1",
        "LeaveBridge in1",
        "SetMute in1 heard hearing",
        "StartMusic in1",
    ]
    office.is_calm()
    assert office.music() == {"in1"}


def test_the_phones_hold_key_in_a_conference_leaves_everybody_in_the_bridge_unheard_and_with_music_s32() -> None:
    """Phones hold a conference too before they transfer it."""
    office = Office()
    call = _conference(office)
    assert office.happens(s.LegHeldByPhone(office.leg_of("alice"))) == [
        "SetMute in1 unheard hearing",
        "StartMusic in1",
        f"SetMute {office.outside_leg()} unheard hearing",
        f"StartMusic {office.outside_leg()}",
    ]
    office.is_calm()
    assert office.switch.calls[call].held_since


def test_the_hold_key_released_while_a_transfer_rings_brings_nobody_back_s12() -> None:
    office = Office()
    call = office.served()
    leg = office.leg_of("alice")
    office.asterisk.press_hold(leg)
    office.settle()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    office.asterisk.press_retrieve(leg)
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_caller_on_hold_at_their_own_phone_holds_nobody_s32() -> None:
    office = Office()
    office.served()
    for fact in (s.LegHeldByPhone("in1"), s.LegRetrievedByPhone("in1"), s.LegHeldByPhone("nobody")):
        assert office.happens(fact) == []
    office.happens(s.LegRetrievedByPhone("nobody"))
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_media_that_are_unknown_are_requested_anew_all_of_them_s31() -> None:
    office = Office()
    office.served()
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.executed.clear()
    office.asterisk.restore_link()
    office.settle()
    done = [office.described(effect) for effect in office.asterisk.executed if "in1" in office.described(effect)]
    assert done == ["StopMusic in1", "StopRinging in1", "SetMute in1 heard hearing", "JoinBridge in1"]
    assert office.hears() == hear_each_other("alice", "in1")


def test_music_that_is_unknown_is_started_anew_without_being_stopped_s32() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.executed.clear()
    office.asterisk.restore_link()
    office.settle()
    done = [office.described(effect) for effect in office.asterisk.executed if "in1" in office.described(effect)]
    assert done == ["StopRinging in1", "LeaveBridge in1", "SetMute in1 heard hearing", "StartMusic in1"]
    office.is_calm()


def test_of_a_ringing_phone_the_bridge_alone_is_requested_for_asterisk_refuses_the_rest_s31() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    leg = office.leg_of("alice")
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.executed.clear()
    office.asterisk.restore_link()
    office.settle()
    assert [x for x in map(office.described, office.asterisk.executed) if "alice" in x] == ["JoinBridge alice"]
    assert office.leg_of("alice") == leg
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
