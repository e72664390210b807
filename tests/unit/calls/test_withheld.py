"""Whoever withholds who they are is anonymous to all; desktops may show it where the administrator says so."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls import discretion
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Alarm, Identity, Withheld
from ari_app.routing.directory import CallerId
from tests.support.callcentre import directory
from tests.support.discretion import SECRET
from tests.support.office import AWAY, Office
from tests.support.world import ANONYMOUS, to

COMPANY = CallerId("company", "Company", "+33100000000")
ELSE = Identity("Somebody Else", "+33600000002")


def _office(**settings: Any) -> Office:
    """Alice talks to somebody who withholds who they are."""
    office = Office(**settings)
    office.withholding = True
    office.served()
    return office


def _invited(office: Office) -> e.CreateLeg:
    return [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)][-1]


def _updated(office: Office) -> list[tuple[str, Identity]]:
    shown = [x for x in office.asterisk.executed if isinstance(x, e.ShowIdentity)]
    return [(office._name(x.leg), x.identity) for x in shown]


def _contact(office: Office, agent: str = "alice") -> tuple[str, str, bool]:
    """The contact as that agent's desktop shows them: name, number, and whether they are anonymous."""
    (party,) = [p for p in office.seen(agent).parties if p.role == "contact"]
    return party.name, party.number, party.anonymous


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference])
@pytest.mark.parametrize("company", [COMPANY, None])
def test_they_are_passed_on_anonymously_and_the_trunk_alone_gets_the_companys_number(
    kind: type[c.OfferCommand], company: CallerId | None
) -> None:
    office = _office(company=company)
    call = office.only_call()
    office.ask(kind, "alice", call=call.id, target=to("agent:bob"))
    assert (_invited(office).identity, _invited(office).asserted) == (ANONYMOUS, "")
    office.ask(c.Cancel, "alice", call=call.id)
    office.ask(kind, "alice", call=call.id, target=AWAY)
    assert (_invited(office).identity, _invited(office).asserted) == (ANONYMOUS, company.number if company else "")
    office.is_calm()


def test_a_phone_rung_again_for_them_shows_anonymous() -> None:
    office = _office()
    office.ask(c.Hold, "alice", call=office.only_call().id)
    office.hangs_up("alice")
    office.command(c.Retrieve, "alice", call=office.only_call().id)
    office.settle()
    assert _invited(office).identity == ANONYMOUS


@pytest.mark.parametrize("seen", [True, False])
def test_desktops_show_what_is_withheld_only_where_the_administrator_says_so(seen: bool) -> None:
    office = _office(agents_see_withheld=seen)
    assert _contact(office) == ((SECRET.name, SECRET.number, True) if seen else ("", "", True))
    assert _invited(office).identity == ANONYMOUS
    office.is_calm()


def test_what_is_withheld_is_forgotten_when_the_administrator_says_so_in_the_middle_of_a_call() -> None:
    office = _office(agents_see_withheld=True)
    office.configure(directory(agents_see_withheld=True, talk_detection=True))
    assert _contact(office) == (SECRET.name, SECRET.number, True)
    office.configure(directory(talk_detection=True))
    assert _contact(office) == ("", "", True)
    office.configure(directory(talk_detection=True, agents_see_withheld=True))
    assert _contact(office) == ("", "", True)
    office.is_calm()


def test_what_is_withheld_is_never_printed() -> None:
    arrived = s.ChannelArrived("in", "carrier", "agent", ("alice",), ANONYMOUS, withheld=SECRET)
    listed = s.ChannelFact("in", up=True, ringing=False, in_app=True, arrived=arrived)
    bare = s.ChannelFact("out", up=True, ringing=False, in_app=True)
    for said in (arrived, s.LegIdentified("in", ANONYMOUS, SECRET), s.AsteriskReconciled((bare, listed), ())):
        assert SECRET.number not in repr(said)
        assert discretion.of_stimulus(said) != said
    assert discretion.of_stimulus(s.AsteriskReconciled((bare, listed), ())) == s.AsteriskReconciled(
        (bare, replace(listed, arrived=replace(arrived, withheld=None))), ()
    )
    assert str(SECRET) == "Withheld()"


def test_an_alarm_in_a_story_has_its_call_without_what_is_withheld() -> None:
    call = _office(agents_see_withheld=True).only_call()
    assert any(party.withheld for party in call.parties.values())
    seen = discretion.discreet(e.CallAlarm(call, Alarm.AGENT_GONE))
    bare = {key: replace(party, withheld=None) for key, party in call.parties.items()}
    assert seen == e.CallAlarm(replace(call, parties=bare), Alarm.AGENT_GONE)


# -- the contact's own switchboard passes them on ---------------------------------------------------------------------


def test_displays_and_desktops_follow_whom_the_contact_has_passed_on_to() -> None:
    office = Office()
    office.served()
    office.asterisk.executed.clear()
    office.passed_on("in1")
    office.is_calm()
    assert _contact(office) == (ELSE.name, ELSE.number, False)
    assert _updated(office) == [("alice", ELSE)]
    office.asterisk.executed.clear()
    office.passed_on("in1")
    office.settle()
    assert _updated(office) == []


@pytest.mark.parametrize("seen", [True, False])
def test_whoever_is_there_now_may_withhold_who_they_are(seen: bool) -> None:
    office = Office(agents_see_withheld=seen)
    office.served()
    office.asterisk.executed.clear()
    office.passed_on("in1", withheld=True)
    office.is_calm()
    assert _contact(office) == ((SECRET.name, SECRET.number, True) if seen else ("", "", True))
    assert _updated(office) == [("alice", ANONYMOUS)]
    if seen:
        office.asterisk.identify("in1", ANONYMOUS, Withheld("A Third", "+33600000003"))
        office.settle()
        assert _contact(office) == ("A Third", "+33600000003", True)


def test_whoever_is_rung_next_for_a_caller_sees_who_that_is_now() -> None:
    office = Office(ready=("alice", "bob"))
    office.arrives("group", "support", leg="in1")
    office.settle()
    office.passed_on("in1")
    office.settle()
    office.hangs_up("alice", 21)
    assert _invited(office).identity == ELSE


def test_an_offer_that_shows_somebody_else_goes_on_showing_them() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"), caller_id="support")
    office.passed_on("in1")
    office.settle()
    assert office.only_call().offer is not None
    assert office.only_call().offer.identity == Identity("Support", "+33140000001")  # type: ignore[union-attr]


def test_an_identity_that_an_agent_chose_is_shown_again_over_the_one_that_asterisk_passed_on_s51() -> None:
    office = Office("bob")
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"), caller_id="support")
    office.asterisk.executed.clear()
    office.passed_on("in1")
    office.is_calm()
    assert _updated(office) == [("bob", Identity("Support", "+33140000001"))]


def test_a_change_is_shown_to_all_who_talk_with_them_and_to_nobody_outside_or_away() -> None:
    office = Office("bob", "carol")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    office.answers_outside()
    office.ask(c.Hold, "bob", call=call.id)
    office.hangs_up("bob")
    office.asterisk.executed.clear()
    office.passed_on("in1")
    office.is_calm()
    assert _updated(office) == [("alice", ELSE)]


def test_whom_an_agent_has_dialled_stays_known_though_they_withhold_it_and_may_have_a_name() -> None:
    office = Office("alice")
    office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    number = _contact(office)
    office.passed_on(office.outside_leg(), withheld=True)
    office.settle()
    assert _contact(office) == number
    office.passed_on(office.outside_leg())
    office.settle()
    assert _contact(office) == (ELSE.name, ELSE.number, False)


def test_who_was_passed_on_by_somebody_dialled_is_not_shown_for_the_next_who_withholds() -> None:
    office = Office("alice", "bob")
    office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    number = _contact(office)
    office.passed_on(office.outside_leg())
    office.settle()
    assert _contact(office) == (ELSE.name, ELSE.number, False)
    office.passed_on(office.outside_leg(), withheld=True)
    office.settle()
    assert _contact(office) == number
    assert office.asterisk.world.channels[office.leg_of("alice")].shown == Identity(number=AWAY.id)
    office.ask(c.SingleStepTransfer, "alice", call=office.only_call().id, target=to("agent:bob"))
    shown = [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)][-1].identity
    assert ELSE.name not in (shown.name, shown.number)
    assert ELSE.number not in (shown.name, shown.number)


def test_a_routing_point_and_a_colleague_keep_their_own_names() -> None:
    office = Office("alice")
    office.ask(c.MakeCall, "alice", target=to("routing_point:billing"))
    (menu,) = [x.id for x in office.switch.legs.values() if x.agent is None]
    for leg in (menu, office.leg_of("alice"), "nobody's"):
        office.feed(s.LegIdentified(leg, ELSE))
    assert [p.name for p in office.seen("alice").parties] == ["Alice", "Billing"]


def test_a_change_that_came_while_the_link_was_away_is_made_up_for() -> None:
    office = Office()
    office.served()
    office.lose_link()
    office.passed_on("in1")
    office.asterisk.restore_link()
    office.is_calm()
    assert _contact(office) == (ELSE.name, ELSE.number, False)


# -- nobody inside is shown outside -----------------------------------------------------------------------------------


@pytest.mark.parametrize("company", [COMPANY, None])
@pytest.mark.parametrize("target", ["agent:bob", "routing_point:billing"])
def test_a_colleague_or_a_menu_that_is_passed_on_outside_shows_the_company(
    company: CallerId | None, target: str
) -> None:
    office = Office("alice", "bob", company=company)
    call = office.ask(c.MakeCall, "alice", target=to(target))
    office.settle()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    assert _invited(office).identity == (Identity("Company", "+33100000000") if company else ANONYMOUS)


def test_a_colleague_who_is_passed_on_outside_by_the_phones_key_shows_the_company() -> None:
    office = Office("alice", "bob", company=COMPANY)
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    leg = office.leg_of("alice")
    office.asterisk.arrive("local1", f"{AWAY.id}@from-phones", "replaced", leg)
    office.settle()
    assert _invited(office).identity == Identity("Company", "+33100000000")


def test_an_identity_chosen_goes_out_as_it_was_chosen_though_it_is_a_number_inside_s51() -> None:
    listed = directory(company=COMPANY)
    extension = CallerId("support", "Alice", "1001")
    office = Office("alice")
    office.configure(replace(listed, caller_ids={"support": extension}))
    office.ask(c.MakeCall, "alice", target=AWAY, caller_id="support")
    assert _invited(office).identity == Identity("Alice", "1001")
