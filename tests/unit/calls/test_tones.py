"""Tones of a conference: who comes and who goes is heard, where the administrator lists it."""

from ari_app.calls import commands as c
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.office import Office
from tests.support.world import to

LISTED = ANNOUNCEMENTS | {"conference_join": "sound:in", "conference_leave": "sound:out"}


def _played(office: Office) -> list[str]:
    """All that was played to bridges so far."""
    return [prompt for _, prompt in office.asterisk.world.played.values()]


def _conference(office: Office) -> str:
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    return call.id


def test_the_third_who_comes_and_the_third_who_goes_are_heard_and_nobody_else() -> None:
    office = Office(announcements=LISTED)
    call = _conference(office)
    assert _played(office) == ["conference_join"]
    office.ask(c.Release, "bob", call=call)
    assert _played(office) == ["conference_join", "conference_leave"]
    office.ask(c.Clear, "alice", call=call)
    assert _played(office) == ["conference_join", "conference_leave"]
    office.is_calm()


def test_the_tone_is_played_in_the_bridge_that_the_third_has_joined() -> None:
    office = Office(announcements=LISTED)
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    (leg,) = [leg for leg in office.switch.legs.values() if leg.agent == "bob"]
    office.asterisk.answer(leg.id)
    office.settle()
    executed = [type(effect).__name__ for effect in office.asterisk.executed]
    assert executed.index("PlayToBridge") > max(i for i, name in enumerate(executed) if name == "JoinBridge")
    assert {bridge for bridge, _ in office.asterisk.world.played.values()} == {call.bridge}


def test_a_call_of_two_has_no_tone_whoever_comes_in_the_others_place() -> None:
    office = Office(announcements=LISTED)
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.Clear, "bob", call=call.id)
    assert not _played(office)


def test_a_fourth_in_the_place_of_a_third_comes_with_one_tone() -> None:
    office = Office(announcements=LISTED)
    call = _conference(office)
    office.ask(c.SingleStepTransfer, "bob", call=call, target=to("agent:carol"))
    office.picks_up("carol")
    assert _played(office) == ["conference_join", "conference_join"]
    office.is_calm()


def test_hold_and_retrieve_are_no_coming_and_going() -> None:
    office = Office(announcements=LISTED)
    call = _conference(office)
    office.ask(c.Hold, "alice", call=call)
    office.ask(c.Retrieve, "alice", call=call)
    assert _played(office) == ["conference_join"]


def test_a_consultation_that_becomes_a_conference_has_its_tone() -> None:
    office = Office(announcements=LISTED)
    call = office.served()
    office.command(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")
    beside = next(x for x in office.switch.calls.values() if x.parent == call.id)
    office.command(c.CompleteConference, "alice", call=beside.id)
    office.is_calm()
    assert _played(office) == ["conference_join"]


def test_what_is_not_listed_is_not_played() -> None:
    office = Office()
    call = _conference(office)
    office.ask(c.Release, "bob", call=call)
    assert not _played(office)
