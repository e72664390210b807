"""The call centre as the administrator described it: an immutable value, replaced whole on reload.

Owns the shape of agents, groups and the rest, and look-ups over them. It must not know the file it came
from (`config`), who is available now (`availability`) or any call (`calls`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, assert_never

from ari_app.routing import outside as numbers_outside
from ari_app.routing.alarms import AlarmLimits
from ari_app.routing.hours import RELEASED, Calendar, Closed
from ari_app.routing.outside import ClassOfService, Labels, OutsideLimits, OutsideRule
from ari_app.routing.priorities import PriorityList
from ari_app.routing.settings import (
    Admission,
    CallerId,
    Desk,
    IceServer,
    KeepDays,
    Monitoring,
    PagePhone,
    Settings,
)
from ari_app.routing.targets import Target, TargetType
from ari_app.routing.ways_out import CallBackRules, WayOut

__all__ = [
    "ALL_PURPOSES",
    "Admission",
    "Agent",
    "CallerId",
    "Desk",
    "Directory",
    "Entry",
    "Group",
    "IceServer",
    "KeepDays",
    "Monitoring",
    "OutsideNumber",
    "PagePhone",
    "Purpose",
    "Queue",
    "Role",
    "RoutingPoint",
    "Settings",
    "Skill",
    "Voicemail",
]


class Role(StrEnum):
    """What a person may do: an agent their own calls, a supervisor all calls, an admin everything."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Purpose(StrEnum):
    """What the administrator enables separately for targets and caller identities (S3, S50)."""

    CALL = "call"
    TRANSFER = "transfer"
    CONFERENCE = "conference"


ALL_PURPOSES = frozenset(Purpose)


@dataclass(frozen=True, slots=True)
class Agent:
    """A person with a login and, unless they only administrate, a phone (its SIP user).

    With `call_waiting` calls to themselves are offered while they talk, up to `max_calls`.
    """

    enabled_for: ClassVar = ALL_PURPOSES
    show_available: ClassVar = False

    id: str
    name: str
    phone: str | None = None
    role: Role = Role.AGENT
    groups: tuple[str, ...] = ()
    skills: Mapping[str, int] = MappingProxyType({})
    caller_ids: tuple[str, ...] = ()
    max_calls: int = 2
    call_waiting: bool = False
    class_of_service: str | None = None

    @property
    def labels(self) -> Labels:
        """What rules about numbers outside may name of them."""
        of_class = (f"class:{self.class_of_service}",) if self.class_of_service is not None else ()
        return frozenset((f"agent:{self.id}", f"role:{self.role}", *(f"group:{g}" for g in self.groups), *of_class))

    @property
    def number(self) -> str | None:
        """What is dialled to reach them."""
        return self.phone


@dataclass(frozen=True, slots=True)
class Group:
    """Agents who are reached together. `enabled_for` is what may be done towards it (S3).

    `ring`: `longest_idle`, `all` at once, or `in_order`: one after the other, those of `order` first, then the other
    members as the file lists them.
    """

    id: str
    name: str
    number: str | None = None
    enabled_for: frozenset[Purpose] = ALL_PURPOSES
    show_available: bool = True
    ring: str = "longest_idle"
    wrap_up: float = 0.0
    max_wait: float | None = None
    order: tuple[str, ...] = ()
    alarms: AlarmLimits = field(default_factory=AlarmLimits)
    hours: str | None = None
    closed: Closed = RELEASED


@dataclass(frozen=True, slots=True)
class Queue:
    """Where callers wait for a member of its groups, with music and prompts of its own where it has some.

    `wrap_up` and `service_level` go before those of its groups and of the settings.
    """

    id: str
    name: str
    number: str | None = None
    groups: tuple[str, ...] = ()
    enabled_for: frozenset[Purpose] = ALL_PURPOSES
    show_available: bool = True
    max_length: int | None = None
    max_wait: float | None = None
    overflow: Target | None = None
    announce_every: float | None = None
    comfort_every: float | None = None
    music_class: str | None = None
    alarms: AlarmLimits = field(default_factory=AlarmLimits)
    announcements: Mapping[str, str] = MappingProxyType({})
    wrap_up: float | None = None
    service_level: float | None = None
    hours: str | None = None
    closed: Closed = RELEASED
    keys: Mapping[str, WayOut] = MappingProxyType({})
    callback: CallBackRules = field(default_factory=CallBackRules)


@dataclass(frozen=True, slots=True)
class Skill:
    """Something agents can do at a level from 1; reached as `skill:<id>>=<level>`."""

    id: str
    name: str
    enabled_for: frozenset[Purpose] = ALL_PURPOSES
    show_available: bool = True

    @property
    def number(self) -> None:
        """Nobody dials a skill."""
        return None


@dataclass(frozen=True, slots=True)
class RoutingPoint:
    """An entry of the administrator's dialplan; a corporate favourite attaches `user_data` (S7)."""

    show_available: ClassVar = False  # where it leads is known when somebody rings there

    id: str
    name: str
    number: str
    enabled_for: frozenset[Purpose] = ALL_PURPOSES
    favourite: bool = False
    user_data: Mapping[str, str] = MappingProxyType({})
    hours: str | None = None
    closed: Closed = RELEASED


@dataclass(frozen=True, slots=True)
class OutsideNumber:
    """A number outside that may be dialled; `dialled` is what goes to the trunk."""

    enabled_for: ClassVar = ALL_PURPOSES
    show_available: ClassVar = False

    number: str
    dialled: str
    emergency: bool = False

    @property
    def name(self) -> str:
        """Its own: nobody has given it another."""
        return self.number


@dataclass(frozen=True, slots=True)
class Voicemail:
    """A box in which callers leave messages. Who serves one of `notify` is notified of them, and may hear them.

    Callers are led there, by what they called or by the dialplan; no agent calls or transfers to it. Times in seconds;
    `min_seconds`: what is shorter is no message; `max_silence` ends one. `max_messages` are kept, heard or not, and of
    one number `max_unheard` that nobody has heard yet; `alarm_after`: how long one may be unheard.
    """

    enabled_for: ClassVar[frozenset[Purpose]] = frozenset()
    show_available: ClassVar = False
    number: ClassVar[None] = None

    id: str
    name: str
    notify: tuple[Target, ...] = ()
    greeting: str = ""
    max_seconds: int = 180
    min_seconds: int = 2
    max_silence: int = 6
    keep_days: float = 30.0
    max_messages: int = 500
    max_unheard: int = 10
    alarm_after: float | None = None


type Entry = Agent | Group | Queue | Skill | RoutingPoint | OutsideNumber | Voicemail


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything the administrator lists. A target that is not here is unknown (S2)."""

    agents: Mapping[str, Agent] = MappingProxyType({})
    groups: Mapping[str, Group] = MappingProxyType({})
    queues: Mapping[str, Queue] = MappingProxyType({})
    skills: Mapping[str, Skill] = MappingProxyType({})
    routing_points: Mapping[str, RoutingPoint] = MappingProxyType({})
    voicemail: Mapping[str, Voicemail] = MappingProxyType({})
    caller_ids: Mapping[str, CallerId] = MappingProxyType({})
    caller_ids_enabled_for: frozenset[Purpose] = frozenset()
    outside: tuple[OutsideRule, ...] = ()
    classes_of_service: Mapping[str, ClassOfService] = MappingProxyType({})
    hours: Mapping[str, Calendar] = MappingProxyType({})
    priorities: tuple[PriorityList, ...] = ()
    settings: Settings = field(default_factory=Settings)
    numbers: Mapping[str, Target] = field(init=False, repr=False, compare=False)
    """What is dialled inside, and what each number reaches."""

    def __post_init__(self) -> None:
        # Looked up for every phone that is reported and every number that is dialled: of 10,000 none is searched for.
        numbers: dict[str, Target] = {}
        for kind in TargetType:
            for name, entry in self.listed(kind).items():
                if entry.number is not None:
                    numbers.setdefault(entry.number, Target(kind, name))
        object.__setattr__(self, "numbers", MappingProxyType(numbers))

    def members(self, target: Target) -> frozenset[str]:
        """The ids of the agents who could ever serve `target`, available or not."""
        return frozenset(agent for agent in self.agents if self.serves(agent, target))

    def serves(self, agent: str, target: Target) -> bool:
        """Whether the agent could ever serve `target`, available or not."""
        listed = self.agents.get(agent)
        if listed is None:
            return False
        match target.type:
            case TargetType.AGENT:
                return target.id == agent
            case TargetType.GROUP:
                return target.id in listed.groups
            case TargetType.QUEUE:
                queue = self.queues.get(target.id)
                return queue is not None and not set(queue.groups).isdisjoint(listed.groups)
            case TargetType.SKILL:
                return listed.skills.get(target.id, 0) >= target.level
            case TargetType.ROUTING_POINT | TargetType.NUMBER | TargetType.VOICEMAIL:
                return False
            case _:
                assert_never(target.type)

    def notified(self, agent: str, box: str) -> bool:
        """Whether the agent is notified of messages in this box."""
        found = self.voicemail.get(box)
        return found is not None and any(self.serves(agent, target) for target in found.notify)

    def ring_policy(self, target: Target) -> str:
        """How the agents of `target` are rung: only a group's are rung otherwise than by who is idle longest."""
        group = self.groups.get(target.id) if target.type is TargetType.GROUP else None
        return group.ring if group is not None else "longest_idle"

    def ring_time(self, target: Target) -> float:
        """How long one phone of `target` is rung, in seconds. Outside somebody may have to run to a mobile."""
        settings = self.settings
        return settings.outside_timeout if target.type is TargetType.NUMBER else settings.offer_timeout

    def opened(self, target: Target) -> Group | Queue | RoutingPoint | None:
        """What `target` is, where that may be closed; None for all else."""
        found = self.listed(target.type).get(target.id)
        return found if isinstance(found, Group | Queue | RoutingPoint) else None

    def calendar(self, target: Target) -> Calendar | None:
        """When `target` is open; None: always."""
        found = self.opened(target)
        return self.hours.get(found.hours) if found is not None and found.hours is not None else None

    def queue(self, target: Target) -> Queue | None:
        """The queue that `target` is."""
        return self.queues.get(target.id) if target.type is TargetType.QUEUE else None

    def sounds(self, target: Target, prompt: str) -> str:
        """What is played for this to those who wait for `target`; empty: nothing."""
        queue = self.queue(target)
        return (queue.announcements.get(prompt) if queue is not None else None) or self.settings.announcements.get(
            prompt, ""
        )

    def service_level(self, target: Target) -> float:
        """Within how many seconds callers for `target` are to be answered."""
        queue = self.queue(target)
        own = queue.service_level if queue is not None else None
        return own if own is not None else self.settings.service_level

    def listed(self, kind: TargetType) -> Mapping[str, Entry]:
        """What the administrator lists of this kind, by id; numbers outside have rules instead."""
        match kind:
            case TargetType.AGENT:
                return self.agents
            case TargetType.GROUP:
                return self.groups
            case TargetType.QUEUE:
                return self.queues
            case TargetType.SKILL:
                return self.skills
            case TargetType.ROUTING_POINT:
                return self.routing_points
            case TargetType.VOICEMAIL:
                return self.voicemail
            case TargetType.NUMBER:
                return {}
            case _:
                assert_never(kind)

    def entry(self, target: Target, agent: str | None = None) -> Entry | None:
        """What `target` is; None where nobody can be reached by it: not listed, without a phone, not allowed.

        A number outside is what it is for this agent; for None, for the call centre itself.
        """
        if target.type is TargetType.NUMBER:
            if target.id in self.settings.emergency.numbers:
                return OutsideNumber(target.id, target.id, emergency=True)
            dialled = self.outside_number(target.id, agent)
            return OutsideNumber(target.id, dialled) if dialled is not None else None
        found = self.listed(target.type).get(target.id)
        return None if isinstance(found, Agent) and found.phone is None else found

    def exists(self, target: Target) -> bool:
        """Whether somebody can be reached by it, available or not."""
        return self.entry(target) is not None

    def outside_number(self, number: str, agent: str | None = None) -> str | None:
        """The number to dial through the trunk for this agent, rewritten as the rules say; None: not allowed."""
        return numbers_outside.dialled(self.outside, number, self.labels(agent) if agent is not None else None)

    def labels(self, agent: str) -> Labels:
        """What rules about numbers outside may name of this agent; nothing of one who is not listed."""
        listed = self.agents.get(agent)
        return listed.labels if listed is not None else frozenset()

    def outside_limits(self, agent: str) -> OutsideLimits:
        """How much this agent may dial outside."""
        listed = self.agents.get(agent)
        of_class = self.classes_of_service.get(listed.class_of_service or "") if listed is not None else None
        return of_class.limits(self.settings.outside) if of_class is not None else self.settings.outside

    def resolve(self, target: Target) -> Target:
        """A dialled number that is one of ours becomes what it stands for; all else stays."""
        if target.type is not TargetType.NUMBER:
            return target
        return self.numbers.get(target.id, target)

    def is_complete(self, number: str) -> bool:
        """Whether the number reaches somebody, and none that goes on after it could. Nobody waits in an emergency."""
        if not self.exists(self.resolve(Target(TargetType.NUMBER, number))):
            return False
        if any(other != number and other.startswith(number) for other in self.numbers):
            return False
        return number in self.settings.emergency.numbers or not numbers_outside.goes_on(self.outside, number)

    def agent_of_phone(self, phone: str) -> Agent | None:
        """The agent whose phone has this SIP user."""
        target = self.numbers.get(phone)
        return self.agents.get(target.id) if target is not None and target.type is TargetType.AGENT else None
