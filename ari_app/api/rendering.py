"""A call, and who hears whom in it, as one agent may see them. Calls in, documents out."""

from dataclasses import replace

from ari_app.api.models.calls import EarDocument, HearingDocument
from ari_app.api.port import Control
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.hearing import Ear, monitor_ear
from ari_app.calls.model import Call
from ari_app.calls.verbs import CallAction
from ari_app.calls.views import CallView, view
from ari_app.routing.directory import Agent


def render_call(call: Call, agent: Agent, control: Control) -> CallView:
    """The call as the agent sees it; one that they are no longer in is over for them."""
    engaged = agent.role in OVERSEERS and any(other != call.id for other in control.engaged(agent.id))
    shown = view(call, agent.id, control.directory(), agent.role, engaged=engaged)
    if control.could_join(call, agent.id):
        shown = replace(shown, actions=tuple(sorted({*shown.actions, CallAction.MERGE})))
    gone = call.party_of(agent.id) is None and agent.role not in OVERSEERS
    if not gone and not call.ended:
        return shown
    parties = tuple(replace(p, actions=()) for p in shown.parties)
    return replace(shown, state="released", parties=parties, actions=(), monitors=())


def heard(ears: tuple[Ear, ...], call: Call, agent: Agent, control: Control) -> tuple[Ear, ...]:
    """Who hears whom, as the agent may know it: of supervisors only where they see them in the call."""
    if not call.monitors or agent.role in OVERSEERS or control.directory().settings.monitoring.agents_told:
        return ears
    hidden = frozenset(map(monitor_ear, call.monitors))
    return tuple(_without(ear, hidden) for ear in ears if ear.ear not in hidden)


def _without(ear: Ear, hidden: frozenset[str]) -> Ear:
    hears = tuple(other for other in ear.hears if other not in hidden)
    return Ear(ear.ear, hears, "silence" if ear.hears and not hears else ear.sound)


def render_hearing(ears: tuple[Ear, ...]) -> HearingDocument:
    """Who hears whom, as a document."""
    return HearingDocument(matrix=[EarDocument(ear=e.ear, hears=list(e.hears), sound=e.sound) for e in ears])


def sees(agent: Agent, call: Call) -> bool:
    """Whether this call concerns them: they are in it (or it rings their phone), or they oversee all."""
    return not call.ended and call.tie is None and (agent.role in OVERSEERS or call.party_of(agent.id) is not None)
