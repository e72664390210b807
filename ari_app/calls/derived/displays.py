"""What phones show: who rings there, and once agents talk with whom, the contact above all (S55).

The latter is derived after every step, like media, and only the difference is requested. An identity that an agent
chose to show stays (S51). Nobody outside ever learns who they are passed on to.
"""

from ari_app.calls.effects import ShowIdentity
from ari_app.calls.model import Call, Identity, OfferKind, Party, PartyRole, Progress
from ari_app.calls.step import Step
from ari_app.routing.directory import Agent
from ari_app.routing.targets import Target, TargetType


def settle(step: Step) -> None:
    """Ask for whatever the displays in the calls touched by this step should now show."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        if call is None:
            continue
        for party in call.parties.values():
            if party.role is PartyRole.AGENT and party.progress is Progress.JOINED:
                _settle_party(step, call, party)


def _settle_party(step: Step, call: Call, party: Party) -> None:
    leg = step.leg(party.leg)
    if leg is None or not leg.speaks_in(call.id) or leg.chosen:
        return
    wanted = with_whom(call, party)
    if wanted is not None and wanted != leg.shown:
        step.ask(ShowIdentity, leg.id, wanted)
        step.put_leg(leg.id, shown=wanted)


def anew(step: Step, call: Call) -> None:
    """Asterisk has passed a changed name on by itself, also over one that an agent chose: show what is right again."""
    for party in call.joined():
        leg = step.leg(party.leg)
        if party.role is not PartyRole.AGENT or leg is None or not leg.speaks_in(call.id):
            continue
        if leg.chosen and leg.shown is not None:
            step.ask(ShowIdentity, leg.id, leg.shown)
        else:
            step.put_leg(leg.id, shown=None)


def with_whom(call: Call, me: Party) -> Identity | None:
    """The contact whom this is about, else the colleague; None while there is nobody else, or nobody known."""
    others = [p for p in call.joined() if p.id != me.id]
    other = next((p for p in others if p.role is PartyRole.CONTACT), others[0] if others else None)
    return other.identity if other is not None and other.identity.known else None


def shown_identity(step: Step, call: Call | None, agent: str | None, kind: OfferKind) -> Identity:
    """What a rung phone shows without an override: the contact for what concerns them (S55), else who calls."""
    if call is not None and kind in (OfferKind.TRANSFER, OfferKind.CONFERENCE):
        contact = call.contact()
        if contact is not None:
            return contact.identity
    listed = step.directory.agents.get(agent) if agent else None
    return of_agent(listed) if listed else Identity()


def outward(step: Step, identity: Identity) -> Identity:
    """What somebody outside sees of it: in place of anybody inside the company, or else nobody."""
    inside = step.directory.resolve(Target(TargetType.NUMBER, identity.number)).type is not TargetType.NUMBER
    if identity.anonymous or (identity.number and not inside):
        return identity
    company = step.directory.settings.company
    return Identity(company.name, company.number) if company is not None else Identity(anonymous=True)


def in_emergency(step: Step, agent: str, identity: Identity) -> Identity:
    """What emergency services see, and call back: the place where the agent is. Nobody is withheld from them."""
    company = step.directory.settings.company
    place = step.directory.settings.emergency.place_of(step.directory.labels(agent))
    if place is not None:
        return Identity(company.name if company is not None else "", place)
    return Identity(company.name, company.number) if company is not None else outward(step, identity)


def of_agent(agent: Agent) -> Identity:
    """An agent as colleagues see who calls."""
    return Identity(agent.name, agent.phone or "")
