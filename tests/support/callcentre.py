"""A small call centre for tests of the machine: four agents, two groups, a skill, supervisors, everything enabled."""

from collections.abc import Collection
from dataclasses import replace

from ari_app.routing.directory import (
    Agent,
    CallerId,
    Directory,
    Group,
    Monitoring,
    OutsideRule,
    Purpose,
    Queue,
    Role,
    RoutingPoint,
    Settings,
    Skill,
)
from ari_app.routing.targets import Target, TargetType, parse_target

ANNOUNCEMENTS = {
    "nobody_available": "sound:nobody",
    "hold_reminder": "sound:reminder",
    "queue_next": "sound:next",
    "queue_position": "sound:there_are",
    "queue_waiting": "sound:before_you",
    "invalid_number": "sound:invalid",
    "too_many_calls": "sound:too_many",
    "ready": "sound:ready",
    "not_ready": "sound:not_ready",
    "logged_in": "sound:login",
    "logged_out": "sound:logout",
    "recording_started": "sound:recorded",
    "feature_transfer": "sound:transfer_to",
    "feature_conference": "sound:confer_with",
}


_SETTINGS = Settings(
    announcements=ANNOUNCEMENTS, recording=True, monitoring=Monitoring(enabled=True, agents_told=False)
)


def directory(call_waiting: Collection[str] = ("dave",), **settings: object) -> Directory:
    """The call centre, with some settings otherwise."""
    groups = {
        "support": ("alice", "bob", "carol"),
        "sales": ("carol", "dave"),
        "night": (),
        "together": ("bob", "carol"),
        "front": ("alice", "bob", "dave"),
    }
    ring = {"together": "all", "front": "in_order"}
    people = {"alice": {"french": 5}, "bob": {"french": 2}, "carol": {}, "dave": {"french": 3}}
    agents = {
        name: Agent(
            id=name,
            name=name.title(),
            phone=str(1001 + index),
            groups=tuple(g for g, members in groups.items() if name in members),
            skills=skills,
            caller_ids=("support", "anonymous") if name in groups["support"] else ("support",),
            max_calls=3,
            call_waiting=name in call_waiting,
        )
        for index, (name, skills) in enumerate(people.items())
    }
    supervisors = ("erin", "oscar")
    agents |= {name: Agent(name, name.title(), str(1010 + i), Role.SUPERVISOR) for i, name in enumerate(supervisors)}
    return Directory(
        agents=agents,
        groups={
            g: Group(
                g,
                g.title(),
                str(2000 + i),
                ring=ring.get(g, "longest_idle"),
                order=("dave", "bob") if g == "front" else (),
            )
            for i, g in enumerate(groups)
        },
        queues={
            "help": Queue(
                "help",
                "Help",
                "3000",
                groups=("support",),
                max_length=2,
                max_wait=30.0,
                overflow=Target(TargetType.GROUP, "sales"),
                announce_every=7.0,
                music_class="help",
            )
        },
        skills={"french": Skill("french", "French")},
        routing_points={
            "billing": RoutingPoint("billing", "Billing", "4000", favourite=True, user_data={"topic": "b"})
        },
        caller_ids={
            "support": CallerId("support", "Support", "+33140000001"),
            "anonymous": CallerId("anonymous", "", "", anonymous=True),
        },
        caller_ids_enabled_for=frozenset(Purpose),
        outside=(OutsideRule(r"\+?[0-9]{6,}"),),
        settings=replace(_SETTINGS, **settings),  # type: ignore[arg-type]
    )


def target(text: str) -> Target:
    """`agent:bob` and the like."""
    return parse_target(text)
