"""Whatever controllers say to each other arrives as it was said."""

from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls.model import Alarm, Party, PartyRole, Withheld
from ari_app.errors import (
    AsteriskUnavailable,
    CallControlError,
    Code,
    FieldError,
    LeadsNoMore,
    NotYetKnown,
    OutcomeUnknown,
    Refused,
    StoreUnavailable,
    Unavailable,
)
from ari_app.routing.directory import Role
from ari_app.sharing import wire
from tests.properties import walk
from tests.support.world import to


def every_command() -> list[c.Command]:
    everywhere: dict[str, Any] = {"id": "k1", "by": "alice", "role": Role.SUPERVISOR}
    on_call: dict[str, Any] = {**everywhere, "call": "cc-1"}
    on_party: dict[str, Any] = {**on_call, "party": "p1"}
    return [
        c.MakeCall(**everywhere, target=to("skill:french>=3"), caller_id="x", user_data={"k": "é"}),
        *(kind(**{**on_call, **walk._FIELDS.get(kind, {})}) for kind in c.ON_CALL.values()),
        c.AwaitTie(**on_call, tie="t", merge="k0", who=Party("p", PartyRole.CONTACT, withheld=Withheld("é", "+33"))),
        c.PrepareTie(**on_call, tie="t", to="asterisk-a"),
        c.HandOver(**on_call, tie="t"),
        *(kind(**{**on_party, **walk._FIELDS.get(kind, {})}) for kind in c.ON_PARTY.values()),
    ]


@pytest.mark.parametrize("command", every_command(), ids=lambda command: type(command).__name__)
def test_every_command_arrives(command: c.Command) -> None:
    sent = wire.read_from_centre(wire.from_centre(wire.request_for(command)))
    assert isinstance(sent, wire.Do)
    assert wire.command_of(sent) == command


def test_a_verb_of_a_later_version_is_no_command() -> None:
    with pytest.raises(ValueError, match="Recite"):
        wire.command_of(wire.Do("Recite", {}))


def test_digits_of_a_command_are_in_no_log() -> None:
    command = c.SendDtmf(id="k1", by="alice", call="cc-1", digits="4711")
    assert "4711" not in repr(wire.request_for(command))


@pytest.mark.parametrize(
    "error",
    [
        Refused(Code.INVALID, "no", (FieldError("target", "is no target"),)),
        Unavailable(Code.STANDBY, "later"),
        AsteriskUnavailable("gone"),
        StoreUnavailable("full"),
        OutcomeUnknown("who knows"),
        NotYetKnown("who knows yet"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_is_raised_there_as_here(error: CallControlError) -> None:
    answered = wire.read_from_leader(wire.from_leader(wire.Answered("k1", failure=wire.Failure.of(error))))
    assert isinstance(answered, wire.Answered)
    assert answered.failure is not None
    assert answered.failure.error() == error
    assert type(answered.failure.error()) is type(error)


def test_that_one_leads_no_more_is_for_others_that_it_waits() -> None:
    """Also for those of an earlier version."""
    assert wire.Failure.of(LeadsNoMore()).error() == LeadsNoMore()
    assert wire.Failure.of(LeadsNoMore()).kind == "Unavailable"


def test_calls_and_legs_of_every_kind_arrive() -> None:
    for world in walk.beginnings():
        calls = tuple(world.switch.calls.values())
        changes = tuple(wire.Change(call, call) for call in calls)
        everything = wire.AllCalls(7, changes, tuple(world.switch.legs.values()), reached=True)
        assert wire.read_from_leader(wire.from_leader(everything)) == everything
        for call in calls:
            alarmed = wire.Alarmed(call, Alarm.HELD_TOO_LONG)
            assert wire.read_from_leader(wire.from_leader(alarmed)) == alarmed


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        wire.read_from_leader('{"kind": "nothing"}')
