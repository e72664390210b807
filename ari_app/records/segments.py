"""What each party of a call does now: a pure function of the call as it is. A party that does nothing is left out.

talk   is in the call, as is somebody else, and neither is on hold in any way
queue  a caller who is alone, and for whom agents are sought, or rung
ring   is no party yet: their phone is dialled or rings; or is alone, and hears how it rings at a number or an agent
hold   is in the call otherwise: on hold, has the others on hold, is elsewhere meanwhile, or waits for who is

Who is alone and for whom nothing is done any more (they hear that nobody is available, say) does nothing.
"""

from dataclasses import dataclass

from ari_app.calls.model import AgentId, Call, Offer, OfferKind, Party, PartyId, PartyRole, Progress
from ari_app.records.model import SegmentKind


@dataclass(frozen=True, slots=True)
class Doing:
    """What a party does; see the fields of `Segment`."""

    kind: SegmentKind
    role: PartyRole
    agent: AgentId | None = None
    target: str | None = None
    offer: OfferKind | None = None


def doings(call: Call) -> dict[PartyId, Doing]:
    """What each does, in the order in which they came.

    An agent whose several phones ring is one party: that of the phone that was dialled first.
    """
    if call.ended:
        return {}
    offer, joined = call.offering(), call.joined()
    there = {p.id for p in joined if p.present}
    rung = _rung(offer)
    found = {}
    for party in sorted(call.parties.values(), key=lambda p: p.order):
        doing = _doing(party, offer, rung, joined, there)
        if doing is not None:
            found[party.id] = doing
    return found


def _doing(
    party: Party, offer: Offer | None, rung: dict[PartyId, bool], joined: list[Party], there: set[PartyId]
) -> Doing | None:
    match party.progress:
        case Progress.LEFT:
            return None
        case Progress.JOINED:
            return _in_call(party, len(joined) == 1, there, offer)
        case _:
            return _rings(party, rung, offer)


def _rung(offer: Offer | None) -> dict[PartyId, bool]:
    """The parties that are rung for the offer; whether as the first phone of its agent."""
    rung: dict[PartyId, bool] = {}
    agents: set[AgentId] = set()
    for attempt in offer.attempts if offer is not None else ():
        rung[attempt.party] = attempt.agent is None or attempt.agent not in agents
        agents |= {attempt.agent} if attempt.agent is not None else set()
    return rung


def _rings(party: Party, rung: dict[PartyId, bool], offer: Offer | None) -> Doing | None:
    if offer is None or party.id not in rung:  # the own phone of whoever makes the call
        return Doing(SegmentKind.RING, party.role, party.agent)
    if not rung[party.id]:
        return None
    return Doing(SegmentKind.RING, party.role, party.agent, str(offer.target), offer.kind)


def _in_call(party: Party, alone: bool, there: set[PartyId], offer: Offer | None) -> Doing | None:
    if party.id in there and there - {party.id}:
        return Doing(SegmentKind.TALK, party.role, party.agent)
    if party.held_by or party.turned_away or not alone:
        return Doing(SegmentKind.HOLD, party.role, party.agent)
    if offer is None:
        return None
    if offer.by is None or offer.by == party.id:
        served = offer.by is None and offer.target.type.of_agents
        kind = SegmentKind.QUEUE if served else SegmentKind.RING
        return Doing(kind, party.role, party.agent, str(offer.target))
    return Doing(SegmentKind.HOLD, party.role, party.agent)  # whoever had them rung has left
