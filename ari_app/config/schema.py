"""The administrator's file, entry by entry: names, types, limits and defaults. Messages are for administrators.

References between entries are not checked here (see `references`).
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from ari_app.config.alarms import AlarmsEntry
from ari_app.config.entry import Entry
from ari_app.config.hours import ClosedEntry, Closing
from ari_app.config.keeping import KeepDaysEntry
from ari_app.config.oidc import OidcEntry
from ari_app.config.outside import EmergencyEntry, OutsideLimitsEntry
from ari_app.config.phones import AgentPhone
from ari_app.config.settings_parts import (
    DEFAULTS,
    AdmissionEntry,
    CompanyEntry,
    DeskEntry,
    FeatureCodesEntry,
    MonitoringEntry,
    PagePhoneEntry,
    RecordingEntry,
)
from ari_app.config.values import (
    Announcement,
    Hash,
    HostName,
    Name,
    Number,
    Purposes,
    Reasons,
    Seconds,
    TargetText,
    Texts,
    Zone,
)
from ari_app.config.ways_out import CallBackEntry, Keys
from ari_app.routing.directory import Purpose, Role

HOW_TO_PROVE = "give either password_hash (`ari-app hash-password`) or, for a demo, password"


class AgentEntry(Entry):
    """A person: an agent, a supervisor or an administrator."""

    name: Name
    """What desktops and displays show."""
    phone: AgentPhone | None = None
    """The SIP user of their phone, which is the number that reaches them; with its secret, where `pjsip.conf` does not
    have its account. Only an agent must have one."""
    role: Annotated[Role, Field(strict=False)] = Role.AGENT
    """`agent`: the calls that they are in. `supervisor`: all calls. `admin`: all calls, and this file."""
    password: str | None = Field(None, min_length=1, max_length=1024, repr=False)
    """In clear: for a demonstration only. Anywhere but on loopback the controller refuses the demo's own."""
    password_hash: Hash | None = Field(None, repr=False)
    """What `ari-app hash-password` prints. Exactly one of `password` and `password_hash` must be given, or with
    `settings.oidc` neither."""
    groups: list[str] = []
    """The groups that they are a member of."""
    skills: dict[str, Annotated[int, Field(ge=1, le=999)]] = {}
    """Each with a level from 1; higher is better."""
    max_calls: int = Field(2, ge=1, le=100)
    """How many calls they may have at once, those on hold included."""
    call_waiting: bool = False
    """Offer calls to themselves (not to their groups) also while they talk, up to `max_calls`."""
    class_of_service: str | None = None
    """One of `classes_of_service`."""

    @model_validator(mode="after")
    def _complete(self) -> "AgentEntry":
        if self.password is not None and self.password_hash is not None:
            raise ValueError(HOW_TO_PROVE)
        if self.role is Role.AGENT and self.phone is None:
            raise ValueError("an agent needs a phone: its SIP user")
        return self


class GroupEntry(Entry):
    """Agents who are reached together. Who is a member stands with the agents."""

    name: Name
    """What desktops show."""
    number: Number | None = None
    """What a phone dials to reach it."""
    enabled_for: Purposes = list(Purpose)
    """What agents may do towards it."""
    show_available: bool = False
    """Whether agents see how many of its members are free."""
    ring: Literal["longest_idle", "all", "in_order"] = "longest_idle"
    """`longest_idle`: one member, who has been free for longest. `all` at once. `in_order`: one after the other."""
    order: list[str] = []
    """With `ring: in_order`, who is rung first, second …; other members follow as the agents are listed."""
    wrap_up: Seconds = 0.0
    """Seconds of rest after a call, in which a member is not rung."""
    max_wait: Seconds | None = None
    """Seconds after which a caller who waits for it hears that nobody is available, and released."""
    alarms: AlarmsEntry = AlarmsEntry()
    """When supervisors are alarmed of it."""
    hours: str | None = None
    """When it is open: one of `hours`. Without it, always."""
    closed: ClosedEntry | None = None
    """What callers get while it is closed: `announcement` and `to`. Without it they hear `closed`, and are released."""
    closing: Closing = "finish"
    """What becomes of those who wait when it closes: they are served (`finish`), or get what is said by `closed`."""

    @model_validator(mode="after")
    def _order_counts(self) -> "GroupEntry":
        if self.order and self.ring != "in_order":
            raise ValueError("order goes with ring: in_order only")
        return self


class QueueEntry(Entry):
    """Where callers wait, with music, for a member of its groups."""

    name: Name
    """What desktops show."""
    number: Number | None = None
    """What a phone dials to reach it."""
    groups: list[str] = Field(min_length=1)
    """Whose members serve it."""
    enabled_for: Purposes = list(Purpose)
    """What agents may do towards it."""
    show_available: bool = False
    """Whether agents see how many of its members are free."""
    max_length: int | None = Field(None, ge=1)
    """How many may wait; who comes then goes to `overflow`."""
    max_wait: Seconds | None = None
    """Seconds after which who waits goes to `overflow`."""
    overflow: TargetText | None = None
    """The target for those. Queues may not overflow in a ring."""
    announce_every: Annotated[float, Field(ge=5, le=3600)] | None = None
    """Seconds between two announcements of the caller's place and expected wait."""
    music_class: Name | None = None
    """The music of those who wait here (`musiconhold.conf`), in place of that of the settings."""
    alarms: AlarmsEntry = AlarmsEntry()
    """When supervisors are alarmed of it."""
    announcements: dict[str, Announcement] = {}
    """Those of `announcements` that are others here, by name: `queue_welcome`, `queue_comfort`, `queue_next` …"""
    comfort_every: Annotated[float, Field(ge=5, le=3600)] | None = None
    """Seconds between two times that a caller hears `queue_comfort`."""
    wrap_up: Seconds | None = None
    """Seconds of rest after a call that came by this queue, in place of those of the agent's groups."""
    service_level: Annotated[float, Field(ge=0, le=3600)] | None = None
    """Within how many seconds its callers are to be answered, in place of that of the settings."""
    hours: str | None = None
    """When it is open: one of `hours`. Without it, always."""
    closed: ClosedEntry | None = None
    """What callers get while it is closed: `announcement` and `to`. Without it they hear `closed`, and are released."""
    closing: Closing = "finish"
    """What becomes of those who wait when it closes: they are served (`finish`), or get what is said by `closed`."""
    keys: Keys = {}
    """What who waits here may press (`0` to `9`, `*`, `#`): a target, `callback` or `hang_up` for each key."""
    callback: CallBackEntry = CallBackEntry()
    """How those who chose `callback` are called back."""


class SkillEntry(Entry):
    """Something that agents can do. It is reached as `skill:french`, or `skill:french>=3` for that level and better."""

    name: Name
    """What desktops show."""
    enabled_for: Purposes = list(Purpose)
    """What agents may do towards it."""
    show_available: bool = False
    """Whether agents see how many are free who have it."""


class RoutingPointEntry(Entry):
    """An entry of the dialplan that decides for itself where a caller goes, for instance a menu."""

    name: Name
    """What desktops show."""
    number: Number
    """The extension in the context `routing-points` of `extensions.conf`, and what a phone dials to reach it."""
    enabled_for: Purposes = list(Purpose)
    """What agents may do towards it."""
    favourite: bool = False
    """A corporate favourite: it attaches its `user_data` to the call of whoever is sent there."""
    user_data: Texts = {}
    """What is attached: keys and values."""
    hours: str | None = None
    """When it is open: one of `hours`. Without it, always."""
    closed: ClosedEntry | None = None
    """What callers get while it is closed: `announcement` and `to`. Without it they hear `closed`, and are released."""
    closing: Closing = "finish"
    """What becomes of those who wait when it closes: they are served (`finish`), or get what is said by `closed`."""

    @model_validator(mode="after")
    def _favourite_has_data(self) -> "RoutingPointEntry":
        if self.user_data and not self.favourite:
            raise ValueError("user_data is attached by corporate favourites only: set favourite: true")
        return self


def _for(value: object) -> object:
    return [] if value == "everybody" else value


class CallerIdEntry(Entry):
    """An identity that agents may show in place of their own."""

    name: Name = "Anonymous"
    """The name that the called phone shows."""
    number: Number | None = None
    """The number that it shows."""
    anonymous: bool = False
    """Show neither. Exactly one of `number` and `anonymous: true` must be given."""
    for_: Annotated[
        list[TargetText],
        BeforeValidator(_for),
        WithJsonSchema({"anyOf": [{"const": "everybody"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(alias="for", min_length=0)
    """Who may choose it: `everybody`, or a list of agents and groups."""

    @model_validator(mode="after")
    def _has_number(self) -> "CallerIdEntry":
        if self.anonymous == (self.number is not None):
            raise ValueError("give either a number or anonymous: true")
        return self


class SettingsEntry(Entry):
    """Behaviour for the whole call centre. Times in seconds."""

    offer_timeout: Seconds = DEFAULTS.offer_timeout
    """How long a phone is rung before the next is tried, or the offer fails."""
    outside_timeout: Seconds = DEFAULTS.outside_timeout
    """How long a number outside is rung. The agent may cancel before."""
    own_phone_timeout: Seconds = DEFAULTS.own_phone_timeout
    """How long an agent's own phone is rung for a call that they make."""
    music_class: Name = DEFAULTS.music_class
    """The music of those on hold and of those who wait (`musiconhold.conf`)."""
    conferences: bool = DEFAULTS.conferences
    """Whether there are conferences. Where not, the actions are absent and refused."""
    outside_may_continue: bool = DEFAULTS.outside_may_continue
    """Whether a call goes on when its last agent leaves and two outside parties remain."""
    fallback: TargetText | None = None
    """Where a contact goes whose agent hung up while a transfer rang that then failed, or does not come back to those
    on hold (`max_recalls`).

    Without it they hear `nobody_available` and are released."""
    max_missed: Annotated[int, Field(ge=1)] = DEFAULTS.max_missed
    """After how many calls in a row that they let ring an agent becomes not ready."""
    missed_reason: Name = DEFAULTS.missed_reason
    """The reason that they then have."""
    max_declined: Annotated[int, Field(ge=1)] = DEFAULTS.max_declined
    """After how many calls in a row that came to nothing an agent becomes not ready whose phone declines by itself.

    By itself: before it has rung, as with `do not disturb`. What a person declines is not counted."""
    declined_reason: Name = DEFAULTS.declined_reason
    """The reason that they then have."""
    max_busy: Annotated[int, Field(ge=1)] = DEFAULTS.max_busy
    """The same where the phone says by itself that it is busy."""
    busy_reason: Name = DEFAULTS.busy_reason
    """The reason that they then have."""
    max_unreachable: Annotated[int, Field(ge=1)] = DEFAULTS.max_unreachable
    """The same where the phone refuses otherwise: it is forwarded, has no codec in common, is out of order."""
    unreachable_reason: Name = DEFAULTS.unreachable_reason
    """The reason that they then have."""
    recall: Seconds = DEFAULTS.recall
    """After how long a phone is rung again that was hung up with a contact on hold, or that is dead."""
    max_recalls: Annotated[int, Field(ge=0, le=1000)] = DEFAULTS.max_recalls
    """How often. After `recall` seconds more, or when its agent logs out or is no longer in this file, the contact
    goes to `fallback`.

    With 60 and 3: hung up, it is rung after 60, 120 and 180 s, and the contact goes after 240 s; dead, it is rung at
    once and after 60 and 120 s, and they go after 180 s. A phone that cannot be reached counts as rung; while its agent
    is in another call nothing is counted."""
    max_hold: Annotated[float, Field(ge=1, le=86_400)] | None = None
    """After how long on hold there is an alarm for the agents of the call and the supervisors."""
    retry_interval: Annotated[float, Field(gt=0, le=3600)] = DEFAULTS.retry_interval
    """After how long those are tried again for a caller who still waits who did not answer, or whose phone refused."""
    declined_interval: Annotated[float, Field(gt=0, le=86_400)] = DEFAULTS.declined_interval
    """After how long those are rung again who declined a caller who still waits, or is to be called back."""
    max_parties: Annotated[int, Field(ge=3, le=1000)] = DEFAULTS.max_parties
    """How many may be in one conference."""
    trunk: Name = DEFAULTS.trunk
    """The endpoint in `pjsip.conf` for all numbers outside."""
    company: CompanyEntry | None = None
    """What people outside see where no caller ID is chosen; without it such calls are anonymous.

    The trunk alone gets its number of anonymous calls, too."""
    not_ready_reasons: Reasons = {reason: reason for reason in DEFAULTS.not_ready_reasons}
    """The reasons that agents may choose from: a list, or what desktops show for each (`lunch: At lunch`)."""
    dispositions: Reasons = {}
    """How a call went, as agents may say during it and its wrap-up: a list, or what desktops show for each code."""
    disposition_required: bool = DEFAULTS.disposition_required
    """Whether agents end wrap-up only once that is said, at their desktop or by phone.

    It runs out all the same, and who logs out ends it. Where nobody has a `wrap_up`, nothing comes of it."""
    service_level: Annotated[float, Field(ge=0, le=3600)] = DEFAULTS.service_level
    """Callers who wait are to be answered within so long: `service_level` of `GET /v1/live` and of reports counts who
    are."""
    short_abandon: Annotated[float, Field(ge=0, le=3600)] = DEFAULTS.short_abandon
    """Who gives up sooner than that is counted apart in reports, and in no share: they dialled the wrong number, or
    heard what they wanted to know."""
    zone: Zone = DEFAULTS.zone
    """The time zone of the call centre, such as `Europe/Paris` (IANA): the figures of today begin at its midnight."""
    max_wrap_up: Annotated[float, Field(ge=1, le=86_400)] = DEFAULTS.max_wrap_up
    """How long after-call work may still last, at most, when an agent makes it longer, or goes on writing notes."""
    max_user_data: Annotated[int, Field(ge=0, le=1_048_576)] = DEFAULTS.max_user_data
    """How many bytes the attached data of one call may have."""
    transfer_progress: bool = DEFAULTS.transfer_progress
    """Whether the phone shows how a transfer by its own key goes, and keeps the call until then.

    Needs Asterisk 22.11 (23: 23.5) or later: one transfer of some phones (REFER with `Refer-Sub: false`) stops earlier
    ones (asterisk issue 2021). `ari-app check` tells."""
    agents_see_withheld: bool = DEFAULTS.agents_see_withheld
    """Whether desktops show name and number of callers who withhold them, where the carrier gives them.

    Phones never do, nor logs, stories or anybody outside."""
    caller_ids_enabled_for: Purposes = []
    """For what agents may choose a caller ID."""
    recording: RecordingEntry = RecordingEntry()
    """Whether calls may be recorded, and where files go."""
    feature_codes: FeatureCodesEntry = FeatureCodesEntry()
    """What an agent may press while they talk; without it, nothing."""
    feature_timeout: Annotated[float, Field(gt=0, le=60)] = DEFAULTS.feature_timeout
    """After how long without a key a number is complete (three times as long before its first key)."""
    talk_detection: bool = DEFAULTS.talk_detection
    """Whether desktops see who speaks, in calls of three and more."""
    page_phone: PagePhoneEntry = PagePhoneEntry()
    """Whether agents may have a phone in the page, and how it is reached from afar."""
    desk: DeskEntry = DeskEntry()
    """Which pages may use the API from a browser, and which may show the agents' page."""
    admission: AdmissionEntry = AdmissionEntry()
    """How many callers from outside are let in."""
    keep_days: KeepDaysEntry = KeepDaysEntry()
    """For how long what is stored of people is kept."""
    outside: OutsideLimitsEntry = OutsideLimitsEntry()
    """How much may be dialled outside."""
    emergency: EmergencyEntry = EmergencyEntry()
    """Numbers that may be dialled at any time."""
    oidc: OidcEntry | None = None
    """Who else may say who somebody is, when they log in; without it agents log in by password alone."""
    alarms: AlarmsEntry = AlarmsEntry()
    """When supervisors are alarmed of any queue or group."""
    webhook_hosts: list[HostName] = Field([], max_length=64)
    """Hosts beside this machine that `webhooks` may be sent to by `http://`: on the way everybody can read them."""
    monitoring: MonitoringEntry = MonitoringEntry()
    """Whether supervisors may be at calls of others, and whether agents see it."""
