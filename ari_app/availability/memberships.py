"""Which sets of available agents each agent belongs to, out of the administrator's directory.

A set is named like the target it answers for: `group:support`, `queue:sales`. A skill has one set for each level, of
those who have just that level: `skill:french=5`. In all of them the longest idle comes first, but in that of a group
that rings in order, where each member has a place.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import assert_never

from ari_app.routing.directory import Agent, Directory
from ari_app.routing.targets import TargetType

HIGHEST_LEVEL = 999


@dataclass(frozen=True, slots=True)
class Member:
    """One agent: whether they have a phone, the names of their sets, and their places in those that have an order."""

    phone: bool
    sets: tuple[str, ...]
    places: Mapping[str, int] = MappingProxyType({})

    def text(self) -> str:
        """As kept in Redis: `group:front#2 group:support skill:french=5`."""
        return " ".join(f"{name}#{self.places[name]}" if name in self.places else name for name in self.sets)


@dataclass(frozen=True, slots=True)
class Memberships:
    """All agents, and all targets that are sets of agents; of a skill the levels that some agent has, from the top."""

    members: Mapping[str, Member]
    targets: Mapping[str, tuple[int, ...]]

    def sets(self) -> list[str]:
        """The names of all sets."""
        return [name for target, levels in sorted(self.targets.items()) for name in sets_of(target, levels)]

    def digest(self) -> str:
        """The same for the same memberships, whatever the order they were listed in."""
        value = [
            sorted((agent, member.phone, member.text()) for agent, member in self.members.items()),
            sorted(self.targets.items()),
        ]
        return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def memberships(directory: Directory) -> Memberships:
    """Read the directory. A queue's members are those of its groups."""
    queues_of: dict[str, list[str]] = {}
    for queue in directory.queues.values():
        for group in queue.groups:
            queues_of.setdefault(group, []).append(queue.id)
    places = _places(directory)
    members = {agent.id: _member(agent, queues_of, places) for agent in directory.agents.values()}

    several = (kind for kind in TargetType if kind.of_agents and kind is not TargetType.AGENT)
    levels: dict[str, set[int]] = {f"{kind}:{name}": set() for kind in several for name in directory.listed(kind)}
    for member in members.values():
        for name in member.sets:
            target, _, level = name.partition("=")
            known = levels.setdefault(target, set())
            if level:
                known.add(int(level))
    return Memberships(members, {target: tuple(sorted(known, reverse=True)) for target, known in levels.items()})


def sets_of(target: str, levels: Iterable[int]) -> list[str]:
    """The sets of which a target without a level consists."""
    if target.startswith(f"{TargetType.SKILL}:"):
        return [f"{target}={level}" for level in levels]
    return [target]


def level_of(name: str) -> int:
    """The level in a set's name; 1 where it has none."""
    return int(name.partition("=")[2] or 1)


def _places(directory: Directory) -> dict[str, dict[str, int]]:
    """Of each group that rings in order, the places of its members: those that it names first, then as listed."""
    in_order: dict[str, list[str]] = {g.id: [] for g in directory.groups.values() if g.ring == "in_order"}
    for agent in directory.agents.values():
        for group in agent.groups:
            if group in in_order:
                in_order[group].append(agent.id)
    places = {}
    for group, listed in in_order.items():
        members = set(listed)
        named = [agent for agent in directory.groups[group].order if agent in members]
        places[group] = {agent: place for place, agent in enumerate(dict.fromkeys([*named, *listed]), 1)}
    return places


def _member(agent: Agent, queues_of: Mapping[str, list[str]], places: Mapping[str, Mapping[str, int]]) -> Member:
    names = {f"{kind}:{name}" for kind in TargetType for name in _served(agent, kind, queues_of)}
    own = {f"{TargetType.GROUP}:{group}": places[group][agent.id] for group in agent.groups if group in places}
    return Member(agent.phone is not None, tuple(sorted(names)), MappingProxyType(own))


def _served(agent: Agent, kind: TargetType, queues_of: Mapping[str, list[str]]) -> list[str]:
    """Which of this kind the agent serves beside others: the ids, of a skill with the agent's level."""
    match kind:
        case TargetType.GROUP:
            return list(agent.groups)
        case TargetType.QUEUE:
            return [queue for group in agent.groups for queue in queues_of.get(group, ())]
        case TargetType.SKILL:
            return [f"{skill}={min(level, HIGHEST_LEVEL)}" for skill, level in agent.skills.items() if level >= 1]
        case TargetType.AGENT | TargetType.ROUTING_POINT | TargetType.NUMBER | TargetType.VOICEMAIL:
            return []
        case _:
            assert_never(kind)
