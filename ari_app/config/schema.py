"""The administrator's file, entry by entry: names, types, limits and defaults. Messages are for administrators.

References between entries are not checked here (see `references`).
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ari_app.config.credentials import is_hash
from ari_app.errors import Refused
from ari_app.routing.directory import Role, Settings, Verb
from ari_app.routing.targets import Target, parse_target

DEFAULTS = Settings()
ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def _number(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # 1001 without quotes; what YAML would spoil (0…, +…) arrives as text already
    return value


def _extension(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9*#]{1,32}", text):
        raise ValueError("must be a number to dial: digits, * and #")
    return text


def _phone(text: str) -> str:
    if not ID.fullmatch(text):
        raise ValueError("must be a SIP user: letters, digits, '_', '.' and '-'")
    return text


def _target(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a target such as group:support")
    try:
        return parse_target(value)
    except Refused as error:
        raise ValueError(error.detail) from None


def _hash(text: str) -> str:
    if not is_hash(text):
        raise ValueError("is not an argon2 hash; `ari-app hash-password` makes one")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


def _folder(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}", text):
        raise ValueError("must be a folder such as calls or sales/calls: letters, digits, '_' and '-'")
    return text


type Name = Annotated[str, Field(min_length=1, max_length=128)]
type Number = Annotated[str, BeforeValidator(_number), AfterValidator(_extension)]
type Phone = Annotated[str, BeforeValidator(_number), AfterValidator(_phone)]
type TargetText = Annotated[Target, BeforeValidator(_target)]
type Verbs = list[Annotated[Verb, Field(strict=False)]]
type Seconds = Annotated[float, Field(ge=0, le=86_400)]
type Texts = dict[str, Annotated[str, BeforeValidator(_number)]]


class Entry(BaseModel):
    """What all entries have: unknown names are faults, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class AgentEntry(Entry):
    """A person: his phone is a SIP user of pjsip.conf; exactly one of `password` and `password_hash`."""

    name: Name
    phone: Phone | None = None
    role: Annotated[Role, Field(strict=False)] = Role.AGENT
    password: str | None = Field(None, min_length=1, max_length=1024, repr=False)
    password_hash: Annotated[str, AfterValidator(_hash)] | None = Field(None, repr=False)
    groups: list[str] = []
    skills: dict[str, Annotated[int, Field(ge=1, le=999)]] = {}
    max_calls: int = Field(2, ge=1, le=100)
    call_waiting: bool = False

    @model_validator(mode="after")
    def _complete(self) -> "AgentEntry":
        if (self.password is None) == (self.password_hash is None):
            raise ValueError("give either password_hash (`ari-app hash-password`) or, for a demo, password")
        if self.role is Role.AGENT and self.phone is None:
            raise ValueError("an agent needs a phone: its SIP user")
        return self


class GroupEntry(Entry):
    """Agents who are reached together. `order` is of `ring: in_order`; members that it leaves out come after it."""

    name: Name
    number: Number | None = None
    enabled_for: Verbs = list(Verb)
    show_available: bool = False
    ring: Literal["longest_idle", "all", "in_order"] = "longest_idle"
    order: list[str] = []
    wrap_up: Seconds = 0.0
    max_wait: Seconds | None = None

    @model_validator(mode="after")
    def _order_counts(self) -> "GroupEntry":
        if self.order and self.ring != "in_order":
            raise ValueError("order goes with ring: in_order only")
        return self


class QueueEntry(Entry):
    """Where callers wait for a member of its groups."""

    name: Name
    number: Number | None = None
    groups: list[str] = Field(min_length=1)
    enabled_for: Verbs = list(Verb)
    show_available: bool = False
    max_length: int | None = Field(None, ge=1)
    max_wait: Seconds | None = None
    overflow: TargetText | None = None
    announce_every: Annotated[float, Field(ge=5, le=3600)] | None = None


class SkillEntry(Entry):
    """Something agents can do."""

    name: Name
    enabled_for: Verbs = list(Verb)
    show_available: bool = False


class RoutingPointEntry(Entry):
    """An entry of the dialplan. `user_data` is attached only where it is a corporate `favourite`."""

    name: Name
    number: Number
    enabled_for: Verbs = list(Verb)
    favourite: bool = False
    user_data: Texts = {}

    @model_validator(mode="after")
    def _favourite_has_data(self) -> "RoutingPointEntry":
        if self.user_data and not self.favourite:
            raise ValueError("user_data is attached by corporate favourites only: set favourite: true")
        return self


def _for(value: object) -> object:
    return [] if value == "everybody" else value


class CallerIdEntry(Entry):
    """An identity and who may show it. An empty `for` stands for everybody."""

    name: Name = "Anonymous"
    number: Number | None = None
    anonymous: bool = False
    for_: Annotated[list[TargetText], BeforeValidator(_for)] = Field(alias="for", min_length=0)

    @model_validator(mode="after")
    def _has_number(self) -> "CallerIdEntry":
        if self.anonymous == (self.number is not None):
            raise ValueError("give either a number or anonymous: true")
        return self


class OutsideEntry(Entry):
    """Numbers that may be dialled outside: the whole number must match `pattern`; `replace` rewrites it."""

    pattern: Annotated[str, AfterValidator(_pattern)]
    replace: str | None = None

    @model_validator(mode="after")
    def _replaceable(self) -> "OutsideEntry":
        if self.replace is not None:
            try:
                # A template is checked by expanding it out of a match; with the empty alternative nothing matches too.
                re.sub(f"(?:{self.pattern})|", self.replace, "", count=1)
            except (re.error, IndexError) as error:
                raise ValueError(f"replace does not fit the pattern: {error}") from None
        return self


def _sounds(value: object) -> object:
    sounds: list[Any] = value if isinstance(value, list) else [value]
    if not sounds or not all(isinstance(s, str) and re.fullmatch(r"[A-Za-z0-9_./:-]{1,200}", s) for s in sounds):
        raise ValueError("must be the name of a sound file without its ending, or a list of them")
    return ",".join(s if ":" in s else f"sound:{s}" for s in sounds)


class CompanyEntry(Entry):
    """The identity that the outside sees where no other is chosen."""

    name: Name
    number: Number


class RecordingEntry(Entry):
    """Whether calls may be recorded, and the folder below the directory of recordings where files go."""

    enabled: bool = DEFAULTS.recording
    folder: Annotated[str, AfterValidator(_folder)] = DEFAULTS.recordings_folder


def _code(text: str) -> str:
    if not re.fullmatch(r"[0-9*#]{1,8}", text):
        raise ValueError("must be 1 to 8 of the keys 0-9, * and #")
    return text


type FeatureCode = Annotated[str, BeforeValidator(_number), AfterValidator(_code)]


class FeatureCodesEntry(Entry):
    """What an agent presses while he talks; a feature without a code is not there."""

    transfer: FeatureCode | None = None
    conference: FeatureCode | None = None
    hold: FeatureCode | None = None
    cancel: FeatureCode | None = None

    @model_validator(mode="after")
    def _distinct(self) -> "FeatureCodesEntry":
        """A code that another one begins with would always be taken for it."""
        codes = list(self.codes().items())
        for name, code in codes:
            for other, longer in codes:
                if other != name and longer.startswith(code):
                    raise ValueError(f"{other} {longer} begins with {name} {code}: it could never be dialled")
        return self

    def codes(self) -> dict[str, str]:
        """The code of each feature that has one."""
        return {name: code for name, code in self.model_dump().items() if code is not None}


class MonitoringEntry(Entry):
    """Supervisors at the calls of others."""

    enabled: bool = DEFAULTS.monitoring.enabled
    agents_told: bool = DEFAULTS.monitoring.agents_told


class SettingsEntry(Entry):
    """Behaviour for the whole call centre. Times in seconds."""

    offer_timeout: Seconds = DEFAULTS.offer_timeout
    own_phone_timeout: Seconds = DEFAULTS.own_phone_timeout
    music_class: Name = DEFAULTS.music_class
    conferences: bool = DEFAULTS.conferences
    outside_may_continue: bool = DEFAULTS.outside_may_continue
    fallback: TargetText | None = None
    max_missed: Annotated[int, Field(ge=1)] = DEFAULTS.max_missed
    missed_reason: Name = DEFAULTS.missed_reason
    recall: Seconds = DEFAULTS.recall
    max_hold: Annotated[float, Field(ge=1, le=86_400)] | None = None
    retry_interval: Annotated[float, Field(gt=0, le=3600)] = DEFAULTS.retry_interval
    max_parties: Annotated[int, Field(ge=3, le=1000)] = DEFAULTS.max_parties
    trunk: Name = DEFAULTS.trunk
    company: CompanyEntry | None = None
    not_ready_reasons: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]] = list(DEFAULTS.not_ready_reasons)
    max_user_data: Annotated[int, Field(ge=0, le=1_048_576)] = DEFAULTS.max_user_data
    transfer_progress: bool = DEFAULTS.transfer_progress
    caller_ids_enabled_for: Verbs = []
    recording: RecordingEntry = RecordingEntry()
    feature_codes: FeatureCodesEntry = FeatureCodesEntry()
    feature_timeout: Annotated[float, Field(gt=0, le=60)] = DEFAULTS.feature_timeout
    talk_detection: bool = DEFAULTS.talk_detection
    monitoring: MonitoringEntry = MonitoringEntry()


type Announcement = Annotated[str, BeforeValidator(_sounds)]
