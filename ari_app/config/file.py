"""The administrator's one file: read, validated as a whole, made into the call centre (`Directory`).

`load` does it all or raises every fault at once, each with file, line and field. Nothing else knows the file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ari_app.config.api_keys import ApiKeyEntry
from ari_app.config.credentials import ApiKey, Credential
from ari_app.config.document import Document, Path, read_document
from ari_app.config.errors import ConfigError, ConfigInvalid
from ari_app.config.hours import HoursEntry, closed
from ari_app.config.outside import ClassOfServiceEntry, OutsideEntry
from ari_app.config.priorities import PriorityEntry
from ari_app.config.references import Sections, check_references
from ari_app.config.schema import (
    AgentEntry,
    CallerIdEntry,
    GroupEntry,
    QueueEntry,
    RoutingPointEntry,
    SettingsEntry,
    SkillEntry,
)
from ari_app.config.values import ID, Announcement
from ari_app.config.voicemail import VoicemailEntry
from ari_app.config.webhooks import WebhookEntry
from ari_app.routing.directory import (
    Admission,
    Agent,
    CallerId,
    Desk,
    Directory,
    Group,
    IceServer,
    KeepDays,
    Monitoring,
    PagePhone,
    Queue,
    RoutingPoint,
    Settings,
    Skill,
)
from ari_app.routing.given import caller_ids_of
from ari_app.routing.phones import PhoneAccounts
from ari_app.routing.webhooks import Webhook

MAX_BYTES = 16 * 1024 * 1024

# Sections that map an id to an entry, each with what an entry must be.
_MAPPED: Mapping[str, TypeAdapter[Any]] = {
    "agents": TypeAdapter(AgentEntry),
    "groups": TypeAdapter(GroupEntry),
    "queues": TypeAdapter(QueueEntry),
    "skills": TypeAdapter(SkillEntry),
    "routing_points": TypeAdapter(RoutingPointEntry),
    "voicemail": TypeAdapter(VoicemailEntry),
    "caller_ids": TypeAdapter(CallerIdEntry),
    "classes_of_service": TypeAdapter(ClassOfServiceEntry),
    "hours": TypeAdapter(HoursEntry),
    "priorities": TypeAdapter(PriorityEntry),
    "announcements": TypeAdapter(Announcement),
    "api_keys": TypeAdapter(ApiKeyEntry),
    "webhooks": TypeAdapter(WebhookEntry),
}
_OUTSIDE: TypeAdapter[OutsideEntry] = TypeAdapter(OutsideEntry)
_SETTINGS: TypeAdapter[SettingsEntry] = TypeAdapter(SettingsEntry)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the file says, and its `text`. `credentials` are by agent, `api_keys` by the hash of each, `webhooks` by the
    name of the receiver, `phones` those whose accounts it has."""

    directory: Directory
    credentials: Mapping[str, Credential]
    text: str = field(default="", repr=False)  # with secrets
    api_keys: Mapping[str, ApiKey] = field(default_factory=lambda: MappingProxyType({}))
    webhooks: Mapping[str, Webhook] = field(default_factory=lambda: MappingProxyType({}))
    phones: PhoneAccounts = field(default_factory=lambda: MappingProxyType({}))
    of_file: Directory | None = None

    @property
    def listed(self) -> Directory:
        """The call centre as the file has it; `directory` has in it what supervisors gave agents since."""
        return self.of_file or self.directory


def load(path: str | FilePath) -> Configuration:
    """Read the file. Takes about a second for 10,000 agents: call it in a thread.

    Raises:
        ConfigInvalid: with all that is wrong.
    """
    file = str(path)
    try:
        raw = FilePath(path).read_bytes()
    except OSError as error:
        raise ConfigInvalid([ConfigError(file, 0, "", f"cannot be read: {error.strerror}")]) from None
    return decode(raw, file)


def decode(raw: bytes, file: str) -> Configuration:
    """Read the bytes of a file, named `file` in errors.

    Raises:
        ConfigInvalid: with all that is wrong.
    """
    if len(raw) > MAX_BYTES:
        raise ConfigInvalid([ConfigError(file, 0, "", f"is larger than {MAX_BYTES} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigInvalid([ConfigError(file, line, "", "is not UTF-8")]) from None
    return parse(text, file)


def parse(text: str, file: str = "callcentre.yaml") -> Configuration:
    """Read the text of a file, named `file` in errors.

    Raises:
        ConfigInvalid: with all that is wrong.
    """
    document = read_document(text, file)
    sections, webhooks = Sections(), dict[str, Webhook]()
    if document.value is None and not document.errors:
        document.complain((), "is empty")
    elif isinstance(document.value, dict):
        sections = _sections(document.value, document)
        check_references(sections, document)
        webhooks = _webhooks(sections, document)
    elif not document.errors:
        document.complain((), "must be sections such as agents: and groups:")
    if document.errors:
        raise ConfigInvalid(sorted(document.errors, key=lambda e: (e.line, e.field)))
    keys = MappingProxyType({entry.key_hash: entry.key(i) for i, entry in sections.api_keys.items()})
    return Configuration(
        _directory(sections), _credentials(sections), text, keys, MappingProxyType(webhooks), _phones(sections)
    )


def _sections(value: dict[str, Any], document: Document) -> Sections:
    sections = Sections()
    for name, content in value.items():
        if name in _MAPPED:
            getattr(sections, name).update(_mapped(name, content, document))
            sections.names[name] = frozenset(content) if isinstance(content, dict) else frozenset()
        elif name == "outside":
            sections.outside.extend(_outside(content, document))
        elif name == "settings":
            sections.settings = _validated(_SETTINGS, content or {}, (name,), document) or SettingsEntry()
        else:
            known = ", ".join((*_MAPPED, "outside", "settings"))
            document.complain((name,), f"is not a section; there are: {known}")
    return sections


def _mapped(name: str, content: object, document: Document) -> dict[str, Any]:
    if content is None:  # a section left empty
        return {}
    if not isinstance(content, dict):
        document.complain((name,), "must be a mapping: each id with its entry")
        return {}
    entries = {}
    for entry_id, raw in content.items():
        if not ID.fullmatch(entry_id):
            document.complain((name, entry_id), "an id must be 1 to 64 letters, digits, '_', '.' and '-'")
        entry = _validated(_MAPPED[name], raw, (name, entry_id), document)
        if entry is not None:
            entries[entry_id] = entry
    return entries


def _outside(content: object, document: Document) -> list[OutsideEntry]:
    if content is None:
        return []
    if not isinstance(content, list):
        document.complain(("outside",), "must be a list of rules")
        return []
    rules = (_validated(_OUTSIDE, raw, ("outside", index), document) for index, raw in enumerate(content))
    return [rule for rule in rules if rule is not None]


def _validated[T](adapter: TypeAdapter[T], raw: object, path: Path, document: Document) -> T | None:
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False):
            message = _message(detail)
            document.complain((*path, *detail["loc"]), message + _shown(detail, message))
        return None


def _message(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return "is not known here; is it misspelt?"
        case "missing":
            return "is missing"
        case "model_type" | "model_attributes_type":
            return "must be a mapping of names to values"
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case "string_type":
            return "must be text; put it into quotes"
        case _:
            message = re.sub(r"^\w+ should ", "must ", detail["msg"])
            return message[:1].lower() + message[1:]


_SECRETS = frozenset({"password", "password_hash", "key_hash", "secret", "digest", "url"})
_SHOWN = 60  # characters


def _shown(detail: ErrorDetails, message: str) -> str:
    """The value that is wrong, where it can be no secret (a misspelt name may be that of one) and is not shown yet."""
    value = detail["input"]
    unsafe = detail["type"] in ("extra_forbidden", "missing", "model_type") or _SECRETS & set(detail["loc"])
    if unsafe or not isinstance(value, str | int | float):
        return ""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    if text in message:
        return ""
    return f"; it is {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"


# -- into the call centre ---------------------------------------------------------------------------------------------


def _directory(s: Sections) -> Directory:
    caller_ids = {i: _caller_id(i, c) for i, c in s.caller_ids.items()}
    return Directory(
        agents=MappingProxyType({i: _agent(i, a, caller_ids) for i, a in s.agents.items()}),
        groups=MappingProxyType({i: _group(i, g) for i, g in s.groups.items()}),
        queues=MappingProxyType({i: _queue(i, q) for i, q in s.queues.items()}),
        skills=MappingProxyType(
            {i: Skill(i, k.name, frozenset(k.enabled_for), k.show_available) for i, k in s.skills.items()}
        ),
        routing_points=MappingProxyType(
            {
                i: RoutingPoint(
                    i,
                    r.name,
                    r.number,
                    frozenset(r.enabled_for),
                    r.favourite,
                    MappingProxyType(dict(r.user_data)),
                    r.hours,
                    closed(r.closed, r.closing),
                )
                for i, r in s.routing_points.items()
            }
        ),
        voicemail=MappingProxyType({i: v.box(i) for i, v in s.voicemail.items()}),
        hours=MappingProxyType({i: h.calendar() for i, h in s.hours.items()}),
        priorities=tuple(p.listed(i) for i, p in s.priorities.items()),
        caller_ids=MappingProxyType(caller_ids),
        caller_ids_enabled_for=frozenset(s.settings.caller_ids_enabled_for),
        outside=tuple(entry.rule() for entry in s.outside),
        classes_of_service=MappingProxyType({i: c.service() for i, c in s.classes_of_service.items()}),
        settings=_settings(s),
    )


def _caller_id(name: str, entry: CallerIdEntry) -> CallerId:
    return CallerId(name, entry.name, entry.number or "", entry.anonymous, frozenset(map(str, entry.for_)))


def _agent(agent_id: str, entry: AgentEntry, caller_ids: Mapping[str, CallerId]) -> Agent:
    return Agent(
        id=agent_id,
        name=entry.name,
        phone=entry.phone.user if entry.phone is not None else None,
        role=entry.role,
        groups=tuple(entry.groups),
        skills=MappingProxyType(dict(entry.skills)),
        caller_ids=caller_ids_of(agent_id, tuple(entry.groups), caller_ids),
        max_calls=entry.max_calls,
        call_waiting=entry.call_waiting,
        class_of_service=entry.class_of_service,
    )


def _group(group_id: str, entry: GroupEntry) -> Group:
    return Group(
        id=group_id,
        name=entry.name,
        number=entry.number,
        enabled_for=frozenset(entry.enabled_for),
        show_available=entry.show_available,
        ring=entry.ring,
        wrap_up=entry.wrap_up,
        max_wait=entry.max_wait,
        order=tuple(entry.order),
        alarms=entry.alarms.limits(),
        hours=entry.hours,
        closed=closed(entry.closed, entry.closing),
    )


def _queue(queue_id: str, entry: QueueEntry) -> Queue:
    return Queue(
        id=queue_id,
        name=entry.name,
        number=entry.number,
        groups=tuple(entry.groups),
        enabled_for=frozenset(entry.enabled_for),
        show_available=entry.show_available,
        max_length=entry.max_length,
        max_wait=entry.max_wait,
        overflow=entry.overflow,
        announce_every=entry.announce_every,
        comfort_every=entry.comfort_every,
        music_class=entry.music_class,
        alarms=entry.alarms.limits(),
        announcements=MappingProxyType(dict(entry.announcements)),
        wrap_up=entry.wrap_up,
        service_level=entry.service_level,
        hours=entry.hours,
        closed=closed(entry.closed, entry.closing),
        keys=MappingProxyType(dict(entry.keys)),
        callback=entry.callback.rules(),
    )


def _settings(s: Sections) -> Settings:
    entry = s.settings
    company = CallerId("company", entry.company.name, entry.company.number) if entry.company else None
    other = {"company", "caller_ids_enabled_for", "not_ready_reasons", "fallback"}
    other |= {"feature_codes", "recording", "monitoring", "page_phone", "desk", "dispositions", "admission"}
    other |= {"outside", "emergency", "keep_days", "oidc", "webhook_hosts", "alarms"}
    same = entry.model_dump(exclude=other)
    return Settings(
        **same,
        company=company,
        fallback=entry.fallback,
        recording=entry.recording.enabled,
        recordings_folder=entry.recording.folder,
        agents_hear_recordings=entry.recording.agents_hear,
        agents_stop_recordings=entry.recording.agents_stop,
        not_ready_reasons=tuple(entry.not_ready_reasons),
        reason_labels=MappingProxyType(dict(entry.not_ready_reasons)),
        announcements=MappingProxyType(dict(s.announcements)),
        feature_codes=MappingProxyType(entry.feature_codes.codes()),
        monitoring=Monitoring(**entry.monitoring.model_dump()),
        dispositions=MappingProxyType(dict(entry.dispositions)),
        keep_days=KeepDays(**entry.keep_days.model_dump()),
        outside=entry.outside.limits(),
        emergency=entry.emergency.emergency(),
        oidc=entry.oidc.oidc() if entry.oidc is not None else None,
        alarms=entry.alarms.limits(),
        admission=Admission(**entry.admission.model_dump()),
        desk=Desk(tuple(entry.desk.origins), tuple(entry.desk.embedded_in), tuple(entry.desk.hosts)),
        page_phone=PagePhone(
            entry.page_phone.enabled,
            tuple(IceServer(tuple(i.urls), i.username, i.credential) for i in entry.page_phone.ice_servers),
        ),
    )


def _webhooks(s: Sections, document: Document) -> dict[str, Webhook]:
    """Those whose secrets can be had."""
    found = {}
    for name, entry in s.webhooks.items():
        try:
            found[name] = entry.webhook(name)
        except ValueError as error:
            document.complain(("webhooks", name, "secret_file"), str(error))
    return found


def _credentials(s: Sections) -> Mapping[str, Credential]:
    given = ((i, Credential(a.password, a.password_hash)) for i, a in s.agents.items())
    return MappingProxyType({i: c for i, c in given if (c.password or c.password_hash) is not None})


def _phones(s: Sections) -> PhoneAccounts:
    accounts = (a.phone.account(a.name) for a in s.agents.values() if a.phone is not None)
    return MappingProxyType({account.user: account for account in accounts if account is not None})
