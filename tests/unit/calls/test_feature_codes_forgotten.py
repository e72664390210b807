"""Feature codes whose agent does something else by then: the number is forgotten, and nobody is notified (S12, S16)."""

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from tests.support.office import Office, hear_each_other


def _dialling(keys: str) -> tuple[Office, str]:
    """Alice has pressed these keys in a call with a contact."""
    office = Office(feature_codes={"transfer": "*1"})
    call = office.served()
    for key in keys:
        office.feed(s.LegDigit(office.leg_of("alice"), key))
        office.settle()
    return office, call.id


def test_a_number_begun_is_forgotten_when_the_desktop_brings_the_contact_back_s13() -> None:
    office, call = _dialling("*110")
    assert office.party(office.switch.calls[call], "alice").keyed is not None
    assert office.do(c.Retrieve, "alice", call=call) == ["StopMusic in1", "JoinBridge in1"]
    office.is_calm()
    assert office.party(office.switch.calls[call], "alice").keyed is None
    assert office.hears() == hear_each_other("alice", "in1")


def test_who_has_hung_up_by_then_does_not_hear_that_nobody_was_there_s16() -> None:
    office, _call = _dialling("*11002#")
    office.hangs_up("alice")
    office.hangs_up("bob", 21)
    office.is_calm()
    assert {
        x.leg for x in office.asterisk.executed if isinstance(x, e.Announce) and x.prompt == "nobody_available"
    } == {"in1"}
    assert not office.switch.calls
