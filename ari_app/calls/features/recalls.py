"""Calls kept on hold for an agent who has no leg: rung again for them, and not for ever.

An agent's phone was hung up with the contact on hold, or it is dead (power, network): those who have nobody else wait
with music until the agent is back. How long they wait, and what becomes of them when nobody comes, is decided here.

`recall_at` is when the phone is due to be rung again. That time is kept while the phone rings or cannot be reached, so
that a phone which comes and goes keeps nobody waiting for ever.
"""

from ari_app.calls.effects import CallAlarm
from ari_app.calls.features import offers, parties
from ari_app.calls.model import AgentId, Alarm, Call, Leg, LegState, Party, PartyRole, Progress
from ari_app.calls.step import Step


def keeps_call(call: Call, party: Party, leg: Leg, *, died: bool = False) -> bool:
    """Whether the call waits on hold for the agent whose leg has left.

    So it is where the agent alone looks after contacts, and has them on hold or did not hang up at all: the phone has
    died, or was rung again in vain. In a conference whoever hangs up leaves (S36, S37), and so it is while a transfer
    rings (S16).
    """
    if party.role is not PartyRole.AGENT or party.progress is not Progress.JOINED or leg.hanging_up:
        return False
    others = [p for p in call.joined() if p.id != party.id]
    waiting = died or party.away or all(party.id in p.held_by or call.waits(p) for p in others)
    return bool(others) and waiting and call.offering() is None and all(p.role is PartyRole.CONTACT for p in others)


def keep(step: Step, call: Call, party: Party, leg: Leg, *, died: bool) -> None:
    """Keep the call without a leg of its agent. Whom a dead phone was talking to is on hold now, and it is rung again
    at once: it may be there already, or another one. Where it rang in vain, nobody was there who could have gone:
    contacts whom their agent has joined from the desktop talk on.
    """
    call = step.put_party(call.id, party.id, leg=None, away=True)
    if leg.state is LegState.UP:
        call = parties.hold(step, call, party.id, [p for p in call.joined() if p.id != party.id])
        call = step.put_call(call.id, recalls=0, recall_at=None)
    due = call.recall_at if call.recall_at is not None else step.now + step.directory.settings.recall
    call = step.put_call(call.id, recall_at=due)
    if died:
        step.emit(CallAlarm(call, Alarm.AGENT_GONE))
        recall(step, call)


def recall(step: Step, call: Call) -> None:
    """Contacts have waited long enough for an agent without a leg: ring the phone, or give the agent up.

    An agent who talks to somebody else is not disturbed, and knows; one whose phone cannot be reached is waited for.
    """
    settings = step.directory.settings
    party = call.party_of(call.owner or "")
    if party is None or (party.leg is not None and not party.away):
        step.put_call(call.id, recall_at=None)
        return
    call = step.put_call(call.id, recall_at=step.now + settings.recall)
    if parties.agent_leg(step, party.agent or "") is not None:
        return
    if call.recalls >= settings.max_recalls:
        give_up(step, call, party)
        return
    if call.recalls:
        step.emit(CallAlarm(call, Alarm.AGENT_GONE))
    _ring(step, step.put_call(call.id, recalls=call.recalls + 1), party)


def _ring(step: Step, call: Call, party: Party) -> None:
    if step.can_reach(parties.own_phone(step, party).user) and not step.has_gone_home(party.agent or ""):
        parties.ring_own_phone(step, call, party, auto_answer=False)


def phone_reachable(step: Step, phone: str, reachable: bool) -> None:
    """A phone that is back rings at once for whoever was kept for its agent."""
    was_reachable = step.can_reach(phone)
    step.unreachable[phone] = None if reachable else True
    agent = step.directory.agent_of_phone(phone)
    if not reachable or was_reachable or not step.linked or agent is None:
        return
    for call in step.calls_of(agent.id):
        party = step.mine(call, agent.id)
        if call.recall_at is not None and party.away and parties.agent_leg(step, agent.id) is None:
            _ring(step, call, party)


def logged(step: Step, agent: AgentId, *, out: bool) -> None:
    """The agent has gone home, or is here again."""
    step.gone_home[agent] = True if out else None
    if out:
        look(step, agent)


def look(step: Step, agent: AgentId) -> None:
    """Have `settle` look at their calls."""
    for call in step.calls_of(agent):
        step.touch(call.id)


def settle(step: Step) -> None:
    """Nobody waits for an agent who has gone home, whether they hung up before they logged out or after."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        for party in call.joined() if call is not None else ():
            left = step.find_call(call_id)  # giving one up may have ended it
            # A transfer of theirs that Asterisk makes is waited for: it is reported in two parts.
            waits = party.away and party.joining is None
            if left is not None and waits and step.has_gone_home(party.agent or ""):
                give_up(step, left, party)


def give_up(step: Step, call: Call, party: Party) -> None:
    """The agent does not come back. Who has nobody else goes to the fallback target, else hears why and is released
    (S16); a transfer that rings goes on.
    """
    step.emit(CallAlarm(call, Alarm.AGENT_GONE))
    others = [p for p in call.joined() if p.id != party.id]
    if call.offering() is None and not any(p.agent for p in others):
        offers.look_after(step, call)
    parties.leave(step, call.id, party.id)
