"""One hold, two owners: the desktop undoes its own, the phone's key only the phone (S13, S31, S46)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls.model import MonitorMode
from ari_app.calls.verbs import CallAction
from ari_app.errors import Refused
from ari_app.routing.directory import Role
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.supervised import WHISPER, WHISPERED, monitored


def _held_by_phone(*quick: str) -> tuple[Office, str]:
    office = Office(*quick)
    call = office.served().id
    _press(office)
    return office, call


def _press(office: Office, *, again: bool = False) -> None:
    leg = office.leg_of("alice")
    (office.asterisk.press_retrieve if again else office.asterisk.press_hold)(leg)
    office.settle()


def _states(office: Office, viewer: str, call: str) -> dict[str, str]:
    return {p.agent or p.role: p.state for p in office.seen(viewer, call).parties}


def test_what_the_phone_holds_the_desktop_cannot_retrieve_and_is_refused_why_s13() -> None:
    office, call = _held_by_phone()
    assert "retrieve" not in office.actions("alice", office.switch.calls[call])
    with pytest.raises(Refused, match="resume it there"):
        office.ask(c.Retrieve, "alice", call=call)
    contact = office.party(office.switch.calls[call], "in1").id
    assert office.refused(c.RetrieveParty, "alice", call=call, party=contact) == "not_allowed_now"
    assert office.music() == {"in1"}
    assert _states(office, "alice", call) == {"contact": "held", "alice": "held"}
    _press(office, again=True)
    assert office.seen("alice").state == "established"
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_the_contact_waits_with_music_when_the_colleague_leaves_a_phone_that_holds_s36() -> None:
    office, call = _held_by_phone("bob")
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.seen("bob", call).state == "established"
    assert office.seen("alice", call).state == "held"
    assert _states(office, "bob", call) == {"contact": "connected", "alice": "held", "bob": "connected"}
    office.ask(c.Release, "bob", call=call)
    assert office.music() == {"in1"}
    assert office.seen("alice", call).state == "held"
    assert office.seen("alice", call).held_since is not None
    _press(office, again=True)
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_a_phone_that_hangs_up_what_only_it_held_is_rung_again_for_the_contact_s13() -> None:
    office, call = _held_by_phone("bob")
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.ask(c.Release, "bob", call=call)
    office.hangs_up("alice")
    assert office.music() == {"in1"}
    assert "retrieve" in office.actions("alice", office.switch.calls[call])
    office.command(c.Retrieve, "alice", call=call)
    office.settle()
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")


def test_who_is_consulted_waits_with_music_until_the_phone_is_resumed_s20() -> None:
    office, call = _held_by_phone("bob")
    private = office.ask(c.InitiateTransfer, "alice", call=call, target=to("agent:bob")).id
    assert office.music() == {"in1", "bob"}
    assert office.seen("bob", private).state == "held"
    assert office.refused(c.Alternate, "alice", call=private) == "not_allowed_now"
    _press(office, again=True)
    assert office.hears() == hear_each_other("alice", "bob")
    office.ask(c.Alternate, "alice", call=private)
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


@pytest.mark.parametrize("kind", [c.CompleteConference, c.Reconnect])
def test_whatever_brings_the_contact_back_waits_for_the_phone_s21(kind: type[c.CallCommand]) -> None:
    office = Office("bob")
    call = office.served().id
    private = office.ask(c.InitiateTransfer, "alice", call=call, target=to("agent:bob")).id
    _press(office)
    office.ask(kind, "alice", call=private)
    conference = kind is c.CompleteConference
    assert office.hears() == (hear_each_other("bob", "in1") if conference else set())
    assert office.seen("alice", call).state == "held"
    _press(office, again=True)
    assert office.hears() == hear_each_other(*(("alice", "bob", "in1") if conference else ("alice", "in1")))
    office.is_calm()


def test_a_new_call_rings_a_line_of_its_own_beside_the_one_that_the_phone_holds_s45() -> None:
    office, first = _held_by_phone()
    line = office.leg_of("alice", first)
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    office.picks_up("alice")
    office.answers_outside()
    second = next(x for x in office.switch.calls if x != first)
    assert office.leg_of("alice", second) != line
    assert office.hears() == hear_each_other("alice", office.outside_leg())
    office.ask(c.Retrieve, "alice", call=first)
    assert office.leg_of("alice", second) == line
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


@pytest.mark.parametrize("kind", [c.Reconnect, c.CompleteConference])
def test_of_two_lines_the_one_that_talks_is_kept_for_the_contact_s21(kind: type[c.CallCommand]) -> None:
    office = Office("bob")
    first = office.served().id
    private = office.ask(c.InitiateTransfer, "alice", call=first, target=to("agent:bob")).id
    line = office.leg_of("alice", private)
    office.asterisk.arrive("line2", "1001", "dial", "1003")
    office.settle()
    office.picks_up("carol")
    third = next(x for x in office.switch.calls if x not in (first, private))
    office.asterisk.press_hold(line)
    office.settle()
    office.ask(c.Alternate, "alice", call=private)
    office.ask(c.Alternate, "alice", call=private)
    assert office.leg_of("alice", private) == "line2"
    office.ask(kind, "alice", call=private)
    assert ("alice", "in1") in office.hears()
    assert office.seen("alice", first).state == "established"
    assert office.seen("alice", third).state == "held"
    office.is_calm()


def test_who_is_consulted_from_a_call_on_the_line_that_holds_hears_the_agent_on_the_other_s20() -> None:
    office, call = _held_by_phone("bob")
    office.arrives("dial", "1002", endpoint="1001", leg="line2")
    office.settle()
    second = list(office.switch.calls)[-1]
    office.ask(c.Retrieve, "alice", call=call)  # on the line that talks: the one that holds is the second call's now
    office.ask(c.InitiateTransfer, "alice", call=second, target=AWAY)
    office.answers_outside()
    assert office.hears() == hear_each_other("alice", office.outside_leg())
    assert office.music() >= {"in1", "bob"}
    office.is_calm()


def test_a_call_that_waits_is_answered_on_a_line_of_its_own_where_the_phone_holds_the_other_s45() -> None:
    office = Office()
    first = office.served("dave").id
    office.arrives("agent", "dave", leg="in2")
    office.settle()
    office.asterisk.press_hold(office.leg_of("dave", first))
    office.settle()
    second = next(x for x in office.switch.calls if x != first)
    office.command(c.Answer, "dave", call=second)
    office.settle()
    office.picks_up("dave")
    assert office.hears() == hear_each_other("dave", "in2")
    assert "in1" in office.music()
    office.is_calm()


@pytest.mark.parametrize("resumed", [True, False])
def test_what_a_phone_does_while_the_controller_is_away_is_known_after(resumed: bool) -> None:
    office = Office()
    call = office.served().id
    if resumed:
        _press(office)
    office.lose_link()
    _press(office, again=resumed)
    office.restart()
    office.is_calm()
    assert office.seen("alice", call).state == ("established" if resumed else "held")
    assert office.music() == (set() if resumed else {"in1"})


def test_one_party_brought_back_brings_the_agent_back_from_another_call_s33_s46() -> None:
    office = Office()
    call = office.served().id
    office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    contact = office.party(office.switch.calls[call], "in1").id
    assert office.ask(c.RetrieveParty, "alice", call=call, party=contact).state == "established"
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.music() == {office.outside_leg()}
    office.is_calm()


def test_a_colleague_who_talks_elsewhere_stays_away_when_a_transfer_is_accepted_s11_s46() -> None:
    office = Office("bob", "carol")
    call = office.served().id
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.ask(c.InitiateTransfer, "bob", call=call, target=to("agent:carol"))
    office.hangs_up("in1")
    office.ask(c.SingleStepTransfer, "alice", call=call, target=AWAY)
    office.answers_outside()
    assert office.seen("bob", call).state == "held"
    assert office.music() == {office.outside_leg()}
    assert office.hears() == hear_each_other("bob", "carol")
    office.is_calm()


def test_a_whisper_is_heard_while_the_contacts_own_phone_holds_and_sends_nothing() -> None:
    office, _call = monitored(WHISPER)
    office.asterisk.press_hold("in1")
    office.is_calm()
    assert ("alice", "erin") in office.hears()
    office.asterisk.press_retrieve("in1")
    office.is_calm()
    assert office.hears() == WHISPERED


# -- verbs that find a phone that is not up ---------------------------------------------------------------------------


def _recalled() -> tuple[Office, str]:
    office = Office()
    call = office.served().id
    office.ask(c.Hold, "alice", call=call)
    office.hangs_up("alice")
    office.pass_time()
    office.settle()
    return office, call


def test_retrieve_while_the_recall_rings_has_the_phone_answer_by_itself_s13() -> None:
    office, call = _recalled()
    ringing = office.leg_of("alice")
    assert not office.asterisk.world.channels[ringing].auto_answer
    name = office.command(c.Retrieve, "alice", call=call)
    office.settle()
    assert name not in office.replies
    assert office.leg_of("alice") != ringing
    assert office.asterisk.world.channels[office.leg_of("alice")].auto_answer
    assert _states(office, "alice", call) == {"contact": "held", "alice": "ringing"}
    assert office.seen("alice", call).state == "held"
    office.picks_up("alice")
    assert name in office.replies
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_retrieve_pressed_twice_rings_the_phone_once_s13() -> None:
    office, call = _recalled()
    names = [office.command(c.Retrieve, "alice", call=call)]
    office.settle()
    ringing = office.leg_of("alice")
    names.append(office.command(c.Retrieve, "alice", call=call))
    office.settle()
    assert office.leg_of("alice") == ringing
    office.picks_up("alice")
    assert set(names) <= set(office.replies)
    office.is_calm()


def test_a_recall_picked_up_while_a_transfer_rings_leaves_the_contact_on_hold_s12() -> None:
    office, call = _recalled()
    office.command(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.settle()
    office.asterisk.answer(office.leg_of("alice"))
    office.settle()
    assert office.music() == {"in1"}
    assert office.seen("alice", call).state == "held"
    office.is_calm()
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")


# -- who sees it without being in it ----------------------------------------------------------------------------------


def test_a_supervisor_sees_a_call_as_its_agent_does() -> None:
    office = Office("bob")
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    call = office.only_call().id
    assert office.seen("olga", call).state == "ringing"
    office.picks_up("alice")
    assert office.seen("olga", call).state == "established"
    office.ask(c.Hold, "alice", call=call)
    assert office.seen("olga", call).state == "held"
    office.hangs_up("alice")
    assert office.seen("olga", call).state == "held"
    assert _states(office, "olga", call) == {"contact": "held", "alice": "held"}


def test_a_supervisor_sees_a_call_held_whose_agent_has_turned_to_another() -> None:
    office = Office("bob")
    call = office.served().id
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.ask(c.MakeCall, "alice", target=AWAY)
    office.ask(c.Retrieve, "bob", call=call)
    office.ask(c.Release, "bob", call=call)
    assert office.seen("olga", call).state == "held"
    assert _states(office, "olga", call)["contact"] == "held"
    office.is_calm()


def test_who_waits_for_a_colleague_who_has_turned_away_cannot_retrieve_and_is_not_listened_to() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.LISTEN)
    office.settle()
    office.picks_up("erin")
    assert ("erin", "bob") in office.hears()
    office.asterisk.press_hold(office.leg_of("alice"))
    office.settle()
    assert "bob" in office.music()
    assert not {pair for pair in office.hears() if pair[0] == "erin"}
    assert CallAction.RETRIEVE not in office.seen("bob").actions
    assert office.refused(c.Retrieve, "bob", call=call.id) == "not_allowed_now"
    office.asterisk.press_retrieve(office.leg_of("alice"))
    office.settle()
    assert {("erin", "bob"), ("erin", "alice"), ("alice", "bob")} <= office.hears()
