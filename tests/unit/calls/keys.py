"""Agents who press keys in their calls: what tests of feature codes share."""

from typing import Any

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, KeyedNumber, Offer, OfferState
from tests.unit.calls.office import Office

CODES = {"transfer": "*1", "conference": "*2", "hold": "*3", "cancel": "*0"}


def office_with_codes(*quick: str, **more: Any) -> Office:
    """An office whose phones have feature codes."""
    return Office(*quick, **{"feature_codes": CODES, **more})


def presses(office: Office, keys: str, who: str = "alice", call: str | None = None) -> list[str]:
    """The keys, one after the other, with all that follows; what the last one asked of Asterisk at once."""
    asked: list[str] = []
    for key in keys:
        leg = office.leg_of(who, call) if who in office.directory.agents else who
        asked = office.happens(s.LegDigit(leg, key))
        office.settle()
    return asked


def keyed(office: Office, call: Call, who: str = "alice") -> KeyedNumber | None:
    """The number that he is dialling."""
    return office.party(call, who).keyed


def offer_of(office: Office, call: Call) -> Offer:
    """The last offer of the call."""
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    return offer


def state_of(office: Office, call: Call) -> OfferState:
    """How it stands with the last offer."""
    return offer_of(office, call).state


def said(office: Office) -> list[str]:
    """The prompts that were played, in order."""
    return [effect.prompt for effect in office.asterisk.executed if isinstance(effect, e.Announce)]
