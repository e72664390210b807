"""The administrator's file: what of the settings has several fields of its own. Messages are for administrators."""

from typing import Annotated

from pydantic import Field, model_validator

from ari_app.config.entry import Entry
from ari_app.config.values import FeatureCode, Folder, HostName, IceUrl, Name, Number, Origin
from ari_app.routing.settings import Settings

DEFAULTS = Settings()


class CompanyEntry(Entry):
    """The identity that people outside see where no other is chosen."""

    name: Name
    """Its name."""
    number: Number
    """Its number."""


class RecordingEntry(Entry):
    """Recording of calls."""

    enabled: bool = DEFAULTS.recording
    """Whether calls may be recorded. Where not, the actions are absent and refused."""
    folder: Folder = DEFAULTS.recordings_folder
    """Where files go, below the directory of recordings; it is made where it is not there."""
    agents_hear: bool = DEFAULTS.agents_hear_recordings
    """Whether agents may hear recordings of calls that they were in. Supervisors hear all."""
    agents_stop: bool = DEFAULTS.agents_stop_recordings
    """Whether agents may pause and stop what a supervisor has begun to record. What they began themselves they may."""


class FeatureCodesEntry(Entry):
    """What an agent may press while they talk: 1 to 8 of 0-9, `*` and `#`. A feature without a code is not there."""

    transfer: FeatureCode | None = None
    """Instant transfer; a number follows."""
    conference: FeatureCode | None = None
    """Instant conference; a number follows."""
    hold: FeatureCode | None = None
    """Hold, and again to retrieve."""
    cancel: FeatureCode | None = None
    """Give up what is being dialled, or what rings."""

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
    """Supervisors at the calls of others. Ask what the law of your country says of it."""

    enabled: bool = DEFAULTS.monitoring.enabled
    """Whether supervisors may listen in, whisper, barge in and take over."""
    agents_told: bool = DEFAULTS.monitoring.agents_told
    """Whether agents see in their call who listens."""
    states_shown: bool = DEFAULTS.monitoring.states_shown
    """Whether agents see the states of supervisors and administrators among targets. Where they do, one that changes to
    `on_call` may tell that somebody listens."""


class IceServerEntry(Entry):
    """A STUN or TURN server."""

    urls: list[IceUrl] = Field(min_length=1, max_length=8)
    """Such as `stun:stun.example.org:3478` or `turn:turn.example.org?transport=tcp`."""
    username: str = Field("", max_length=256)
    """For TURN."""
    credential: str = Field("", max_length=256, repr=False)
    """For TURN; every agent's page gets it."""


class PagePhoneEntry(Entry):
    """A phone in the agents' page (WebRTC), beside the one on the desk: each agent chooses which rings."""

    enabled: bool = DEFAULTS.page_phone.enabled
    """Whether there is one. Needs the modules and `sorcery.conf` that `ari-app check` asks for."""
    ice_servers: list[IceServerEntry] = Field([], max_length=8)
    """For agents whom Asterisk cannot reach directly."""


class DeskEntry(Entry):
    """The agents' page, and others' pages that use the API."""

    origins: list[Origin] = Field([], max_length=64)
    """Origins whose pages may use the API from a browser: the name under which the page itself is reached, such as
    `https://desk.example.org`, and others'. An address (`http://127.0.0.1:8080`) needs not be listed."""
    embedded_in: list[Origin] = Field([], max_length=64)
    """Origins whose pages may show the agents' page in a frame (`/embed`)."""
    hosts: list[HostName] = Field([], max_length=64)
    """Names under which other software reaches the API, such as `callcontrol` in a network of containers. Requests to
    any other name are refused; addresses, `localhost` and the names in `origins` need not be listed."""


class AdmissionEntry(Entry):
    """How many callers from outside are let in at each Asterisk. More are refused as the network being busy (SIP 503),
    before they are answered; calls that are up, and agents who call, are not concerned."""

    calls: Annotated[int, Field(ge=1, le=100_000)] = DEFAULTS.admission.calls
    """Nobody is let in while so many calls are up there, of whatever kind."""
    per_second: Annotated[int, Field(ge=1, le=10_000)] = DEFAULTS.admission.per_second
    """How many are let in a second; after a quiet second so many may come at once."""
