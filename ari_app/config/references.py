"""What entries of the administrator's file say about each other: unknown names, numbers given twice, overflow rings.

Works on those entries that are valid in themselves, against all names that the file has, so that one fault in an
entry does not hide others, nor makes up new ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import assert_never
from urllib.parse import urlsplit

from ari_app.config.api_keys import ApiKeyEntry
from ari_app.config.demo import is_address
from ari_app.config.document import Document, Path
from ari_app.config.entry import Entry
from ari_app.config.hours import HoursEntry
from ari_app.config.outside import ClassOfServiceEntry, OutsideEntry
from ari_app.config.phones import PhoneEntry
from ari_app.config.priorities import PriorityEntry
from ari_app.config.schema import (
    HOW_TO_PROVE,
    AgentEntry,
    CallerIdEntry,
    GroupEntry,
    QueueEntry,
    RoutingPointEntry,
    SettingsEntry,
    SkillEntry,
)
from ari_app.config.values import Announcement
from ari_app.config.voicemail import VoicemailEntry
from ari_app.config.webhooks import WebhookEntry
from ari_app.routing.targets import Target, TargetType

# The prompts that are played somewhere, and when; a name that is none of these is a slip.
ANNOUNCEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "nobody_available": "To a caller whom nobody can be found for; then they are released.",
        "invalid_number": "To a phone that dialled a number which leads nowhere.",
        "too_many_calls": "To a phone that dialled by hand while its agent has all calls that they may have.",
        "ready": "After the feature code for ready (\\*70).",
        "not_ready": "After that for not ready (\\*71).",
        "logged_in": "After that for logging in (\\*72).",
        "logged_out": "After that for logging out (\\*73); to a phone that may not dial while its agent is.",
        "disposition_required": "To a phone that dials \\*70 to \\*72 while its agent must say first how a call went.",
        "hold_reminder": "To an agent who keeps a contact on hold for longer than `max_hold`.",
        "closed": "To a caller, or a phone that dialled it, where what they want is closed.",
        "opening_open": "After the code for opening and closing (\\*74): it is open now.",
        "opening_closed": "After that: it is closed now.",
        "queue_welcome": "To a caller who has just come to a queue.",
        "queue_comfort": "To a caller in a queue, every `comfort_every` seconds.",
        "queue_next": "To a caller in a queue who is the next.",
        "queue_position": "To a caller in a queue: before their place …",
        "queue_waiting": "… and after it.",
        "queue_wait": "To a caller in a queue: before the minutes that are expected …",
        "queue_minutes": "… and after them; only where it is more than one.",
        "queue_keys": "To a caller in a queue that has `keys`, after their place: what they may press.",
        "callback_promised": "To a caller in a queue who is to be called back; then they are released.",
        "callback_number": "To one whose number is not known, withheld or not to be dialled: which one, and `#`?",
        "callback_refused": "To one who cannot be called back at all; they wait on.",
        "voicemail_greeting": "To a caller who may leave a message, where its box has none of its own; then a beep.",
        "voicemail_thanks": "To one who has left a message; then they are released.",
        "voicemail_failed": "To one whose message was too short, or could not be recorded.",
        "voicemail_you_have": "To an agent who dials \\*98 to hear messages: before the number of new ones …",
        "voicemail_one_new": "… after it, where that is one …",
        "voicemail_new": "… and where there are more.",
        "voicemail_no_new": "In place of these: none is new; the others follow.",
        "voicemail_none": "There is no message at all; then the call is over.",
        "voicemail_received": "Before a message: before the day and time at which it was left …",
        "voicemail_from": "… and before its number, where that is known and not withheld.",
        "voicemail_keys": "After the first message, and by `*`: what the keys do.",
        "voicemail_deleted": "After the key that says that a message is done.",
        "voicemail_last": "There is no message after this one.",
        "voicemail_unavailable": "Which messages there are cannot be had now; then the call is over.",
        "recording_started": "To everybody in the call, when a recording begins.",
        "conference_join": "To everybody in the call, when a third or later party joins.",
        "conference_leave": "To everybody in the call, when one of three or more leaves.",
        "feature_transfer": "After the code for an instant transfer in a call: whom to?",
        "feature_conference": "After the code for an instant conference in a call: whom to?",
        "feature_nobody_available": "To an agent who used such a code, in place of `nobody_available`.",
        "feature_invalid_number": "The same, in place of `invalid_number`.",
    }
)
# Played to all who talk. Asterisk never ends a tone that it plays to a bridge: what comes next would wait for ever.
TO_ALL = frozenset({"recording_started", "conference_join", "conference_leave"})
OF_QUEUES = frozenset(name for name in ANNOUNCEMENTS if name.startswith("queue_"))
"""Those that a queue may have of its own."""
_DIALLED = {"phone", "number"}
# Whom rules about numbers outside name, and where those are listed.
_WHOM: Mapping[str, str] = MappingProxyType({"agent": "agents", "group": "groups", "class": "classes_of_service"})


@dataclass(slots=True)
class Sections:
    """The valid entries of each section, and the names of all (`names`), the invalid too."""

    agents: dict[str, AgentEntry] = field(default_factory=dict)
    groups: dict[str, GroupEntry] = field(default_factory=dict)
    queues: dict[str, QueueEntry] = field(default_factory=dict)
    skills: dict[str, SkillEntry] = field(default_factory=dict)
    routing_points: dict[str, RoutingPointEntry] = field(default_factory=dict)
    voicemail: dict[str, VoicemailEntry] = field(default_factory=dict)
    caller_ids: dict[str, CallerIdEntry] = field(default_factory=dict)
    outside: list[OutsideEntry] = field(default_factory=list)
    api_keys: dict[str, ApiKeyEntry] = field(default_factory=dict)
    classes_of_service: dict[str, ClassOfServiceEntry] = field(default_factory=dict)
    webhooks: dict[str, WebhookEntry] = field(default_factory=dict)
    hours: dict[str, HoursEntry] = field(default_factory=dict)
    priorities: dict[str, PriorityEntry] = field(default_factory=dict)
    announcements: dict[str, Announcement] = field(default_factory=dict)
    settings: SettingsEntry = field(default_factory=lambda: SettingsEntry())  # noqa: PLW0108 the class itself has no such type
    names: dict[str, frozenset[str]] = field(default_factory=dict)


def section_of(kind: TargetType) -> str | None:
    """Where targets of this kind are listed; numbers outside are not."""
    match kind:
        case TargetType.AGENT:
            return "agents"
        case TargetType.GROUP:
            return "groups"
        case TargetType.QUEUE:
            return "queues"
        case TargetType.SKILL:
            return "skills"
        case TargetType.ROUTING_POINT:
            return "routing_points"
        case TargetType.VOICEMAIL:
            return "voicemail"
        case TargetType.NUMBER:
            return None
        case _:
            assert_never(kind)


def check_references(sections: Sections, document: Document) -> None:
    """Add to the document's errors whatever does not fit together."""
    for path, section, name in _names_used(sections):
        if name not in sections.names.get(section, frozenset()):
            document.complain(path, f"{name!r} is not one of the {section.replace('_', ' ')} of this file")
    for path, target in _targets_used(sections):
        listed_in = section_of(target.type)
        if listed_in is not None and target.id not in sections.names.get(listed_in, frozenset()):
            document.complain(path, f"{target} is not in this file")
    for caller_id, identity in sections.caller_ids.items():
        for index, target in enumerate(identity.for_):
            if target.type not in (TargetType.AGENT, TargetType.GROUP):
                document.complain(("caller_ids", caller_id, "for", index), "must be agents and groups, or everybody")
    for box_id, box in sections.voicemail.items():
        for index, target in enumerate(box.notify):
            if not target.type.of_agents:
                document.complain(("voicemail", box_id, "notify", index), "must be agents, groups, queues and skills")
    _check_announcements(sections, document)
    for name, webhook in sections.webhooks.items():
        if not webhook.guarded(sections.settings.webhook_hosts):
            document.complain(("webhooks", name, "url"), "must begin with https://, or see settings.webhook_hosts")
    _check_logins(sections, document)
    _check_orders(sections, document)
    _check_numbers(sections, document)
    overflows = {("queues", name): queue.overflow for name, queue in sections.queues.items()}
    _check_rings(overflows, ("overflow",), document)
    while_closed = {
        (section, name): entry.closed.to if entry.closed else None for section, name, entry in _opened(sections)
    }
    _check_rings(while_closed, ("closed", "to"), document)


def _check_announcements(sections: Sections, document: Document) -> None:
    """Each is one that is played somewhere, and can be played there."""
    for queue_id, queue in sections.queues.items():
        for name in queue.announcements.keys() - OF_QUEUES:
            known = ", ".join(sorted(OF_QUEUES))
            document.complain(("queues", queue_id, "announcements", name), f"is none of a queue's; there are: {known}")
    for name in sections.announcements:
        if name not in ANNOUNCEMENTS:
            known = ", ".join(sorted(ANNOUNCEMENTS))
            document.complain(("announcements", name), f"is not an announcement; there are: {known}")
    for name in TO_ALL & sections.announcements.keys():
        if "tone:" in sections.announcements[name]:
            document.complain(("announcements", name), "must be a sound file: a tone played to all never ends")


def _names_used(sections: Sections) -> Iterator[tuple[Path, str, str]]:
    for agent_id, agent in sections.agents.items():
        for index, group in enumerate(agent.groups):
            yield ("agents", agent_id, "groups", index), "groups", group
        for skill in agent.skills:
            yield ("agents", agent_id, "skills", skill), "skills", skill
        if agent.class_of_service is not None:
            yield ("agents", agent_id, "class_of_service"), "classes_of_service", agent.class_of_service
    for queue_id, queue in sections.queues.items():
        for index, group in enumerate(queue.groups):
            yield ("queues", queue_id, "groups", index), "groups", group
    yield from _names_of_hours(sections)
    for group_id, entry in sections.groups.items():
        for index, agent_id in enumerate(entry.order):
            yield ("groups", group_id, "order", index), "agents", agent_id
    if sections.settings.oidc is not None:
        for value, agent_id in sections.settings.oidc.agents.items():
            yield ("settings", "oidc", "agents", value), "agents", agent_id
    rules, places = enumerate(sections.outside), enumerate(sections.settings.emergency.places)
    named: list[tuple[Path, list[str]]] = [(("outside", index), rule.for_) for index, rule in rules]
    named += [(("settings", "emergency", "places", index), place.for_) for index, place in places]
    for path, whom in named:
        for index, (kind, _, name) in enumerate(text.partition(":") for text in whom):
            if kind in _WHOM:
                yield (*path, "for", index), _WHOM[kind], name


def _names_of_hours(sections: Sections) -> Iterator[tuple[Path, str, str]]:
    for section, entry_id, opened in _opened(sections):
        if opened.hours is not None:
            yield (section, entry_id, "hours"), "hours", opened.hours
    for list_id, listed in sections.priorities.items():
        for index, queue_id in enumerate(listed.queues):
            yield ("priorities", list_id, "queues", index), "queues", queue_id


def _opened(sections: Sections) -> Iterator[tuple[str, str, GroupEntry | QueueEntry | RoutingPointEntry]]:
    """What may have opening hours."""
    yield from (("groups", name, entry) for name, entry in sections.groups.items())
    yield from (("queues", name, entry) for name, entry in sections.queues.items())
    yield from (("routing_points", name, entry) for name, entry in sections.routing_points.items())


def _targets_used(sections: Sections) -> Iterator[tuple[Path, Target]]:
    for section, entry_id, opened in _opened(sections):
        if opened.closed is not None and opened.closed.to is not None:
            yield (section, entry_id, "closed", "to"), opened.closed.to
    for queue_id, queue in sections.queues.items():
        if queue.overflow is not None:
            yield ("queues", queue_id, "overflow"), queue.overflow
        for key, way in queue.keys.items():
            if isinstance(way, Target):
                yield ("queues", queue_id, "keys", key), way
    for caller_id, identity in sections.caller_ids.items():
        for index, target in enumerate(identity.for_):
            yield ("caller_ids", caller_id, "for", index), target
    for name, webhook in sections.webhooks.items():
        for index, target in enumerate(webhook.for_):
            yield ("webhooks", name, "for", index), target
    if sections.settings.fallback is not None:
        yield ("settings", "fallback"), sections.settings.fallback


def _check_logins(sections: Sections, document: Document) -> None:
    """Everybody can prove who they are, and browsers may come back from the issuer."""
    oidc, desk = sections.settings.oidc, sections.settings.desk
    if oidc is None:
        if any(error.field.startswith("settings") for error in document.errors):
            return  # there may be an issuer, written wrongly
        for agent_id, agent in sections.agents.items():
            if agent.password is None and agent.password_hash is None:
                document.complain(("agents", agent_id), HOW_TO_PROVE)
        return
    host = urlsplit(oidc.address).hostname or ""
    listed = {urlsplit(origin).hostname for origin in desk.origins} | set(desk.hosts)
    if not is_address(host) and host not in {"localhost", *listed}:
        document.complain(("settings", "oidc", "address"), f"{host} is not among settings.desk.origins")


def _check_orders(sections: Sections, document: Document) -> None:
    """A group that rings in order names members of its own, each once."""
    for group_id, group in sections.groups.items():
        named: set[str] = set()
        for index, agent_id in enumerate(group.order):
            path: Path = ("groups", group_id, "order", index)
            agent = sections.agents.get(agent_id)
            if agent_id in named:
                document.complain(path, f"{agent_id!r} is named twice")
            elif agent is not None and group_id not in agent.groups:
                document.complain(path, f"{agent_id!r} is not a member of this group: see agents.{agent_id}.groups")
            named.add(agent_id)


def _check_numbers(sections: Sections, document: Document) -> None:
    """Every number inside the company reaches one thing."""
    taken: dict[str, Path] = {}
    for path, number in _numbers(sections):
        first = taken.setdefault(number, path)
        if first is not path:
            line = document.line(first)
            document.complain(path, f"{number} is taken by {first[0]} {first[1]} (line {line})")
    for index, number in enumerate(sections.settings.emergency.numbers):
        if number in taken:
            message = f"{number} is the number of {taken[number][0]} {taken[number][1]}"
            document.complain(("settings", "emergency", "numbers", index), message)


def _numbers(sections: Sections) -> Iterator[tuple[Path, str]]:
    """What is dialled inside, of every kind of target that the file lists."""
    for section in filter(None, map(section_of, TargetType)):
        entries: Mapping[str, Entry] = getattr(sections, section)
        for entry_id, entry in entries.items():
            for name in sorted(_DIALLED & type(entry).model_fields.keys()):
                value = getattr(entry, name)
                number = value.user if isinstance(value, PhoneEntry) else value
                if number is not None:
                    yield (section, entry_id, name), number


def _check_rings(onward: Mapping[tuple[str, str], Target | None], field_: Path, document: Document) -> None:
    """A caller who goes on must get somewhere: not in a ring. `onward`: where to, by section and id."""
    for start in onward:
        seen: list[tuple[str, str]] = []
        here: tuple[str, str] | None = start
        while here is not None and here not in seen:
            seen.append(here)
            target = onward.get(here)
            here = (section_of(target.type) or "", target.id) if target is not None else None
        if here == start:
            ring = " → ".join(name for _, name in (*seen, start))
            document.complain((*start, *field_), f"callers would overflow in a ring: {ring}")
