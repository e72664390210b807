"""Groups that ring in the administrator's order: one member after the other, whoever asks for them."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, OfferState
from tests.support.office import Office, hear_each_other
from tests.support.world import to

FRONT = to("group:front")


def _offer(office: Office, call: Call | None = None) -> tuple[OfferState, tuple[str | None, ...]]:
    offer = office.switch.calls[(call or office.only_call()).id].offer
    assert offer is not None
    return offer.state, tuple(a.agent for a in offer.attempts)


def _refuses(office: Office, agent: str, how: str) -> None:
    """Their phone declines, is busy, gives up by itself, or rings until the time of the offer is over."""
    if how == "rings":
        office.pass_time()
        office.settle()
    else:
        office.hangs_up(agent, {"declines": 21, "is busy": 17, "gives up": 19}[how])


@pytest.mark.parametrize("how", ["declines", "is busy", "gives up", "rings"])
def test_a_caller_gets_one_member_after_the_other_in_order_and_then_again_from_the_first(how: str) -> None:
    office = Office(max_missed=9, declined_interval=2.0)
    office.arrives("group", "front", leg="in1")
    office.settle()
    for agent in ("dave", "bob", "alice"):
        assert _offer(office) == (OfferState.RINGING, (agent,))
        _refuses(office, agent, how)
    assert _offer(office) == (OfferState.WAITING, ())
    office.pass_time()
    office.settle()
    assert _offer(office) == (OfferState.RINGING, ("dave",))
    office.is_calm()


@pytest.mark.parametrize("how", ["declines", "is busy", "gives up", "rings"])
@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference])
def test_what_an_agent_asks_for_goes_to_one_member_after_the_other_in_order(
    kind: type[c.OfferCommand], how: str
) -> None:
    office = Office(offer_timeout=15.0)
    call = office.served("carol")
    office.ask(kind, "carol", call=call.id, target=FRONT)
    for agent in ("dave", "bob"):
        assert _offer(office) == (OfferState.RINGING, (agent,))
        office.now += 5.0
        _refuses(office, agent, how)
        assert office.switch.next_deadline() == office.now + 15.0, "the next rings their whole time"
    assert office.music() == {"in1"}
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1", *(["carol"] if kind is c.SingleStepConference else []))


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ("declines", OfferState.DECLINED),
        ("is busy", OfferState.BUSY),
        ("gives up", OfferState.NO_ANSWER),
        ("rings", OfferState.NO_ANSWER),
    ],
)
def test_the_offer_is_over_when_the_last_has_refused_and_the_contact_stays_on_hold_s12(
    how: str, outcome: OfferState
) -> None:
    office = Office()
    call = office.served("carol")
    office.ask(c.SingleStepTransfer, "carol", call=call.id, target=FRONT)
    for agent in ("dave", "bob", "alice"):
        _refuses(office, agent, how)
    assert _offer(office) == (outcome, ())
    office.is_calm()
    assert office.music() == {"in1"}
    office.ask(c.Retrieve, "carol", call=call.id)
    assert office.hears() == hear_each_other("carol", "in1")


def test_a_member_who_is_not_free_is_passed_over_and_ends_nothing() -> None:
    office = Office(ready=("alice", "carol", "dave"))
    call = office.served("carol")
    office.ask(c.SingleStepTransfer, "carol", call=call.id, target=FRONT)
    for agent in ("dave", "alice"):
        assert _offer(office) == (OfferState.RINGING, (agent,))
        _refuses(office, agent, "rings")
    assert _offer(office) == (OfferState.NO_ANSWER, ())
    office.is_calm()


def test_an_agent_may_give_up_while_the_second_is_rung_s15() -> None:
    office = Office()
    call = office.served("carol")
    office.ask(c.SingleStepTransfer, "carol", call=call.id, target=FRONT)
    _refuses(office, "dave", "rings")
    office.ask(c.Cancel, "carol", call=call.id)
    assert _offer(office) == (OfferState.CANCELLED, ())
    office.is_calm()
    assert office.music() == {"in1"}


def test_the_next_is_rung_also_when_the_initiator_is_gone_s16() -> None:
    office = Office()
    call = office.served("carol")
    office.ask(c.SingleStepTransfer, "carol", call=call.id, target=FRONT)
    office.hangs_up("carol")
    _refuses(office, "dave", "rings")
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_the_own_phone_that_is_not_answered_ends_the_call_and_nobody_is_rung() -> None:
    office = Office()
    office.command(c.MakeCall, "carol", target=FRONT)
    office.settle()
    assert _offer(office) == (OfferState.PENDING, ())
    office.pass_time()
    office.is_calm()
    assert not office.switch.calls


def test_another_order_counts_from_the_next_ring_on() -> None:
    office = Office()
    office.arrives("group", "front", leg="in1")
    office.settle()
    groups = office.directory.groups
    changed = replace(groups["front"], order=("alice", "bob"))
    office.directory = office.agents.directory = replace(office.directory, groups={**groups, "front": changed})
    office.feed(s.DirectoryReplaced(office.directory))
    for agent in ("dave", "alice", "bob"):
        assert _offer(office) == (OfferState.RINGING, (agent,))
        _refuses(office, agent, "declines")
    office.is_calm()
