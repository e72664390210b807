"""Two calls of one agent become one conference (`merge`, and for a consultation `complete_conference`).

Owns which of an agent's calls can be merged, and whether they are few enough for one conference. That depends on two
calls at once, so it is derived after every step, like media, and kept with their party: who looks at one call alone
sees from it what may be done.
"""

from ari_app.calls.features import consult, recording
from ari_app.calls.model import Call, CallId, CallType, LegState, PartyRole, Progress
from ari_app.calls.step import Step


def settle(step: Step) -> None:
    """Note for each agent of the calls that this step touched which of their calls could join which."""
    for agent in dict.fromkeys(p.agent for call in step.versions() for p in call.parties.values() if p.agent):
        _settle_agent(step, agent)


def _settle_agent(step: Step, agent: str) -> None:
    calls = sorted(step.calls_of(agent), key=lambda c: (c.started_at, c.id))
    for call in calls:
        me = step.mine(call, agent)
        others = tuple(c.id for c in calls if c.id != call.id and can_merge(step, call, c, agent))
        parent = step.find_call(call.parent or "")
        few = parent is None or _few_enough(step, parent, call, agent)
        hands_over = parent is not None and consult.can_hand_over(step, call, parent, agent)
        is_open = parent is None or _open(step, call, parent, agent)
        if (others, few, hands_over, is_open) != (me.merges_with, me.may_confer, me.hands_over, me.parent_open):
            step.put_party(
                call.id, me.id, merges_with=others, may_confer=few, hands_over=hands_over, parent_open=is_open
            )


def _open(step: Step, consult: Call, parent: Call, agent: str) -> bool:
    """Whether nobody is rung for the contact's call, whose contacts stay on hold for that (S12, S26), and the agent's
    phone is up.
    """
    there = parent.party_of(agent)
    return there is not None and parent.offering() is None and _speaks(step, consult, parent, agent)


def can_merge(step: Step, call: Call, other: Call, agent: str) -> bool:
    """Whether everybody of `other` may join `call`: nothing rings for either, and nobody would be in it twice."""
    if call.type is CallType.CONSULT and call.parent is not None:
        return False  # the consultation joins the contact's call, not the other way round
    if call.offering() is not None or other.offering() is not None:
        return False
    mine, theirs = _others(call, agent), _others(other, agent)
    if mine is None or theirs is None or mine & theirs or not _speaks(step, call, other, agent):
        return False
    return _few_enough(step, call, other, agent)


def _few_enough(step: Step, call: Call, other: Call, agent: str) -> bool:
    """Whether one conference may have all who are in the two calls of that agent."""
    members = [p for c in (call, other) for p in c.joined() if p.agent != agent]
    return 1 + len(members) <= step.directory.settings.max_parties


def _others(call: Call, agent: str) -> frozenset[str] | None:
    """The agents who are in the call besides `agent`; None where they are not in it, or alone."""
    me = call.party_of(agent)
    others = [p for p in call.joined() if p.agent != agent]
    if me is None or me.progress is not Progress.JOINED or not others:
        return None
    return frozenset(p.agent for p in others if p.role is PartyRole.AGENT and p.agent is not None)


def _speaks(step: Step, call: Call, other: Call, agent: str) -> bool:
    """Whether their phone is up in one of them, and is not being rung for either."""
    legs = [step.leg(step.mine(c, agent).leg) for c in (call, other)]
    states = [leg.state for leg in legs if leg is not None and not leg.hanging_up]
    return LegState.UP in states and all(state is LegState.UP for state in states)


def merge(step: Step, call: Call, other_id: CallId, agent: str) -> Call:
    """Everybody of the other call joins this one; both sides are off hold, and the agent stays."""
    other = step.call(other_id)
    call = step.put_call(call.id, recall_at=None)
    merged = consult.join(step, other, call, agent, stay=True, user_data=consult.attach(other, call.user_data))
    recording.go_on(step, merged, other.recording)
    return merged
