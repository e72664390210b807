"""What holds for the whole call centre, as the administrator has decided it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ari_app.routing.alarms import AlarmLimits
from ari_app.routing.login import Oidc
from ari_app.routing.outside import Emergency, Labels, OutsideLimits
from ari_app.routing.targets import Target


@dataclass(frozen=True, slots=True)
class CallerId:
    """An identity that a called phone may be shown. `anonymous` shows none (S53). `allowed`: to whom; empty: to all."""

    id: str
    name: str
    number: str
    anonymous: bool = False
    allowed: Labels = frozenset()


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Whether supervisors may listen in, whisper, barge in and take over; `agents_told`: the call's agents see who.

    `states_shown`: of those who may, states are shown like anybody's.
    """

    enabled: bool = False
    agents_told: bool = True
    states_shown: bool = True


SECRET = "secret"  # noqa: S105  # nosec B105  # a name
"""In the metadata of a field: what stands there is in no story, whoever may read that."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server for phones in the page; `credential` with TURN."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False, metadata={SECRET: True})


@dataclass(frozen=True, slots=True)
class PagePhone:
    """Whether agents may have a phone in the page, beside the one on their desk."""

    enabled: bool = False
    ice_servers: tuple[IceServer, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Pages: `origins` may use the API beside its own; those of `embedded_in` may show the desk in a frame.

    `hosts`: names under which the API is reached, beside addresses and the names of `origins`.
    """

    origins: tuple[str, ...] = ()
    embedded_in: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admission:
    """How many callers from outside each Asterisk lets in: while so many calls are up there, and so many a second."""

    calls: int = 900
    per_second: int = 50


@dataclass(frozen=True, slots=True)
class KeepDays:
    """For how many days each sort of what is stored is kept; None: until somebody deletes it."""

    history: float = 30.0
    recordings: float | None = None
    recents: float = 90.0
    favourites: float | None = None
    answers: float = 0.05
    stories: float = 1.0
    audit: float = 90.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Behaviour for the whole call centre. Times in seconds."""

    offer_timeout: float = 15.0
    outside_timeout: float = 60.0
    own_phone_timeout: float = 20.0
    music_class: str = "default"
    conferences: bool = True
    outside_may_continue: bool = False
    fallback: Target | None = None
    max_missed: int = 1
    missed_reason: str = "no_answer"
    max_declined: int = 3
    declined_reason: str = "declined"
    max_busy: int = 3
    busy_reason: str = "busy"
    max_unreachable: int = 3
    unreachable_reason: str = "unreachable"
    recall: float = 60.0
    max_recalls: int = 3
    max_hold: float | None = None
    retry_interval: float = 2.0
    declined_interval: float = 60.0
    max_parties: int = 32
    trunk: str = "carrier"
    company: CallerId | None = None
    not_ready_reasons: tuple[str, ...] = ("break", "lunch", "meeting", "training")
    reason_labels: Mapping[str, str] = MappingProxyType({})
    max_wrap_up: float = 900.0
    service_level: float = 20.0
    short_abandon: float = 5.0
    zone: str = "UTC"
    dispositions: Mapping[str, str] = MappingProxyType({})
    disposition_required: bool = False
    announcements: Mapping[str, str] = MappingProxyType({})
    max_user_data: int = 16_384
    recording: bool = False
    recordings_folder: str = ""
    agents_hear_recordings: bool = False
    agents_stop_recordings: bool = True
    feature_codes: Mapping[str, str] = MappingProxyType({})
    feature_timeout: float = 3.0
    talk_detection: bool = False
    transfer_progress: bool = False
    agents_see_withheld: bool = False
    monitoring: Monitoring = field(default_factory=Monitoring)
    page_phone: PagePhone = field(default_factory=PagePhone)
    desk: Desk = field(default_factory=Desk)
    admission: Admission = field(default_factory=Admission)
    keep_days: KeepDays = field(default_factory=KeepDays)
    outside: OutsideLimits = field(default_factory=OutsideLimits)
    emergency: Emergency = field(default_factory=Emergency)
    oidc: Oidc | None = None
    alarms: AlarmLimits = field(default_factory=AlarmLimits)

    @property
    def passwords(self) -> bool:
        """Whether agents may log in by password."""
        return self.oidc is None or self.oidc.passwords
