"""Effects on the availability of agents."""

from dataclasses import dataclass

from ari_app.calls.effects.bases import OnAgents
from ari_app.calls.model import AgentId, CallId
from ari_app.routing.targets import Target


@dataclass(frozen=True, slots=True)
class ReserveAgent(OnAgents):
    """Reserve the best free agent of `target`, none of `exclude`; until `seconds` from now at the most.

    Ends in AgentReserved, NobodyAvailable or ReservationFailed. A `request` run twice reserves one agent, the same.
    With `busy` an agent who is ready and talks will do too; they stay on their call, and nobody is kept from them.
    `can_wait`: it is for a caller who has music until somebody is free. Of all others who wait for the answer what was
    last known decides while Redis is away.
    """

    request: str
    target: Target
    exclude: frozenset[AgentId]
    seconds: float
    busy: bool = False
    can_wait: bool = False


@dataclass(frozen=True, slots=True)
class SetActivity(OnAgents):
    """What calls make of an agent: `reserved`, `ringing`, `on_call`, or None when no call has them any more.

    With None, `wrap_up` seconds pass before they are available again. `call` is the call concerned. With `request`,
    only if that reservation still has them: one that came too late takes them from nobody. None without it ends no
    reservation, which is newer than the call that is over.
    """

    agent: AgentId
    activity: str | None
    call: CallId | None = None
    wrap_up: float = 0.0
    request: str | None = None


@dataclass(frozen=True, slots=True)
class CountMissed(OnAgents):
    """A call came to nothing at the agent's phone: nobody answered, or it refused by itself.

    After `limit` such calls in a row the agent becomes not_ready with `reason`.
    """

    agent: AgentId
    limit: int
    reason: str


@dataclass(frozen=True, slots=True)
class SetAgentState(OnAgents):
    """From the phone's feature codes: `ready`, `not_ready` or `logged_out`."""

    agent: AgentId
    state: str


@dataclass(frozen=True, slots=True)
class ReconcileAgents(OnAgents):
    """What calls make of all agents, after reconciliation: whatever else is kept of them an earlier incarnation left.

    `busy` has agent, activity and call of those whom a call has, or whose phone has not let go of one (None: of a
    supervisor, or one that only rang); no call has the others. `awaited` are the requests of reservations whose answers
    are still on their way, or whose agent is to be rung when another phone is up: they stand.
    """

    busy: tuple[tuple[AgentId, str, CallId | None], ...]
    awaited: tuple[str, ...] = ()


type AvailabilityEffect = ReserveAgent | SetActivity | CountMissed | SetAgentState | ReconcileAgents
