"""Supervisors who whisper, barge in, take over; and the call that goes its way meanwhile."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls.model import Identity
from ari_app.routing.directory import Role
from tests.support.office import Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.supervised import (
    BARGE,
    LISTEN,
    OVERHEARD,
    TALK,
    WHISPER,
    WHISPERED,
    code,
    monitor,
    monitored,
    take_over,
)

# -- modes ------------------------------------------------------------------------------------------------------------


def test_another_mode_is_another_snoop_after_the_one_before_has_left() -> None:
    office, call = monitored()
    before = office.switch.calls[call.id].monitors["erin"].snoop
    assert before is not None
    reported = office.do(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=WHISPER)
    after = office.switch.calls[call.id].monitors["erin"].snoop
    assert after is not None
    assert reported == [f"LeaveBridge {before.leg}", f"HangUp {before.leg}", f"CreateSnoop {after.leg}"]
    office.settle()
    assert office.hears() == WHISPERED
    monitor(office, call, LISTEN)
    assert office.hears() == OVERHEARD
    assert monitor(office, call, LISTEN) in office.replies
    office.is_calm()


def test_a_mode_that_changes_before_the_snoop_is_there_has_one_snoop_in_the_end() -> None:
    office = Office("erin")
    call = office.served()
    first = office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=LISTEN)
    while (now := office.switch.calls[call.id].monitors["erin"]).snoop is None:
        assert office.step()
    assert not now.snoop.up
    reported = office.do(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=WHISPER)
    assert reported[0] == f"HangUp {now.snoop.leg}"
    office.settle()
    assert first in office.replies
    assert office.hears() == WHISPERED
    office.is_calm()


def test_a_phone_that_rings_for_a_kept_contact_is_heard_once_it_is_up() -> None:
    office, call = monitored()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.command(c.Retrieve, "alice", call=call.id)
    office.settle()
    assert office.music() == {"erin", "in1"}
    office.picks_up("alice")
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_whispering_sends_the_agent_silence_while_nobody_else_is_to_be_heard() -> None:
    office, call = monitored(WHISPER)
    office.ask(c.Hold, "alice", call=call.id)
    assert ("alice", "erin") in office.hears()
    office.ask(c.Retrieve, "alice", call=call.id)
    assert not office.asterisk.world.channels[office.leg_of("alice")].silence
    office.ask(c.MuteParty, "alice", call=call.id, party=office.party(call, "in1").id)
    assert ("alice", "erin") in office.hears()
    office.ask(c.StopMonitoring, "erin", role=Role.SUPERVISOR, call=call.id)
    assert not office.asterisk.world.channels[office.leg_of("alice")].silence
    office.is_calm()


def test_a_mute_alone_ends_no_sound_that_goes_on() -> None:
    office, call = monitored(WHISPER)
    office.ask(c.Hold, "alice", call=call.id)
    me = office.party(office.only_call(), "alice").id
    assert office.do(c.MuteParty, "alice", call=call.id, party=me) == ["SetMute alice unheard hearing"]
    assert office.asterisk.world.channels[office.leg_of("alice")].silence
    office.is_calm()


def test_who_listens_only_has_no_silence_sent() -> None:
    office, call = monitored()
    reported = office.do(c.Hold, "alice", call=call.id)
    assert not [x for x in reported if "Silence" in x]


def test_after_a_barge_a_supervisor_is_a_party_whom_all_hear() -> None:
    office, call = monitored()
    name = monitor(office, call, BARGE)
    assert name in office.replies
    assert office.hears() == hear_each_other("alice", "in1", "erin")
    seen = office.seen("alice", call.id)
    assert [p.agent for p in seen.parties] == [None, "alice", "erin"]
    assert office.party(call, "erin").identity == Identity("Erin", "1010")
    assert seen.monitors == ()
    assert code(office, monitor(office, call)) == "not_allowed_now"
    office.is_calm()


def test_who_barges_in_on_colleagues_is_shown_once_with_whom_they_talk() -> None:
    office = Office("alice", "bob", "erin")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    monitor(office, office.only_call(), BARGE)
    assert office.hears() == hear_each_other("alice", "bob", "erin")
    rung = office.leg_of("erin")
    shown = [
        x.identity for x in office.asterisk.executed if isinstance(x, e.CreateLeg | e.ShowIdentity) and x.leg == rung
    ]
    assert shown == [Identity("Alice", "1001")]
    office.is_calm()


def test_on_the_way_in_the_phone_leaves_the_bridge_of_its_own_before_that_goes() -> None:
    office, call = monitored()
    snoop = office.switch.calls[call.id].monitors["erin"].snoop
    assert snoop is not None
    reported = office.do(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=BARGE)
    ending = [f"LeaveBridge {snoop.leg}", f"HangUp {snoop.leg}"]
    assert reported == [*ending, "LeaveBridge erin", "DestroyBridge bridge", "JoinBridge erin"]


@pytest.mark.parametrize("listening", [True, False])
def test_whoever_is_on_hold_stays_so_when_a_supervisor_comes_in(listening: bool) -> None:
    office = Office("erin")
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    if listening:
        monitor(office, call)
    monitor(office, call, BARGE)
    assert office.hears() == hear_each_other("alice", "erin")
    assert office.music() == {"in1"}
    office.is_calm()


def test_a_full_call_cannot_be_barged_into_but_listened_to() -> None:
    office, call = monitored(max_parties=2)
    assert code(office, monitor(office, call, BARGE)) == "too_many"
    assert monitor(office, call, WHISPER) in office.replies


def test_barging_in_while_there_is_nobody_to_hear_is_waiting_with_music_until_the_contact_is_brought_back() -> None:
    office, call = monitored(music_class="quiet")
    office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    assert office.asterisk.world.channels[office.switch.calls[call.id].monitors["erin"].leg].music == "quiet"
    monitor(office, call, BARGE)
    assert "erin" in office.music()
    office.is_calm()
    office.ask(c.Retrieve, "erin", call=call.id)
    assert office.hears() == hear_each_other("erin", "in1")
    office.is_calm()


# -- taking over ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("listening", [True, False])
def test_the_agents_part_is_over_and_the_contact_talks_to_the_supervisor(listening: bool) -> None:
    office = Office("erin")
    call = office.served()
    if listening:
        monitor(office, call)
    assert take_over(office, call) in office.replies
    assert office.hears() == hear_each_other("erin", "in1")
    now = office.switch.calls[call.id]
    assert (now.owner, now.monitors) == ("erin", {})
    assert "alice" not in {leg.agent for leg in office.switch.legs.values()}
    office.is_calm()


def test_nothing_changes_for_the_contact_until_the_phone_is_up() -> None:
    office = Office()
    call = office.served()
    name = take_over(office, call)
    assert office.hears() == TALK
    assert [(m.mode, m.state) for m in office.seen("erin", call.id).monitors] == [("take_over", "ringing")]
    assert office.seen("alice", call.id).monitors == ()
    office.picks_up("erin")
    assert name in office.replies
    assert office.hears() == hear_each_other("erin", "in1")


def test_whom_the_agent_held_and_rang_for_is_with_the_supervisor() -> None:
    office = Office("erin")
    call = office.served()
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    take_over(office, call)
    assert office.hears() == hear_each_other("erin", "in1")
    assert office.switch.calls[call.id].offering() is None
    assert "bob" not in {leg.agent for leg in office.switch.legs.values()}
    office.is_calm()


def test_a_kept_contact_is_taken_over_and_recalls_nobody() -> None:
    office = Office("erin")
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    monitor(office, call)
    assert "erin" in office.music()
    take_over(office, call)
    assert office.hears() == hear_each_other("erin", "in1")
    assert office.switch.calls[call.id].recall_at is None
    office.is_calm()


def test_a_consultation_is_taken_over_and_the_agent_is_back_with_their_contact() -> None:
    office = Office("erin")
    call = office.served()
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    name = office.command(c.TakeOver, "erin", role=Role.SUPERVISOR, call=consult.id)
    office.settle()
    assert name in office.replies
    assert office.hears() == hear_each_other("erin", "bob")
    assert not {"complete_transfer", "reconnect"} & set(office.seen("erin", consult.id).actions)
    office.ask(c.Retrieve, "alice", call=call.id)
    assert office.hears() == hear_each_other("erin", "bob") | TALK
    office.is_calm()


def test_whose_place_was_to_be_taken_has_left_meanwhile() -> None:
    office = Office("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    take_over(office, call, party=office.party(call, "alice").id)
    office.hangs_up("alice")
    office.picks_up("erin")
    assert office.hears() == hear_each_other("erin", "in1", "bob")
    assert office.switch.calls[call.id].owner == "erin"
    office.is_calm()


# -- the call goes its way --------------------------------------------------------------------------------------------


def test_it_follows_the_call_and_not_the_agent() -> None:
    office, call = monitored()
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    assert office.hears() == hear_each_other("alice", "bob")
    assert office.music() == {"in1", "erin"}
    office.ask(c.CompleteTransfer, "alice", call=consult.id)
    assert office.hears() == hear_each_other("bob", "in1") | {("erin", "bob"), ("erin", "in1")}
    office.is_calm()


def test_the_agent_chosen_is_heard_and_a_colleague_when_they_are_on_hold_or_gone() -> None:
    office = Office("bob", "erin")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    monitor(office, call, WHISPER, party=office.party(call, "bob").id)
    assert ("bob", "erin") in office.hears()
    office.ask(c.HoldParty, "alice", call=call.id, party=office.party(call, "bob").id)
    assert ("alice", "erin") in office.hears()
    assert ("erin", "bob") not in office.hears()
    office.ask(c.RetrieveParty, "alice", call=call.id, party=office.party(call, "bob").id)
    assert ("bob", "erin") in office.hears()
    monitor(office, call, WHISPER, party=office.party(call, "alice").id)
    assert ("alice", "erin") in office.hears()
    office.hangs_up("alice")
    assert ("bob", "erin") in office.hears()
    office.is_calm()


@pytest.mark.parametrize("how", [c.CompleteTransfer, c.CompleteConference])
def test_from_a_consultation_it_follows_those_who_join_the_contact(how: type[c.CallCommand]) -> None:
    office = Office("erin")
    call = office.served()
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    monitor(office, office.switch.calls[consult.id])
    assert office.hears() == hear_each_other("alice", "bob") | {("erin", "alice"), ("erin", "bob")}
    office.ask(how, "alice", call=consult.id)
    assert [m.agent for m in office.seen("erin", call.id).monitors] == ["erin"]
    assert {("erin", "bob"), ("erin", "in1")} <= office.hears()
    assert ("alice" in {p.agent for p in office.switch.calls[call.id].joined()}) is (how is c.CompleteConference)
    office.is_calm()


@pytest.mark.parametrize("ended_by", ["contact", "clear"])
def test_with_the_call_it_ends(ended_by: str) -> None:
    office, call = monitored(WHISPER)
    if ended_by == "contact":
        office.hangs_up("in1")
    else:
        office.ask(c.Clear, "erin", role=Role.SUPERVISOR, call=call.id)
    assert office.switch.legs == {}
    assert "erin" not in office.agents.activity
    office.is_calm()


def test_the_phones_keys_do_nothing_to_the_call() -> None:
    office, call = monitored(WHISPER)
    leg = office.switch.calls[call.id].monitors["erin"].leg
    office.asterisk.press_hold(leg)
    office.asterisk.press_retrieve(leg)
    office.settle()
    assert office.hears() == WHISPERED
    office.asterisk.arrive("local1", "1002@from-phones", "replaced", leg)
    office.asterisk.hang_up(leg)
    office.settle()
    assert office.hears() == TALK
    office.is_calm()
