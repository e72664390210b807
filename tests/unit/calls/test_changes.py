"""What may be written of a value is what it has, but for what it is found by; mypy refuses all else."""

from dataclasses import FrozenInstanceError, fields, replace
from typing import get_type_hints

import pytest

from ari_app.calls import changes, model, step
from ari_app.calls.model import CallType
from ari_app.calls.state import agents_of, legs_of
from ari_app.calls.step import Step
from tests.support.office import Office


@pytest.mark.parametrize(
    ("value", "written", "key"),
    [
        (model.Call, changes.CallChanges, "id"),
        (model.Party, changes.PartyChanges, "id"),
        (model.Leg, changes.LegChanges, "id"),
        (model.Offer, changes.OfferChanges, "id"),
        (model.Attempt, changes.AttemptChanges, ""),
        (model.Monitor, changes.MonitorChanges, "agent"),
        (model.Pending, changes.PendingChanges, "command"),
    ],
)
def test_what_may_be_written_is_what_there_is(value: type, written: type, key: str) -> None:
    hints = get_type_hints(value)
    assert get_type_hints(written) == {f.name: hints[f.name] for f in fields(value) if f.name != key}


def test_a_call_is_found_by_what_a_step_takes_for_that_and_by_nothing_else() -> None:
    """By its legs and agents: other writes leave alone what it is found by."""
    office = Office()
    call = office.served()
    party = next(p for p in call.parties.values() if p.agent is not None)
    found_by = [*legs_of(call), *agents_of(call)]
    for name in changes.PartyChanges.__annotations__.keys() - step._PARTY_FOUND_BY:
        parties = {**call.parties, party.id: changes.changed(party, {name: object()})}
        other = changes.changed(call, {"parties": parties})
        assert [*legs_of(other), *agents_of(other)] == found_by, name
    for name in changes.CallChanges.__annotations__.keys() - step._FOUND_BY:
        other = changes.changed(call, {name: object()})
        assert [*legs_of(other), *agents_of(other)] == found_by, name


def test_a_write_is_on_what_the_step_has_and_never_on_what_somebody_holds() -> None:
    office = Office()
    held = office.served()
    writing = Step(office.switch.state, office.directory, office.now)
    writing.put_call(held.id, owner=None)
    writing.put_call(held.id, type=CallType.INTERNAL)
    assert (writing.call(held.id).owner, writing.call(held.id).type) == (None, CallType.INTERNAL)


def test_a_leg_that_is_not_there_is_not_written() -> None:
    office = Office()
    with pytest.raises(AssertionError, match="not there"):
        Step(office.switch.state, office.directory, office.now).put_leg("l9", keys="1")


def test_a_changed_value_is_that_of_dataclasses_and_what_was_there_stays() -> None:
    call = Office().served()
    for value, written in ((call, {"owner": None, "recalls": 2}), (next(iter(call.parties.values())), {"muted": True})):
        before = replace(value)
        assert changes.changed(value, written) == replace(value, **written)
        assert value == before
        assert type(changes.changed(value, written)) is type(value)
        with pytest.raises(FrozenInstanceError):
            setattr(changes.changed(value, written), "id", "mallory")  # noqa: B010
    with pytest.raises(AttributeError):
        changes.changed(call, {"colour": "red"})
