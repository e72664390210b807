"""What remains of calls and agents, followed as they change: what is not over is kept with the calls, what is goes out.

On the way of a call this costs some twenty microseconds, however many there are; nothing here waits for the store.
"""

from collections.abc import Iterable, Mapping

from ari_app.calls.effects import CallChanged
from ari_app.calls.model import AgentId, CallId
from ari_app.engine.snapshots import Restored, Snapshots
from ari_app.records.agent_states import AgentStates, Reported, StateFollowed
from ari_app.records.projector import Projector


class Followed:
    """The calls of one Asterisk; and all agents, where this is the controller that leads the first one."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._projector = Projector()
        self._states = AgentStates()

    def restore(self, restored: Restored) -> None:
        """Go on with what an earlier leader kept."""
        calls = {call.id: call for call in restored.calls}
        self._projector.restore(restored.segments, calls)
        self._states.restore(restored.states)
        for kept in restored.segments:
            if kept.call not in calls:
                self._snapshots.segments(kept.call, None)

    def call_changed(self, change: CallChanged) -> None:
        """To be called together with the snapshot of the same change: they are written at once, or not."""
        followed = self._projector.changed(change)
        if followed is None:
            return
        self._snapshots.segments(change.call.id, followed.kept)
        if followed.record is not None:
            self._snapshots.fact(followed.record)

    def agent_changed(self, agent: Reported) -> None:
        """An agent is so now."""
        self._keep(self._states.reported(agent))

    def agents_are(self, agents: Mapping[AgentId, Reported], at: float) -> None:
        """These are all agents, as they are at that time."""
        for gone in self._states.gone(agents, at):
            self._keep(gone)
        for agent in agents.values():
            self.agent_changed(agent)

    def _keep(self, followed: StateFollowed | None) -> None:
        if followed is None:
            return
        self._snapshots.state(followed.agent, followed.open)
        if followed.record is not None:
            self._snapshots.fact(followed.record)

    def write_again(self, calls: Iterable[CallId]) -> None:
        """The store may have lost what it had of these calls, of agents, and what was over last."""
        for call in calls:
            if (kept := self._projector.kept(call)) is not None:
                self._snapshots.segments(call, kept)
        for agent, state in self._states.open.items():
            self._snapshots.state(agent, state)
        self._snapshots.facts_again()
