"""How a call looks to whom, and what it allows them (docs/api.md, "Calls")."""

from dataclasses import replace

from ari_app.calls import commands as c
from ari_app.calls.actions import call_actions, call_state, party_actions
from ari_app.calls.model import MonitorMode, OfferState
from ari_app.calls.views import MonitorView, offer_view, view
from ari_app.routing.directory import Role
from tests.support.office import AWAY, Office
from tests.support.world import to
from tests.unit.calls.supervised import monitored
from tests.unit.calls.test_times import ended


def test_a_call_that_is_over_allows_nothing_and_says_released() -> None:
    office = Office()
    call = replace(office.served(), ended=True)
    contact = office.party(call, "in1")
    assert call_actions(call, "alice", office.directory) == frozenset()
    assert party_actions(call, contact, "alice") == frozenset()
    assert call_state(call, "alice") == "released"


def test_a_call_is_seen_whole_by_its_agent() -> None:
    office = Office()
    call = office.served()
    seen = view(call, "alice", office.directory)
    assert (seen.id, seen.type, seen.state, seen.owner) == (call.id, "inbound", "established", "alice")
    assert (seen.started_at, seen.answered_at, seen.held_since) == ("1970-01-12T13:46:40.000Z",) * 2 + (None,)
    assert [(p.role, p.agent, p.name, p.number, p.state, p.you) for p in seen.parties] == [
        ("contact", None, "Zoé Caller", "+33612345678", "connected", False),
        ("agent", "alice", "Alice", "1001", "connected", True),
    ]
    assert seen.parties[0].actions == ("deafen", "hold", "mute", "send_dtmf")
    assert seen.parties[1].actions == ("deafen", "mute")
    assert [(p.joined_at, p.held_since) for p in seen.parties] == [("1970-01-12T13:46:40.000Z", None)] * 2
    assert (seen.ended_at, seen.ended_by, seen.end_reason) == (None, None, None)
    assert offer_view(None) is None


def test_an_agent_who_is_held_by_a_colleague_sees_the_call_held() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.ask(c.Hold, "alice", call=call.id)
    assert office.seen("bob", call.id).state == "held"
    assert office.seen("alice", call.id).state == "held"
    assert call_state(office.only_call(), "olga") == "held"


def test_whoever_is_not_in_a_call_sees_it_as_its_owner_does() -> None:
    office = Office("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.ask(c.MakeCall, "bob", target=AWAY)
    now = office.switch.calls[call.id]
    assert [call_state(now, who) for who in ("bob", "alice", "erin")] == ["held", "established", "established"]


def test_a_party_that_left_is_shown_as_left_and_allows_nothing() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.Release, "bob", call=call.id)
    left = next(p for p in office.seen("alice", call.id).parties if p.agent == "bob")
    assert (left.state, left.actions, left.you) == ("left", (), False)


def test_who_looks_is_known_also_in_a_call_that_is_over() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.Release, "bob", call=call.id)
    seen = view(office.only_call(), "bob", office.directory)
    assert [(p.agent, p.state, p.you) for p in seen.parties] == [
        (None, "connected", False),
        ("alice", "connected", False),
        ("bob", "left", True),
    ]


def test_no_digits_are_offered_for_one_who_is_away_s35() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    away = office.party(call, "alice")
    assert "send_dtmf" not in party_actions(office.only_call(), away, "olga", Role.SUPERVISOR)
    contact = office.party(call, "in1")
    assert "send_dtmf" in party_actions(office.only_call(), contact, "olga", Role.SUPERVISOR)


def test_a_supervisor_sees_what_they_may_do_to_each_party() -> None:
    office = Office()
    call = office.served()
    contact = view(call, "olga", office.directory, Role.SUPERVISOR).parties[0]
    assert {"mute", "deafen", "send_dtmf"} <= set(contact.actions)
    assert view(call, "olga", office.directory).parties[0].actions == ()


def test_a_call_that_is_over_shows_when_by_whom_and_why() -> None:
    office = Office()
    call = office.served()
    office.pass_time(5)
    office.do(c.Release, "alice", call=call.id)
    seen = view(ended(office), "alice", office.directory)
    assert (seen.ended_at, seen.ended_by, seen.end_reason) == ("1970-01-12T13:46:45.000Z", "agent:alice", "hangup")


def test_until_when_it_rings_is_shown_while_it_rings() -> None:
    office = Office(offer_timeout=20.0)
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    rings = offer_view(offer)
    assert rings is not None
    assert rings.ring_until == "1970-01-12T13:47:00.000Z"
    seeks = offer_view(replace(offer, state=OfferState.SEEKING))
    assert seeks is not None
    assert seeks.ring_until is None


def test_an_overseer_sees_who_monitors() -> None:
    office, call = monitored()
    (seen,) = view(office.switch.calls[call.id], "oscar", office.directory, Role.SUPERVISOR).monitors
    assert seen == MonitorView("erin", "Erin", MonitorMode.LISTEN, "connected", you=False)
