"""What availability in memory holds of an agent, and what one change brings about: as the hashes and sets of Redis."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ari_app.availability.memberships import Member, Memberships
from ari_app.availability.port import AgentRecord, AgentState, Change


class Reach(IntEnum):
    """Whether a phone can ring, the worst last."""

    YES = 1
    NO = 2
    IN_USE = 3


RANK: Mapping[AgentState | None, int] = {AgentState.RESERVED: 1, AgentState.RINGING: 2, AgentState.ON_CALL: 3}


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
    phones: dict[str, Reach] = field(default_factory=dict)
    at: str = ""
    also: dict[str, tuple[AgentState, str | None]] = field(default_factory=dict)
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

    def of_another(self, asterisk: str) -> bool:
        """Whether another Asterisk has them, by what is shown."""
        return self.activity in RANK and self.at not in (asterisk, "")

    def end_activity(self) -> None:
        """What is shown is over: what another Asterisk makes of them is shown, if one has them."""
        self.activity, self.call, self.request, self.due, self.at = None, None, None, 0, ""
        self.show_strongest()

    def show_strongest(self) -> None:
        """Of what several Asterisks make of them; of two alike what is shown already, else the first by name."""
        best = max(sorted(self.also), key=lambda asterisk: RANK[self.also[asterisk][0]], default=None)
        if best is None or RANK[self.also[best][0]] <= RANK.get(self.activity, 0):
            return
        was_at, was, was_call = self.at, self.activity, self.call
        (self.activity, self.call), self.at, self.due = self.also.pop(best), best, 0
        if was in (AgentState.RINGING, AgentState.ON_CALL):
            self.also[was_at] = (was, was_call)

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
class Kept:
    """All of it, shared by the leaders of several Asterisks."""

    agents: dict[str, HeldAgent] = field(default_factory=dict)
    free: dict[str, dict[str, int]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, dict[str, tuple[str, float]]] = field(default_factory=dict)
    configured: Memberships = field(default_factory=lambda: Memberships({}, {}))
    seq: int = 0
    listeners: list[asyncio.Queue[Change]] = field(default_factory=list)


@dataclass(slots=True)
class ChangeStep:
    """What one change has brought about so far: agents, with whether they were free before; sets."""

    now: int
    changed: dict[str, tuple[bool, HeldAgent]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
