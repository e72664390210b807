"""Who would be reserved by what was last known: for those who wait for an answer while Redis gives none.

It may be wrong of agents whom another controller has got meanwhile; what becomes of this one's own is in `meanwhile`.
"""

from collections.abc import Callable, Collection, Mapping

from ari_app.availability.memberships import memberships
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import AgentRecord, AgentState
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType


class KnownAgents:
    """What the mirror last knew; `engine.bookings.LastKnown`."""

    def __init__(self, mirror: Mirror, directory: Callable[[], Directory]) -> None:
        self._mirror = mirror
        self._directory = directory

    def best(self, target: Target, exclude: Collection[str], meanwhile: Mapping[str, bool]) -> str | None:
        return best(self._mirror.records, self._directory(), target, exclude, meanwhile)

    def record(self, agent: str) -> AgentRecord | None:
        return self._mirror.record(agent)


def best(
    records: Mapping[str, AgentRecord],
    directory: Directory,
    target: Target,
    exclude: Collection[str],
    meanwhile: Mapping[str, bool],
) -> str | None:
    """The agent whom `reserve` would take, or None. `meanwhile`: who has been taken since (False), or is free again."""
    free = [
        record
        for agent, record in records.items()
        if agent not in exclude and directory.serves(agent, target) and _free(record, meanwhile.get(agent))
    ]
    return min(free, key=_order(directory, target)).agent if free else None


def _free(record: AgentRecord, meanwhile: bool | None) -> bool:
    if meanwhile is None:
        return record.available
    return meanwhile and record.choice is AgentState.READY and record.reachable


def _order(directory: Directory, target: Target) -> Callable[[AgentRecord], tuple[int, float]]:
    """The highest level of a skill first, a group's own order where it has one, else who is idle longest."""
    if target.type is TargetType.SKILL:
        return lambda record: (-directory.agents[record.agent].skills[target.id], record.since)
    if directory.ring_policy(target) == "in_order":
        members = memberships(directory).members
        return lambda record: (members[record.agent].places[str(target)], record.since)
    return lambda record: (0, record.since)
