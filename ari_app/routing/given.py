"""What supervisors give agents from day to day, in place of what the file says: their groups and skills.

It counts for as long as the file says of that agent what it said then: who changes it there is heard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ari_app.routing.directory import Agent, CallerId, Directory


@dataclass(frozen=True, slots=True)
class Given:
    """None: as in the file. `over_…`: what that said when it was given; `by` whom it was last, and when."""

    groups: tuple[str, ...] | None = None
    over_groups: tuple[str, ...] = ()
    skills: Mapping[str, int] | None = None
    over_skills: Mapping[str, int] = field(default_factory=dict)
    by: str = ""
    at: float = 0.0

    @property
    def empty(self) -> bool:
        """Whether nothing is given."""
        return self.groups is None and self.skills is None


type Gifts = Mapping[str, Given]
"""By agent."""


def still_given(listed: Directory, given: Gifts) -> dict[str, Given]:
    """What of it counts beside this file: of agents who are in it, as far as that has not been changed there since, and
    without groups and skills that are no more."""
    found = {}
    for agent_id, gift in given.items():
        agent = listed.agents.get(agent_id)
        counts = _still(gift, agent, listed) if agent is not None else Given()
        if not counts.empty:
            found[agent_id] = counts
    return found


def _still(gift: Given, agent: Agent, listed: Directory) -> Given:
    groups, skills = gift.groups, gift.skills
    if groups is not None:
        left = tuple(group for group in groups if group in listed.groups)
        groups = left if gift.over_groups == agent.groups else None
    if skills is not None:
        known = {skill: level for skill, level in skills.items() if skill in listed.skills}
        skills = known if dict(gift.over_skills) == dict(agent.skills) else None
    return replace(gift, groups=groups, skills=skills)


def with_given(listed: Directory, given: Gifts) -> Directory:
    """The call centre of the file with what is given in it (`still_given`)."""
    if not given:
        return listed
    agents = {
        name: _agent(agent, given[name], listed) if name in given else agent for name, agent in listed.agents.items()
    }
    return replace(listed, agents=MappingProxyType(agents))


def _agent(agent: Agent, gift: Given, listed: Directory) -> Agent:
    groups = agent.groups if gift.groups is None else gift.groups
    skills = agent.skills if gift.skills is None else MappingProxyType(dict(gift.skills))
    shown = caller_ids_of(agent.id, groups, listed.caller_ids)
    return replace(agent, groups=groups, skills=skills, caller_ids=shown)


def caller_ids_of(agent: str, groups: tuple[str, ...], caller_ids: Mapping[str, CallerId]) -> tuple[str, ...]:
    """The identities that they may show, in the administrator's order."""
    labels = {f"agent:{agent}", *(f"group:{group}" for group in groups)}
    return tuple(i for i, c in caller_ids.items() if not c.allowed or not c.allowed.isdisjoint(labels))
