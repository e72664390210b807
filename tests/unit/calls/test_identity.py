"""Which identity a rung phone shows, and what of it is remembered (S50-S55)."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Identity
from ari_app.routing.directory import CallerId, Purpose
from tests.support.callcentre import directory
from tests.support.office import AWAY, Office
from tests.support.world import CALLER, to

COMPANY = CallerId("company", "Company", "+33100000000")
SUPPORT = Identity("Support", "+33140000001")


def _shown(office: Office) -> Identity:
    """What the last phone that was invited shows."""
    return [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)][-1].identity


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference])
def test_whoever_receives_a_contact_sees_the_contact_not_the_agent_s55(kind: type[c.OfferCommand]) -> None:
    office = Office(company=COMPANY)
    call = office.served()
    office.ask(kind, "alice", call=call.id, target=to("agent:bob"))
    assert _shown(office) == CALLER
    office.ask(c.Cancel, "alice", call=call.id)
    office.ask(kind, "alice", call=call.id, target=AWAY)
    assert _shown(office) == CALLER


def test_the_one_consulted_sees_the_agent_for_it_is_they_who_talk_s55() -> None:
    office = Office()
    call = office.served()
    office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    assert _shown(office) == Identity("Alice", "1001")


def test_a_transfer_between_colleagues_shows_the_agent_s55() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:carol"))
    assert _shown(office) == Identity("Alice", "1001")


@pytest.mark.parametrize("company", [COMPANY, None])
def test_somebody_outside_sees_the_company_where_there_is_one_and_else_nobody_s51(company: CallerId | None) -> None:
    office = Office("alice", company=company)
    office.ask(c.MakeCall, "alice", target=AWAY)
    assert _shown(office) == (Identity("Company", "+33100000000") if company is not None else Identity(anonymous=True))


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer])
def test_the_identity_chosen_stands_on_the_display_and_is_remembered_s50_s51_s52(kind: type[c.OfferCommand]) -> None:
    office = Office()
    call = office.served()
    view = office.ask(kind, "alice", call=call.id, target=to("agent:bob"), caller_id="support")
    assert _shown(office) == SUPPORT
    assert office.chosen == [("alice", "support")]
    assert view.offer is not None
    assert view.offer.caller_id == "support"


def test_the_identity_chosen_for_a_call_is_shown_to_the_target_alone_s50_s51() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"), caller_id="support")
    office.settle()
    assert _shown(office) == Identity("Bob", "1002")
    assert office.only_call().caller_id == "support"
    office.picks_up("alice")
    assert _shown(office) == SUPPORT
    assert office.chosen == [("alice", "support")]


def test_nothing_is_remembered_of_a_call_without_a_choice_or_that_was_refused_s52() -> None:
    office = Office("alice", ready=("alice",))
    office.ask(c.MakeCall, "alice", target=AWAY)
    office.refused(c.MakeCall, "alice", target=to("agent:bob"), caller_id="support")
    assert office.chosen == []


def test_anonymous_shows_nothing_s53() -> None:
    office = Office("alice")
    office.ask(c.MakeCall, "alice", target=AWAY, caller_id="anonymous")
    assert _shown(office) == Identity("", "", anonymous=True)


@pytest.mark.parametrize("caller_id", ["anonymous", "none"])
def test_an_identity_that_is_not_in_the_agents_list_is_refused_s53_s54(caller_id: str) -> None:
    office = Office()
    code = office.refused(c.MakeCall, "dave", target=AWAY, caller_id=caller_id)
    assert code == "caller_id_not_allowed"


@pytest.mark.parametrize(
    ("purpose", "kind"),
    [
        (Purpose.TRANSFER, c.SingleStepTransfer),
        (Purpose.CONFERENCE, c.SingleStepConference),
        (Purpose.TRANSFER, c.InitiateTransfer),
        (Purpose.CALL, None),
    ],
)
def test_the_choice_is_refused_where_it_is_not_enabled_for_that_verb_s50(
    purpose: Purpose, kind: type[c.OfferCommand] | None
) -> None:
    office = Office("alice")
    office.feed(s.DirectoryReplaced(replace(directory(), caller_ids_enabled_for=frozenset(Purpose) - {purpose})))
    call = office.served()
    if kind is None:
        code = office.refused(c.MakeCall, "alice", target=AWAY, caller_id="support")
    else:
        code = office.refused(kind, "alice", call=call.id, target=AWAY, caller_id="support")
    assert code == "feature_disabled"


def test_a_fallback_shows_the_contact_s16_s55() -> None:
    office = Office(fallback=to("agent:dave"))
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.hangs_up("alice")
    office.hangs_up("bob", 21)
    assert _shown(office) == CALLER


def test_an_agent_who_is_listed_no_more_shows_nothing_s51() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    agents = {name: agent for name, agent in office.directory.agents.items() if name != "alice"}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents)))
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:carol"))
    assert _shown(office) == Identity()
