"""What every effect and every snapshot must be, whatever a test is about: whole, readable again, and with ids of ours.

The pure tests' World asks this of all that the machine tells it.
"""

import json
import re
from typing import Any, get_args

from pydantic import TypeAdapter

from ari_app.calls import effects as e
from ari_app.calls.model import Call, Leg, Progress
from ari_app.engine import snapshots
from ari_app.records.projector import Kept

CALL = TypeAdapter(Call)
LEG = TypeAdapter(Leg)
_KINDS: tuple[type, ...] = (*get_args(e.AsteriskEffect.__value__), *get_args(e.AvailabilityEffect.__value__))
_EFFECTS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in _KINDS}


def check(effect: e.Effect) -> None:
    """Fails where a field is not of its type, an id not one of ours, or somebody is refused without a word."""
    shape = _EFFECTS.get(type(effect))
    assert shape is None or _is_read_again(shape, effect), effect
    match effect:
        case e.CallChanged(_, call):
            _check_call(call)
        case e.LegChanged(leg_id, leg) if leg is not None:
            assert leg.destination is None or _is_id(leg_id, "l"), leg_id
            assert _is_read_again(LEG, leg), leg
        case e.Announce():
            assert _is_id(effect.announcement, "a"), effect.announcement
        case e.Refuse(_, error):
            assert error.detail, "a refusal without a word"
            assert all(field.message for field in error.fields), "a field refused without a word"


def _is_read_again(shape: TypeAdapter[Any], value: object) -> bool:
    """Whether every field is of its type: what is written down is read again as the same."""
    return bool(shape.validate_json(shape.dump_json(value)) == value)


def _is_id(name: str, kind: str) -> bool:
    """Ids are of one incarnation of the controller, and say to a reader what they are of."""
    return re.fullmatch(rf"cc-\d+-{kind}\d+", name) is not None


def _check_call(call: Call) -> None:
    assert _is_read_again(CALL, call), call
    assert _is_id(call.id, "c"), call.id
    for key, party in call.parties.items():
        assert key == party.id
        assert _is_id(key, "p"), key
        assert party.progress is not Progress.LEFT or not (party.held_by or party.leg), "somebody who left is kept"
    offer = call.offer
    if offer is not None:
        assert _is_id(offer.id, "o"), offer.id
        assert offer.request is None or _is_id(offer.request, "r"), offer.request
    if call.ended:
        assert all(p.progress is Progress.LEFT and not p.away for p in call.parties.values()), "somebody is left"
        assert call.held_since is None
        left_over = offer is not None and (offer.attempts or offer.deadline or offer.request or offer.retry_at)
        assert offer is None or not (offer.going_on or left_over), "an offer goes on in a call that is over"


def written[V: (Call, Leg, Kept)](adapter: TypeAdapter[V], value: V) -> bytes:
    """As the store has it: what whoever reads it back would have written."""
    text = snapshots.dumped(value)
    assert text is not None
    assert json.loads(text) == json.loads(adapter.dump_json(value)), text
    return text
