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

    def take(self, asterisk: str, activity: AgentState, call: str | None, request: str | None) -> bool:
        """What a call of this Asterisk makes of them. Whether that changes anything."""
        before = self._holds()
        if self.of_another(asterisk):
            mine = self.also.get(asterisk)
            self.also[asterisk] = (activity, call or (mine[1] if mine is not None else None))
        else:
            if activity is not AgentState.RESERVED or self.activity is not AgentState.RESERVED:
                self.due = 0
            if self.activity not in RANK:
                self.call = None
            self.activity, self.at = activity, asterisk
            self.call = call or self.call
            self.request = request or self.request
        self.show_strongest()
        if activity is AgentState.ON_CALL:
            self.missed = self.idle = 0
        return before != self._holds()

    def release(self, asterisk: str, call: str | None, wrap_up_until: int) -> bool:
        """No call of this Asterisk has them any more; `wrap_up_until`: 0 for none. Whether that changes anything."""
        if self.activity not in RANK:
            return False
        if self.of_another(asterisk):
            return self.also.pop(asterisk, None) is not None
        of = call or self.call
        if self.activity is AgentState.ON_CALL:
            self.idle = 0
        self.end_activity()
        if self.activity is None and wrap_up_until > 0 and self.choice is not AgentState.LOGGED_OUT:
            self.activity, self.due, self.call, self.idle = AgentState.WRAP_UP, wrap_up_until, of, 0
        return True

    def _holds(self) -> tuple[object, ...]:
        return (self.activity, self.call, self.request, self.due, self.missed, self.at, dict(self.also))

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
    """All of it, shared by the leaders of several Asterisks. `unled`: which of them nobody leads any more."""

    agents: dict[str, HeldAgent] = field(default_factory=dict)
    free: dict[str, dict[str, int]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, dict[str, tuple[str, float]]] = field(default_factory=dict)
    configured: Memberships = field(default_factory=lambda: Memberships({}, {}))
    unled: set[str] = field(default_factory=set)
    seq: int = 0
    listeners: list[asyncio.Queue[Change]] = field(default_factory=list)


@dataclass(slots=True)
class ChangeStep:
    """What one change has brought about so far: agents, with whether they were free before; sets."""

    now: int
    changed: dict[str, tuple[bool, HeldAgent]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
