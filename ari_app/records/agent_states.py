"""From states of agents to records of them: one is written when the next begins.

A fold over what is reported of each agent, as calls are followed by the projector. What goes on is kept, so that who
comes after a crash knows since when; of what came and went while nobody followed, the last state known gets the time.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ari_app.calls.model import AgentId, CallId
from ari_app.records.model import AgentStateRecord


class Reported(Protocol):
    """An agent as they are now; `since` is when this state and reason began, in seconds since the epoch."""

    @property
    def agent(self) -> AgentId: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def since(self) -> float: ...
    @property
    def call(self) -> CallId | None: ...


@dataclass(frozen=True, slots=True)
class OpenState:
    """A state that has not ended."""

    agent: AgentId
    state: str
    reason: str | None
    begun_at: float
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class StateFollowed:
    """What follows: what is to be kept of the agent from now on (None: nothing), and what has ended."""

    agent: AgentId
    open: OpenState | None
    record: AgentStateRecord | None


class AgentStates:
    """All agents of the call centre."""

    def __init__(self) -> None:
        self._open: dict[AgentId, OpenState] = {}

    @property
    def open(self) -> Mapping[AgentId, OpenState]:
        """What has not ended, by agent."""
        return self._open

    def restore(self, kept: Iterable[OpenState]) -> None:
        """Go on with what an earlier one kept."""
        self._open.update((one.agent, one) for one in kept)

    def reported(self, agent: Reported) -> StateFollowed | None:
        """Take in how an agent is now. None: that is known. Of two that began in the same millisecond the last counts.

        What is said to have begun before that which it ended, by another controller's clock, began with its end.
        """
        known = self._open.get(agent.agent)
        now = OpenState(agent.agent, str(agent.state), agent.reason, agent.since, agent.call)
        if known is None:
            return self._follow(now, None)
        if (known.state, known.reason) == (now.state, now.reason) and now.begun_at <= known.begun_at:
            return None
        now = replace(now, begun_at=max(now.begun_at, known.begun_at))
        return self._follow(now, _record(known, now.begun_at))

    def gone(self, but: Collection[AgentId], at: float) -> list[StateFollowed]:
        """The agents who are no longer listed, as these are: what they did has ended."""
        over = [one for agent, one in self._open.items() if agent not in but]
        for one in over:
            del self._open[one.agent]
        return [StateFollowed(one.agent, None, _record(one, at)) for one in over]

    def _follow(self, now: OpenState, record: AgentStateRecord | None) -> StateFollowed:
        self._open[now.agent] = now
        return StateFollowed(now.agent, now, record)


def _record(one: OpenState, ended_at: float) -> AgentStateRecord | None:
    """None for what lasted for no millisecond: its key would be that of the next."""
    if int(ended_at * 1000) <= int(one.begun_at * 1000):
        return None
    return AgentStateRecord(one.agent, one.state, one.reason, one.begun_at, ended_at, one.call)
