"""A small call centre for tests of the machine: four agents, two groups, a skill, and everything enabled."""

from dataclasses import replace

from ari_app.routing.directory import (
    Agent,
    CallerId,
    Directory,
    Group,
    OutsideRule,
    RoutingPoint,
    Settings,
    Skill,
    Verb,
)
from ari_app.routing.targets import Target, parse_target

ANNOUNCEMENTS = {
    "nobody_available": "sound:nobody",
    "invalid_number": "sound:invalid",
    "ready": "sound:ready",
    "not_ready": "sound:not_ready",
    "logged_in": "sound:login",
    "logged_out": "sound:logout",
}


def directory(**settings: object) -> Directory:
    """The call centre, with some settings otherwise."""
    groups = {"support": ("alice", "bob", "carol"), "sales": ("carol", "dave"), "night": ()}
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
        )
        for index, (name, skills) in enumerate(people.items())
    }
    return Directory(
        agents=agents,
        groups={g: Group(g, g.title(), str(2000 + i)) for i, g in enumerate(groups)},
        skills={"french": Skill("french", "French")},
        routing_points={
            "billing": RoutingPoint("billing", "Billing", "4000", favourite=True, user_data={"topic": "b"})
        },
        caller_ids={
            "support": CallerId("support", "Support", "+33140000001"),
            "anonymous": CallerId("anonymous", "", "", anonymous=True),
        },
        caller_id_verbs=frozenset(Verb),
        outside=(OutsideRule(r"\+?[0-9]{6,}"),),
        settings=replace(Settings(announcements=ANNOUNCEMENTS), **settings),  # type: ignore[arg-type]
    )


def target(text: str) -> Target:
    """`agent:bob` and the like."""
    return parse_target(text)
