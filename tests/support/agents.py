"""Who is free, for the pure tests: availability in memory, as small as it can be."""

from collections import Counter
from dataclasses import dataclass, field

from ari_app.availability.memberships import memberships
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target


@dataclass
class Agents:
    """Who is free, as Redis would have it: the order of `idle` is the order of reservation."""

    directory: Directory
    idle: list[str] = field(default_factory=list)
    activity: dict[str, str] = field(default_factory=dict)
    held_for: dict[str, str] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    in_a_row: Counter[str] = field(default_factory=Counter)
    away: bool = False

    def free(self) -> list[str]:
        return [a for a in self.idle if a not in self.activity]

    def in_order(self, wanted: Target) -> list[str]:
        """Those who are free, the first to be reserved first."""
        places = {agent: member.places for agent, member in memberships(self.directory).members.items()}
        return sorted(self.free(), key=lambda agent: places[agent].get(str(wanted), 0))

    def configure(self, directory: Directory) -> None:
        """What was known of who is in the file no longer is forgotten."""
        self.directory = directory
        self.idle = [agent for agent in self.idle if agent in directory.agents]
        self.activity = {agent: activity for agent, activity in self.activity.items() if agent in directory.agents}
        self.held_for = {agent: request for agent, request in self.held_for.items() if agent in directory.agents}

    def do(self, effect: e.AvailabilityEffect) -> list[s.Stimulus]:
        if not isinstance(effect, e.ReserveAgent | e.ReconcileAgents) and effect.agent not in self.directory.agents:
            return []
        match effect:
            case e.ReserveAgent():
                return self._reserve(effect)
            case e.SetActivity(agent, activity, request=request):
                mine = request is None or self.held_for.get(agent) == request
                taken = not mine and (activity is None or agent in self.activity or request in self.held_for.values())
                newer = activity is None and request is None and self.activity.get(agent) == "reserved"
                if taken or newer:
                    return []
                if activity is not None:
                    self.activity[agent] = activity
                    if activity == "on_call":
                        del self.in_a_row[agent]
                    return []
                self.held_for.pop(agent, None)
                was_busy = self.activity.pop(agent, None) is not None
                return [s.AgentBecameAvailable(agent)] if was_busy and agent in self.idle else []
            case e.CountMissed(agent, limit):
                self.missed.append(agent)
                self.in_a_row[agent] += 1
                if self.in_a_row[agent] >= limit and agent in self.idle:
                    self.idle.remove(agent)
            case e.SetAgentState(agent, state):
                del self.in_a_row[agent]
                if state == "ready" and agent not in self.idle:
                    self.idle.append(agent)
                    return [] if agent in self.activity else [s.AgentBecameAvailable(agent)]
                if state != "ready" and agent in self.idle:
                    self.idle.remove(agent)
            case e.ReconcileAgents(busy, awaited):
                reported = {agent: activity for agent, activity, _ in busy if agent in self.directory.agents}
                kept = {a: x for a, x in self.activity.items() if x == "reserved" and self.held_for.get(a) in awaited}
                freed = [agent for agent in self.activity if agent not in reported and agent not in kept]
                self.activity = kept | reported
                self.held_for = {agent: request for agent, request in self.held_for.items() if agent not in freed}
                return [s.AgentBecameAvailable(agent) for agent in freed if agent in self.idle]
        return []

    def _reserve(self, effect: e.ReserveAgent) -> list[s.Stimulus]:
        request, wanted = effect.request, effect.target
        if self.away:
            return [s.ReservationFailed(request)]
        members = self.directory.members(wanted)
        free = (a for a in self.in_order(wanted) if a in members and a not in effect.exclude)
        found = next(free, None)
        if found is None and effect.busy and wanted.id in self.idle and self.activity.get(wanted.id) == "on_call":
            return [s.AgentReserved(request, wanted.id)]
        if found is None:
            return [s.NobodyAvailable(request)]
        self.activity[found] = "reserved"
        self.held_for[found] = request
        return [s.AgentReserved(request, found)]
