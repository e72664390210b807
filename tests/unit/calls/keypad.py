"""Keys of phones in an office that has feature codes."""

from typing import Any

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, KeyedNumber, Offer, OfferState
from tests.support.office import Office

CODES = {"transfer": "*1", "conference": "*2", "hold": "*3", "cancel": "*0"}


def with_codes(*quick: str, **more: Any) -> Office:
    return Office(*quick, **{"feature_codes": CODES, **more})


def presses(office: Office, keys: str, who: str = "alice", call: str | None = None) -> list[str]:
    """The keys, one after the other, with all that follows; what the last one requested of Asterisk at once."""
    requested: list[str] = []
    for key in keys:
        leg = office.leg_of(who, call) if who in office.directory.agents else who
        requested = office.happens(s.LegDigit(leg, key))
        office.settle()
    return requested


def number_of(office: Office, call: Call, who: str = "alice") -> KeyedNumber | None:
    return office.party(call, who).keyed


def offer_of(office: Office, call: Call) -> Offer:
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    return offer


def state_of(office: Office, call: Call) -> OfferState:
    return offer_of(office, call).state


def said(office: Office) -> list[str]:
    return [effect.prompt for effect in office.asterisk.executed if isinstance(effect, e.Announce)]
