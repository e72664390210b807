"""An agent's account on several phones: all ring, the first answer wins, the others are notified (F21)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import MonitorMode, Phone
from ari_app.routing.directory import Role
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to

PLACES = ("sip:1001@desk", "sip:1001@home")


def _office(ready: tuple[str, ...] = ("alice", "bob"), **settings: float) -> Office:
    office = Office(ready=ready, **settings)
    office.asterisk.places["1001"] = PLACES
    return office


def _rung(office: Office, agent: str = "alice") -> list[str]:
    """The legs that ring for the agent, the first rung first."""
    return [leg.id for leg in office.switch.legs.values() if leg.agent == agent and not leg.hanging_up]


def _called(office: Office) -> list[str]:
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    return _rung(office)


def test_both_ring_as_one_party_and_the_caller_is_shown_on_both() -> None:
    office = _office()
    rung = _called(office)
    assert [office.switch.legs[leg].destination for leg in rung] == [Phone("1001"), Phone("1001", PLACES[1])]
    created = [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)]
    assert [(x.leg, x.call) for x in created] == [(leg, office.only_call().id) for leg in rung]
    channels = office.asterisk.world.channels
    assert {channels[leg].shown for leg in rung} == {office.switch.legs[rung[0]].shown}
    assert {channels[leg].bridge for leg in rung} == {None}
    seen = office.seen("alice")
    assert [party.agent for party in seen.parties] == [None, "alice"]
    assert seen.offer is not None
    assert seen.offer.ringing == ("alice",)
    office.is_calm()


@pytest.mark.parametrize("taken", [False, True])
def test_the_transfer_key_of_each_is_taken_where_the_administrator_wants_that(taken: bool) -> None:
    office = _office(transfer_progress=taken)
    rung = _called(office)
    created = [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)]
    assert [(x.leg, x.transfer_key) for x in created] == [(leg, taken) for leg in rung]


@pytest.mark.parametrize("which", [0, 1])
def test_the_first_answer_wins_and_the_other_phone_is_notified_that_it_has_missed_nothing(which: int) -> None:
    office = _office()
    rung = _called(office)
    assert "HangUp alice elsewhere" in office.happens(s.LegAnswered(rung[which]))
    office.asterisk.answer(rung[which])
    office.settle()
    assert office.leg_of("alice") == rung[which]
    assert office.hears() == hear_each_other("alice", "in1")
    office.ask(c.Hold, "alice", call=office.only_call().id)
    assert office.music() == {"in1"}
    office.is_calm()


@pytest.mark.parametrize("behaviour", [Behaviour.BUSY, Behaviour.UNREACHABLE])
def test_one_that_refuses_by_itself_lets_the_other_ring_and_both_together_miss_one_call(behaviour: Behaviour) -> None:
    office = _office(offer_timeout=15.0)
    office.asterisk.behaviour[Phone("1001", PLACES[1])] = behaviour
    (first,) = _called(office)
    assert office.switch.legs[first].destination == Phone("1001")
    office.pass_time()
    assert office.agents.missed == ["alice"]
    office.is_calm()
    both = _office(offer_timeout=15.0)
    _called(both)
    both.pass_time()
    assert both.agents.missed == ["alice"]
    both.is_calm()


def test_declined_on_one_it_rings_on_none_and_so_it_is_from_the_desktop() -> None:
    office = _office()
    office.arrives("group", "support", leg="in1")
    office.settle()
    assert len(_rung(office)) == 2
    office.hangs_up(_rung(office)[0], 21)
    assert _rung(office) == []
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    desktop = _office()
    _called(desktop)
    desktop.command(c.Release, "alice", call=desktop.only_call().id)
    desktop.settle()
    assert _rung(desktop) == []
    desktop.is_calm()


def test_answered_from_the_desktop_one_phone_answers_by_itself_and_the_others_stop() -> None:
    office = _office()
    _called(office)
    assert office.do(c.Answer, "alice", call=office.only_call().id).count("HangUp alice elsewhere") == 2
    office.settle()
    (leg,) = _rung(office)
    assert office.asterisk.world.channels[leg].auto_answer
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_a_transfer_rings_both_and_when_the_contact_hangs_up_both_stop() -> None:
    office = _office()
    call = office.served("bob")
    office.ask(c.SingleStepTransfer, "bob", call=call.id, target=to("agent:alice"))
    assert len(_rung(office)) == 2
    office.hangs_up("in1")
    assert _rung(office) == []
    office.is_calm()


def test_an_own_phone_that_is_to_answer_by_itself_is_one() -> None:
    office = _office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    assert len(_rung(office)) == 1
    office.is_calm()


def _recalled() -> tuple[Office, str, list[str]]:
    """Alice has hung up with the contact on hold, and both phones are rung again."""
    office = _office(recall=60.0)
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.pass_time(60.0)
    office.settle()
    office.is_calm()
    return office, call.id, _rung(office)


@pytest.mark.parametrize("which", [0, 1])
def test_a_recall_rings_both_and_the_first_answer_wins(which: int) -> None:
    office, call, rung = _recalled()
    assert [office.switch.legs[leg].destination for leg in rung] == [Phone("1001"), Phone("1001", PLACES[1])]
    assert "HangUp alice elsewhere" in office.happens(s.LegAnswered(rung[which]))
    office.asterisk.answer(rung[which])
    office.settle()
    assert office.leg_of("alice") == rung[which]
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()
    assert office.switch.calls[call].recalls == 0


@pytest.mark.parametrize("which", [0, 1])
def test_a_recall_that_one_phone_refuses_by_itself_goes_on_at_the_other(which: int) -> None:
    office, _call, rung = _recalled()
    office.asterisk.hang_up(rung[which], 19)
    office.settle()
    assert _rung(office) == [rung[1 - which]]
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_a_recall_rings_on_at_all_the_others_and_in_no_bridge() -> None:
    office = Office(recall=60.0)
    office.asterisk.places["1001"] = (*PLACES, "sip:1001@pocket")
    office.ask(c.Hold, "alice", call=office.served().id)
    office.hangs_up("alice")
    office.pass_time(60.0)
    office.settle()
    rung = _rung(office)
    assert [office.asterisk.world.channels[leg].bridge for leg in rung] == [None] * 3
    office.asterisk.hang_up(rung[0], 19)
    office.settle()
    assert office.party(office.only_call(), "alice").legs == (rung[1], rung[2])
    office.asterisk.answer(rung[2])
    office.settle()
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


@pytest.mark.parametrize("which", [0, 1])
def test_a_recall_that_is_declined_on_one_phone_rings_on_none_and_again_later(which: int) -> None:
    office, call, rung = _recalled()
    office.asterisk.hang_up(rung[which], 21)
    office.settle()
    assert _rung(office) == []
    assert office.music() == {"in1"}
    office.is_calm()
    office.pass_time()
    office.settle()
    assert len(_rung(office)) == 2
    assert office.switch.calls[call].recalls == 2


@pytest.mark.parametrize("ends", ["contact", "retrieve", "own call", "clear"])
def test_whatever_ends_a_recall_ends_it_on_both_phones(ends: str) -> None:
    office, call, rung = _recalled()
    match ends:
        case "contact":
            office.hangs_up("in1")
        case "retrieve":
            office.command(c.Retrieve, "alice", call=call)
        case "own call":
            office.asterisk.arrive("mine", "1001", "dial", "1002")
        case _:
            office.ask(c.Clear, "alice", call=call)
    office.settle()
    assert not set(rung) & office.switch.legs.keys()
    assert len(_rung(office)) == (1 if ends in ("retrieve", "own call") else 0)
    office.is_calm()


def test_a_recall_goes_on_after_a_restart_on_both_phones() -> None:
    office, _call, rung = _recalled()
    office.restart()
    office.is_calm()
    assert _rung(office) == rung
    office.asterisk.answer(rung[1])
    office.settle()
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_who_is_joined_to_others_while_both_their_phones_ring_hears_them_on_the_one_that_is_answered() -> None:
    office, call, rung = _recalled()
    office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call, mode=MonitorMode.BARGE)
    office.settle()
    office.picks_up("erin")
    office.ask(c.InitiateTransfer, "erin", call=call, target=to("agent:bob"))
    office.picks_up("bob")
    consult = list(office.switch.calls)[-1]
    office.ask(c.CompleteConference, "erin", call=consult)
    assert set(_rung(office)) == set(rung)
    office.asterisk.answer(rung[1])
    office.settle()
    assert office.hears() == hear_each_other("alice", "erin", "bob", "in1")
    office.is_calm()


def test_what_is_reported_of_no_leg_of_one_that_talks_or_of_one_outside_changes_nothing() -> None:
    office = _office()
    assert office.happens(s.OtherPlaceFound("nobody", PLACES[1])) == []
    call = office.served()
    assert office.happens(s.OtherPlaceFound(office.leg_of("alice"), PLACES[1])) == []
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)
    assert office.happens(s.OtherPlaceFound(office.outside_leg(), PLACES[1])) == []
    office.is_calm()
