"""What must hold after every step is named when it does not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import invariants
from ari_app.calls.model import (
    Attempt,
    Call,
    Listening,
    Message,
    Monitor,
    MonitorMode,
    OfferState,
    PartyRole,
    Progress,
    Snoop,
    Sound,
)
from ari_app.calls.step import Step
from tests.support.office import Office


def _found(office: Office, change: Callable[[Call], Call]) -> list[str]:
    call = change(office.only_call())
    return invariants.violations(Step(office.switch.state, office.directory, office.now), call)


def _with(call: Call, who: str, **changes: object) -> Call:
    party = next(p for p in call.parties.values() if who in (p.agent, p.leg))
    return replace(call, parties={**call.parties, party.id: replace(party, **changes)})  # type: ignore[arg-type]


def _agents_leg(call: Call) -> str:
    return next(p.leg for p in call.parties.values() if p.agent and p.leg)


def _monitored(call: Call, agent: str, leg: str, of: str) -> Call:
    monitor = Monitor(agent, agent, "1010", MonitorMode.LISTEN, leg, "bridge", snoop=Snoop("snoop", of, False))
    return replace(call, monitors={agent: monitor})


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("a call with nobody in it", lambda x: replace(x, parties={}, owner=None)),
        ("an agent twice in one call", lambda x: _with(x, "in1", agent="alice", role=PartyRole.AGENT)),
        ("an owner who is not in the call", lambda x: replace(x, owner="bob")),
        ("phones ring for an offer that is busy", lambda x: _offered(x, OfferState.BUSY, _someone(x))),
        ("a phone rings for a party that is not there", lambda x: _offered(x, OfferState.RINGING, "nobody")),
        ("an offer rings no phone", lambda x: _offered(x, OfferState.RINGING)),
        ("somebody is rung for no offer", lambda x: _with(x, "alice", progress=Progress.DIALING)),
        ("somebody is rung for no offer", lambda x: _with(x, "alice", progress=Progress.RINGING)),
        ("held_since disagrees with the holds", lambda x: replace(x, held_since=1.0)),
        ("a party that left still has a leg", lambda x: _with(x, "in1", progress=Progress.LEFT)),
        ("a contact without a leg", lambda x: _with(x, "in1", leg=None)),
        ("a party whose leg is unknown", lambda x: _with(x, "in1", leg="unknown")),
        (
            "a supervisor who monitors and has calls of their own",
            lambda x: _monitored(x, "alice", "in1", _agents_leg(x)),
        ),
        ("a supervisor whose leg is unknown", lambda x: _monitored(x, "erin", "unknown", _agents_leg(x))),
        ("somebody is listened to who is not in the call", lambda x: _monitored(x, "erin", "in1", "in1")),
        (
            "somebody is sought for who leaves a message",
            lambda x: replace(_offered(x, OfferState.SEEKING), message=Message("v", "box", "file", requested=True)),
        ),
        (
            "somebody else is wanted in a call in which messages are heard",
            lambda x: replace(x, listening=Listening("alice")),
        ),
        (
            "somebody on hold without music",
            lambda x: _with(replace(x, held_since=1.0), "in1", held_by=frozenset(list(x.parties)[1:])),
        ),
    ],
)
def test_what_must_hold_is_named_when_it_does_not(says: str, change: Callable[[Call], Call]) -> None:
    office = Office()
    office.served()
    assert _found(office, lambda x: x) == []
    assert _found(office, change) == [says]


def test_a_hold_by_one_who_has_left_and_a_contact_who_speaks_elsewhere_are_broken_invariants() -> None:
    office = Office()
    office.served()
    office.ask(c.Hold, "alice", call=office.only_call().id)
    assert _found(office, lambda x: _with(x, "in1", held_by=frozenset({"left"}))) == [
        "on hold by somebody who has left"
    ]
    leg = office.switch.legs["in1"]
    office.switch.state.legs["in1"] = replace(leg, focus="other")
    assert _found(office, lambda x: x) == ["a contact whose leg speaks in another call"]
    office.switch.state.legs["in1"] = replace(leg, focus=None)
    assert _found(office, lambda x: x) == []


def _someone(call: Call) -> str:
    return next(iter(call.parties))


def _offered(call: Call, state: OfferState, party: str | None = None) -> Call:
    assert call.offer is not None
    attempts = () if party is None else (Attempt("l", party, None),)
    return replace(call, offer=replace(call.offer, state=state, attempts=attempts))


def test_a_contact_in_silence_is_a_broken_invariant() -> None:
    office = Office()
    office.served()
    leg = office.switch.legs["in1"]
    assert leg.requested is not None
    office.switch.state.legs["in1"] = replace(leg, requested=replace(leg.requested, bridge=None))
    assert _found(office, lambda x: x) == ["a contact in silence"]
    office.switch.state.legs["in1"] = replace(leg, requested=None)
    assert _found(
        office, lambda x: _with(replace(x, held_since=1.0), "in1", held_by=frozenset(list(x.parties)[1:]))
    ) == ["somebody on hold without music"]


def test_an_agent_who_is_waited_for_and_a_leg_that_hears_a_prompt_break_nothing() -> None:
    office = Office()
    call = office.served()
    leg = office.switch.legs["in1"]
    office.switch.state.legs["in1"] = replace(leg, playing="a", requested=None)
    assert _found(office, lambda x: x) == []
    office.switch.state.legs["in1"] = leg
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    assert _found(office, lambda x: x) == []


def test_behind_an_agent_who_has_no_leg_others_are_looked_at_too() -> None:
    office = Office()
    office.served()

    def broken(call: Call) -> Call:
        changed = _with(_with(call, "in1", leg="unknown"), "alice", leg=None, away=True)
        return replace(changed, held_since=1.0, parties=dict(reversed(list(changed.parties.items()))))

    assert _found(office, broken) == ["a party whose leg is unknown"]


def test_a_ringing_tone_is_no_music_for_one_who_is_on_hold() -> None:
    office = Office()
    office.ask(c.Hold, "alice", call=office.served().id)
    leg = office.switch.legs["in1"]
    assert leg.requested is not None
    office.switch.state.legs["in1"] = replace(leg, requested=replace(leg.requested, sound=Sound.RINGING))
    assert _found(office, lambda x: x) == ["somebody on hold without music"]
