"""A small call centre for tests of the machine: four agents, two groups, a skill, supervisors, everything enabled."""

from collections.abc import Collection
from dataclasses import replace

from ari_app.routing.directory import (
    Agent,
    CallerId,
    Directory,
    Group,
    Monitoring,
    Purpose,
    Queue,
    Role,
    RoutingPoint,
    Settings,
    Skill,
    Voicemail,
)
from ari_app.routing.hours import Closed
from ari_app.routing.outside import OutsideRule
from ari_app.routing.targets import Target, TargetType, parse_target
from ari_app.routing.ways_out import CallBackRules

ANNOUNCEMENTS = {
    "nobody_available": "sound:nobody",
    "closed": "sound:closed",
    "hold_reminder": "sound:reminder",
    "queue_next": "sound:next",
    "queue_position": "sound:there_are",
    "queue_waiting": "sound:before_you",
    "callback_promised": "sound:we_call_you",
    "callback_number": "sound:your_number",
    "callback_refused": "sound:no_callback",
    "voicemail_thanks": "sound:thanks",
    "voicemail_failed": "sound:no_message",
    "voicemail_you_have": "sound:you_have",
    "voicemail_new": "sound:new",
    "voicemail_one_new": "sound:one_new",
    "voicemail_no_new": "sound:no_new",
    "voicemail_none": "sound:no_messages",
    "voicemail_received": "sound:received",
    "voicemail_from": "sound:from",
    "voicemail_keys": "sound:keys",
    "voicemail_deleted": "sound:deleted",
    "voicemail_last": "sound:no_more",
    "voicemail_unavailable": "sound:later",
    "invalid_number": "sound:invalid",
    "too_many_calls": "sound:too_many",
    "ready": "sound:ready",
    "not_ready": "sound:not_ready",
    "logged_in": "sound:login",
    "disposition_required": "sound:say-first",
    "logged_out": "sound:logout",
    "recording_started": "sound:recorded",
    "feature_transfer": "sound:transfer_to",
    "feature_conference": "sound:confer_with",
}


_SETTINGS = Settings(
    announcements=ANNOUNCEMENTS, recording=True, monitoring=Monitoring(enabled=True, agents_told=False)
)


_GROUPS = {
    "support": ("alice", "bob", "carol"),
    "sales": ("carol", "dave"),
    "night": (),
    "together": ("bob", "carol"),
    "front": ("alice", "bob", "dave"),
}
_RING = {"together": "all", "front": "in_order"}
_ORDER = {"front": ("dave", "bob")}
_ELSEWHERE = Target(TargetType.NUMBER, "+33123456789")
_BOX = Target(TargetType.VOICEMAIL, "support")
_HELP = Queue(
    "help",
    "Help",
    "3000",
    groups=("support",),
    max_length=2,
    max_wait=30.0,
    overflow=Target(TargetType.GROUP, "sales"),
    announce_every=7.0,
    music_class="help",
    closed=Closed("sound:help_is_closed", release=True),
    keys={"1": "callback", "2": Target(TargetType.GROUP, "sales"), "0": _ELSEWHERE, "9": "hang_up", "7": _BOX},
    callback=CallBackRules(tries=2, retry_after=20.0),
)
_BILLING = RoutingPoint("billing", "Billing", "4000", favourite=True, user_data={"topic": "b"})
_SUPPORT = Voicemail("support", "Support", (Target(TargetType.GROUP, "support"),), "sound:leave_a_message")
_CALLER_IDS = (CallerId("support", "Support", "+33140000001"), CallerId("anonymous", "", "", anonymous=True))


def directory(call_waiting: Collection[str] = ("dave",), **settings: object) -> Directory:
    """The call centre, with some settings otherwise."""
    groups = (
        Group(name, name.title(), str(2000 + i), ring=_RING.get(name, "longest_idle"), order=_ORDER.get(name, ()))
        for i, name in enumerate(_GROUPS)
    )
    return Directory(
        agents=_agents(call_waiting),
        groups={group.id: group for group in groups},
        queues={_HELP.id: _HELP},
        skills={"french": Skill("french", "French")},
        routing_points={_BILLING.id: _BILLING},
        voicemail={_SUPPORT.id: _SUPPORT},
        caller_ids={caller_id.id: caller_id for caller_id in _CALLER_IDS},
        caller_ids_enabled_for=frozenset(Purpose),
        outside=(OutsideRule(r"\+?[0-9]{6,}"),),
        settings=replace(_SETTINGS, **settings),  # type: ignore[arg-type]
    )


def _agents(call_waiting: Collection[str]) -> dict[str, Agent]:
    people = {"alice": {"french": 5}, "bob": {"french": 2}, "carol": {}, "dave": {"french": 3}}
    agents = {
        name: Agent(
            id=name,
            name=name.title(),
            phone=str(1001 + index),
            groups=tuple(g for g, members in _GROUPS.items() if name in members),
            skills=skills,
            caller_ids=("support", "anonymous") if name in _GROUPS["support"] else ("support",),
            max_calls=3,
            call_waiting=name in call_waiting,
        )
        for index, (name, skills) in enumerate(people.items())
    }
    supervisors = ("erin", "oscar")
    return agents | {
        name: Agent(name, name.title(), str(1010 + i), Role.SUPERVISOR) for i, name in enumerate(supervisors)
    }


def target(text: str) -> Target:
    """`agent:bob` and the like."""
    return parse_target(text)
