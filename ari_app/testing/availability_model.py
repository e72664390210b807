"""What availability in memory holds of an agent, and what one change brings about: as the hashes and sets of Redis."""

from dataclasses import dataclass, field

from ari_app.availability.memberships import Member
from ari_app.availability.port import AgentRecord, AgentState


@dataclass(slots=True)
class HeldAgent:
    """As the hash `agent:<id>`; times in milliseconds, 0 for none."""

    id: str
    member: Member
    since: int
    choice: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    activity: AgentState | None = None
    request: str | None = None
    due: int = 0
    call: str | None = None
    reachable: bool = True
    in_use: bool = False
    missed: int = 0
    idle: int = 0
    free: bool = False
    revision: int = 0
    was_shown: tuple[AgentState, str] = (AgentState.LOGGED_OUT, "")
    was_request: str | None = None
    was_idle: int = 0

    def shown(self) -> tuple[AgentState, str]:
        if self.activity is not None:
            return self.activity, ""
        return self.choice, self.reason if self.choice is AgentState.NOT_READY else ""

    def available(self) -> bool:
        return self.choice is AgentState.READY and self.activity is None and self.member.phone and self.reachable

    def score(self, name: str) -> int:
        """What orders them in a set: their place where the administrator gives one, else since when they are idle."""
        return self.member.places.get(name, self.idle)

    def end_activity(self) -> None:
        self.activity, self.call, self.request, self.due = None, None, None, 0

    def record(self) -> AgentRecord:
        state, reason = self.shown()
        return AgentRecord(
            agent=self.id,
            state=state,
            reason=reason or None,
            since=self.since / 1000,
            call=self.call,
            reachable=self.member.phone and self.reachable,
            missed=self.missed,
            wrap_up_until=self.due / 1000 if state is AgentState.WRAP_UP else None,
            choice=self.choice,
            revision=self.revision,
            in_use=self.member.phone and self.in_use,
            choice_reason=(self.reason or None) if self.choice is AgentState.NOT_READY else None,
        )


@dataclass(slots=True)
class ChangeStep:
    """What one change has brought about so far: agents, with whether they were free before; sets."""

    now: int
    changed: dict[str, tuple[bool, HeldAgent]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
