"""Agents and targets as clients see them (docs/api.md, "The agent", and docs/api.md, "Targets")."""

from typing import Any, Literal, assert_never

from pydantic import TypeAdapter

from ari_app.api.models.agents import (
    AgentDocument,
    CallerIdChoice,
    Choice,
    DispositionChoice,
    Features,
    GroupName,
    Me,
    PhoneState,
    ReasonChoice,
    State,
)
from ari_app.api.models.targets import TargetAction, TargetDocument
from ari_app.api.port import Agents, AgentState
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.views import timestamp
from ari_app.errors import StoreUnavailable
from ari_app.routing.directory import Agent, Directory, Purpose, Role
from ari_app.routing.permissions import allowed_purposes, caller_ids_for
from ari_app.routing.targets import Target, TargetType
from ari_app.store.port import Choices

_STATES: TypeAdapter[State] = TypeAdapter(State)
_CHOICES: TypeAdapter[Choice] = TypeAdapter(Choice)


def agent_document(agent: Agent, record: AgentState | None, device: str = "desk") -> AgentDocument:
    """An agent and their state; one whose state was never set is logged out.

    Somebody ready whose phone can't ring sees that as the reason why they are offered nothing.
    """
    reason = record.reason if record else None
    if record is not None and str(record.state) == "ready" and not record.available:
        reason = reason or ("phone_in_use" if record.in_use else "phone_unreachable")
    later = record is not None and record.state != record.choice
    return AgentDocument(
        agent=agent.id,
        name=agent.name,
        role=agent.role,
        state=state_of(record),
        reason=reason,
        since=timestamp(record.since) if record else None,
        phone=agent.phone,
        phone_device="page" if device == "page" else "desk",
        phone_state=_phone_state(agent, record),
        wrap_up_until=timestamp(record.wrap_up_until) if record else None,
        wrap_up_call=record.call if record and str(record.state) == "wrap_up" else None,
        next_state=_CHOICES.validate_python(record.choice) if later and record else None,
        next_reason=record.choice_reason if later and record else None,
    )


def state_of(record: AgentState | None) -> State:
    """What is shown of an agent; one whose state was never set is logged out."""
    return _STATES.validate_python(str(record.state)) if record else "logged_out"


def _phone_state(agent: Agent, record: AgentState | None) -> PhoneState | None:
    if agent.phone is None:
        return None
    if record is None or record.reachable:
        return "reachable"
    return "in_use" if record.in_use else "unreachable"


async def me(agent: Agent, record: AgentState | None, directory: Directory, choices: Choices, device: str) -> Me:
    """The agent themselves. While the store is away their last choice of a caller ID is not known (S52)."""
    listed = [CallerIdChoice(id=c.id, name=c.name, number=c.number) for c in caller_ids_for(directory, agent.id)]
    try:
        last = await choices.caller_id(agent.id)
    except StoreUnavailable:
        last = None
    default = last if any(c.id == last for c in listed) else None
    document = agent_document(agent, record, device)
    return Me(**dict(document), caller_ids=listed, default_caller_id=default, **_configured(agent, directory))


def _configured(agent: Agent, directory: Directory) -> dict[str, Any]:
    """What the file says that their desktop must know."""
    settings = directory.settings
    labels = settings.reason_labels
    return {
        "reasons": [ReasonChoice(id=reason, label=labels.get(reason, reason)) for reason in settings.not_ready_reasons],
        "groups": [GroupName(id=g, name=directory.groups[g].name) for g in agent.groups if g in directory.groups],
        "features": Features(
            conferences=settings.conferences,
            recording=settings.recording,
            monitoring=settings.monitoring.enabled and agent.role is not Role.AGENT,
            talk_detection=settings.talk_detection,
            phone_in_page=settings.page_phone.enabled and agent.phone is not None,
            passwords=settings.passwords,
            hear_recordings=agent.role in OVERSEERS or settings.agents_hear_recordings,
            dispositions=[DispositionChoice(code=c, label=label) for c, label in settings.dispositions.items()],
            disposition_required=settings.disposition_required,
            caller_id_for=sorted(directory.caller_ids_enabled_for),
            max_hold=settings.max_hold,
        ),
    }


def name_of(directory: Directory, target: Target) -> str:
    """What the administrator calls it; a number outside is its own name."""
    entry = directory.entry(target)
    name = entry.name if entry is not None else target.id
    return f"{name} ≥ {target.level}" if target.type is TargetType.SKILL and target.level > 1 else name


def shown_count(directory: Directory, target: Target, available: int) -> int | None:
    """The number of free agents, where the administrator shows it (S4)."""
    entry = directory.entry(target)
    return available if entry is not None and entry.show_available else None


def shows_state(directory: Directory, agent: str) -> bool:
    """Whether their state is shown to all who may reach them (see `monitoring.states_shown`)."""
    return directory.settings.monitoring.states_shown or directory.agents[agent].role not in OVERSEERS


def target_document(directory: Directory, agents: Agents, viewer: str, target: Target, now: float) -> TargetDocument:
    """The target as `viewer` sees it at `now`. It must exist."""
    state: State | Literal["closed"] | None = None
    available: int | None = None
    reachable = True
    match target.type:
        case TargetType.AGENT:
            if shows_state(directory, target.id):
                state = state_of(agents.record(target.id))
                reachable = agents.may_ring(target.id)
        case TargetType.GROUP | TargetType.QUEUE | TargetType.SKILL:
            count = agents.available(target)
            reachable = count > 0
            available = shown_count(directory, target, count)
        case TargetType.ROUTING_POINT | TargetType.NUMBER | TargetType.VOICEMAIL:
            pass  # where these lead is known when somebody rings there
        case _:
            assert_never(target.type)
    if not agents.is_open(target):
        state, reachable = "closed", False
    return TargetDocument(
        target=str(target),
        type=target.type,
        name=name_of(directory, target),
        state=state,
        available=available,
        as_of=timestamp(now) if available is not None else None,
        actions=_actions(allowed_purposes(directory, viewer, target)) if reachable else [],
    )


def _actions(purposes: frozenset[Purpose]) -> list[TargetAction]:
    """A consultation is there for either end that it may come to."""
    actions: list[TargetAction] = []
    if Purpose.CALL in purposes:
        actions.append("call")
    if Purpose.TRANSFER in purposes:
        actions.append("single_step_transfer")
    if Purpose.CONFERENCE in purposes:
        actions.append("single_step_conference")
    if purposes & {Purpose.TRANSFER, Purpose.CONFERENCE}:
        actions.append("initiate_transfer")
    return actions
