"""Who can be reached now: what the rest of the app may ask of availability, and the values that travel.

Owns the vocabulary; knows neither Redis nor calls. What a person chooses and what calls make of them are kept apart:

    choice     logged_out | not_ready (+ reason) | ready              set_state, count_missed
    activity   none | reserved (+ request, until) | ringing | on_call | wrap_up (+ until)      reserve, set_activity

The state that is shown is the activity where there is one, else the choice. An agent is *available* when their choice
is ready, no call has them, and they have a phone that can ring. A choice made in a call takes effect after it; one made
in wrap-up ends the wrap-up. Somebody logged out may use their phone (activity) but is never reserved, and has no
wrap-up.

Idle-since is when they became available; a reservation or a ringing that came to nothing gives them their place back, a
call answered, a call missed, or a phone that was away sends them to the end.

Leaders of several Asterisks share the agents, and each knows the calls of its own alone: what it makes of an agent is
kept beside what others do. The strongest is shown (on_call, ringing, reserved), an agent is free when none has them,
and `reconcile` concerns the calls of the caller's Asterisk.

Times are seconds since the epoch, kept to the millisecond. The caller's clock decides, not that of Redis: tests and the
in-memory implementation then mean the same by every time, and what has run out ended when it was due, not when somebody
noticed. Controllers' clocks must therefore agree (NTP) to well within a reservation's length.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target


class AgentState(StrEnum):
    """What is shown of an agent (docs/api.md, "The agent")."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    RESERVED = "reserved"
    RINGING = "ringing"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"


CHOICES = frozenset({AgentState.LOGGED_OUT, AgentState.NOT_READY, AgentState.READY})
ACTIVITIES = frozenset({AgentState.RESERVED, AgentState.RINGING, AgentState.ON_CALL})


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """One agent as they are. `since` is when this state and reason began.

    `call` is the call that has them (in wrap-up: had them); `reachable`: their phone can ring, as far as is known;
    where not, `in_use` tells that it is in a call of which call control knows nothing. `missed`: calls in a row that
    came to nothing at their phone; `wrap_up_until` is set in wrap-up only; `choice` is what they show when no call has
    them, with `choice_reason`; `revision` grows with every change, so that of two records of an agent the newer
    can be known.
    """

    agent: str
    state: AgentState
    reason: str | None
    since: float
    call: str | None = None
    reachable: bool = True
    missed: int = 0
    wrap_up_until: float | None = None
    choice: AgentState = AgentState.LOGGED_OUT
    revision: int = field(default=0, compare=False)
    in_use: bool = False
    choice_reason: str | None = None

    @property
    def available(self) -> bool:
        """Whether they can be reserved."""
        return self.state is AgentState.READY and self.reachable

    @property
    def may_wait(self) -> bool:
        """Whether they would take calls and are in one now: with call waiting, one more may be offered to them."""
        return self.state is AgentState.ON_CALL and self.choice is AgentState.READY and self.reachable


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """An agent's record is now this. `became_available`: they can be had, and could not before (or not so)."""

    record: AgentRecord
    became_available: bool


@dataclass(frozen=True, slots=True)
class CountChanged:
    """So many can be had as of then.

    From `changes` and `snapshot`, `target` names a set: `group:support`, `queue:all`, and for a skill one set a level,
    of those who have just that one: `skill:french=5`. The mirror tells of targets instead: `skill:french>=3`.
    """

    target: str
    available: int
    as_of: float
    revision: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Resync:
    """From here on changes are reported; what was before, or may have been missed, must be read (`snapshot`).

    The first item of every subscription, and again after a lost connection, a missed message or a new configuration.
    Whoever keeps callers waiting treats every available agent as one who has just become it.
    """


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone: what is known may be out of date until the next Resync."""


type Change = AgentChanged | CountChanged | Resync | Lost


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All records and counts. Each carries its own revision: changes reported later with a lower one are older."""

    records: tuple[AgentRecord, ...]
    counts: tuple[CountChanged, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller who waits to be served: their call, and what orders them. The first has the lowest `order`."""

    call: str
    order: tuple[float, float]


class OthersFirst(Exception):
    """This agent is free, and somebody who waits at another Asterisk comes before. To be tried again shortly."""

    def __init__(self, agent: str) -> None:
        super().__init__(agent)
        self.agent = agent


@dataclass(frozen=True, slots=True)
class Expired:
    """How many reservations and wrap-ups ended, and when the next is due (None: none is running)."""

    ended: int
    next_due: float | None


class Availability(Protocol):
    """Agents, counts and reservations. Every method raises StoreUnavailable where the store can't be reached.

    Each change is one step: nobody sees half of one, also with several controllers.
    """

    async def configure(self, directory: Directory, known: Mapping[str, AgentRecord] | None = None) -> None:
        """Make agents, groups, queues and skills those of `directory`.

        Agents keep their state, removed ones disappear; new ones have chosen what their record in `known` says, or are
        logged out. Repeating it does nothing.
        """

    async def configured(self) -> bool:
        """Whether anything was configured: not so where Redis is new, or has lost what it kept."""

    async def set_state(self, agent: str, state: str, reason: str | None = None) -> AgentRecord:
        """The person chooses `ready`, `not_ready` (with a reason) or `logged_out`.

        Raises:
            Refused: `not_found` for an unknown agent; `invalid` for another state.
            StoreUnavailable: nobody is known, for what was kept is lost and not written again yet.
        """

    async def extend(self, agent: str, seconds: float, most: float) -> AgentRecord:
        """Wrap-up lasts `seconds` longer, but ends `most` seconds from now at the latest; it never becomes shorter.

        Raises:
            Refused: `not_found` for an unknown agent; `not_allowed_now` for one who is not in wrap-up.
            StoreUnavailable: as `set_state`.
        """

    async def set_activity(
        self,
        agent: str,
        activity: str | None,
        call: str | None = None,
        wrap_up: float = 0.0,
        request: str | None = None,
    ) -> bool:
        """What calls of this Asterisk make of them: `reserved`, `ringing`, `on_call`, or None when none has them.

        With None, `wrap_up` seconds pass before they are available again. Repeating it changes nothing. `reserved`
        keeps the time limit of a reservation; the others end it. With `request`, only if that reservation (or what
        became of it) still has them, or nobody has: a controller that was too slow can't take them from the next. None
        without it ends no reservation: one that comes late, or again, is of a call before that.

        Returns:
            Whether it is so now; False for an agent of another request, or one who is no longer listed.

        Raises:
            Refused: `invalid` for another activity.
        """

    async def reconcile(self, busy: Mapping[str, tuple[str, str | None]], awaited: Collection[str] = ()) -> None:
        """What calls of this Asterisk make of all agents, when they were reconciled: `busy` has activity and call of
        those whom a call has; no call has the others.

        Activities and reservations that an earlier incarnation left end so, without wrap-up; a wrap-up goes
        on, and so do the reservations of `awaited`, whose answers are still on their way. Repeating it changes nothing.

        Raises:
            Refused: `invalid` for another activity.
        """

    async def set_reachable(self, agent: str, reachable: bool | None, in_use: bool = False) -> None:
        """Whether their phone can ring, as this Asterisk knows it: registered, and not `in_use` past call control (see
        `AgentRecord`); None: it knows nothing of it any more. It can where each can that is led and knows of it.

        An agent who is no longer listed is ignored.
        """

    async def reserve(
        self,
        request: str,
        target: Target,
        exclude: frozenset[str],
        seconds: float,
        waiting: Waiting | None = None,
    ) -> str | None:
        """Reserve the best available agent of `target`, none of `exclude`; None where nobody is available.

        Best is the longest idle; for a skill the highest level, then the longest idle; for a group that rings in order
        the first in that. The reservation ends after `seconds` unless `set_activity` takes it further. The same request
        again gets the same agent for as long as that reservation, or what became of it, has them.

        A caller who is `waiting` leaves as many agents to others as wait for the same at other Asterisks and come
        before them; where nobody is left, they stand in the queue themselves. With `exclude` they don't: whoever
        refused somebody lets the others go first.

        Raises:
            OthersFirst: only those are left who are others'.
        """

    async def claim(self, request: str, agent: str, seconds: float) -> bool:
        """An agent who is free is kept for a call of their own, which is about to ring their phone: reserved under
        `request`, for `seconds` unless `set_activity` takes it further. Nothing changes for who is not free. With 0
        seconds it is given back, if nothing was made of it.

        Returns:
            False where another Asterisk rings their phone, or is about to.
        """

    async def left(self, call: str) -> None:
        """This caller waits no more."""

    async def waiting(self, callers: Collection[tuple[Waiting, Target]]) -> None:
        """These are all who wait at this Asterisk."""

    async def count_missed(self, agent: str, limit: int, reason: str) -> None:
        """They let it ring, or the phone refused: to the end of the queue; after `limit` in a row (0: never) not ready.

        `reason` is that of not being ready.

        Answering, and choosing ready, start the count anew.
        """

    async def agent(self, agent: str) -> AgentRecord:
        """One agent's record.

        Raises:
            Refused: `not_found`.
            StoreUnavailable: as `set_state`.
        """

    async def agents(self) -> tuple[AgentRecord, ...]:
        """All records, by agent id."""

    async def available(self, target: Target) -> int:
        """How many can be had: the size of the target's set. 0 for what is no set of agents."""

    async def snapshot(self) -> Snapshot:
        """All records and all counts."""

    async def expire(self) -> Expired:
        """End the reservations and wrap-ups that are due. Any change does so too; this is for when there is none."""

    async def recompute(self) -> tuple[str, ...]:
        """Compute all sets anew from the agents' own records; returns the differences found, which are put right."""

    def changes(self) -> AsyncIterator[Change]:
        """All changes by any controller, in order, beginning with Resync. Never ends, never raises StoreUnavailable."""
