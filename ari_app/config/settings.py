"""Settings of the process, out of the environment (`ARI_APP_…`). Who is reached and how is in the file."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, RedisDsn, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ari_app.config.secret_files import with_secrets

_NAME = "[A-Za-z0-9_.-]{1,64}"
_ADDRESS = r"https?://[^/?#\s]+(/[^?#\s]*)?"
_PLACE = f"{_NAME}={_ADDRESS}"
_DATABASE = r"^(sqlite:///.+|postgresql://[^/\s]+/\S+)$"


@dataclass(frozen=True, slots=True)
class AsteriskPlace:
    """An Asterisk of the call centre: its name, and where its HTTP server is."""

    name: str
    url: str


class FileSettings(BaseSettings):
    """What is needed to look at the administrator's files, and nothing else.

    Raises:
        pydantic.ValidationError: a variable is wrong.
    """

    model_config = SettingsConfigDict(
        env_prefix="ARI_APP_", hide_input_in_errors=True, frozen=True, use_attribute_docstrings=True
    )

    stasis_app: str = Field("callcontrol", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """The application's name in Asterisk, which the dialplan hands calls to."""
    config: Path = Path("/etc/ari_app/callcentre.yaml")
    """The administrator's file."""


class ProcessSettings(FileSettings):
    """Addresses, secrets and limits of one controller. Times in seconds.

    Raises:
        pydantic.ValidationError: a variable is missing or wrong; it never shows a secret.
    """

    config_origin: str = ""
    """Where the administrator has that file, as the directory outside the container. With faults in the file, the last
    configuration without runs only where it came from there."""
    ari_url: str = Field("http://127.0.0.1:8088", pattern=rf"^{_ADDRESS}$")
    """Asterisk's HTTP server."""
    ari_user: str = Field("callcontrol", min_length=1)
    """The user of ARI (`ari.conf`)."""
    ari_password: SecretStr
    """The password of that user."""
    ari_password_file: Path | None = None
    """The file that it is read from, where the environment does not hold it."""
    ari_lanes: int = Field(4, ge=0, le=8)
    """How many WebSockets carry requests to each Asterisk, beside HTTP. 0: HTTP carries them all."""
    redis_url: RedisDsn = RedisDsn("redis://127.0.0.1:6379/0")
    """Redis, with its password where it has one. With Sentinels its host and port do not matter."""
    redis_password_file: Path | None = None
    """The file that its password is read from, where the address has none."""
    redis_sentinels: str = Field("", pattern=r"^([A-Za-z0-9_.-]+:[0-9]{1,5}(,[A-Za-z0-9_.-]+:[0-9]{1,5})*)?$")
    """The Sentinels that know where Redis' primary is, as `host:port,host:port,…`. Without them Redis is at its
    address."""
    redis_service: str = Field("callcontrol", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """What the Sentinels call that primary (`sentinel monitor`)."""
    redis_sentinel_password: SecretStr = SecretStr("")
    """The Sentinels' own password, where they have one."""
    redis_sentinel_password_file: Path | None = None
    """The file that it is read from, where the environment does not hold it."""
    oidc_client_secret: SecretStr = SecretStr("")
    """The secret by which the issuer of `settings.oidc` knows this client; a public client has none."""
    oidc_client_secret_file: Path | None = None
    """The file that it is read from, where the environment does not hold it."""
    redis_confirm: float = Field(0.2, ge=0, le=1)
    """Seconds that a write waits, with Sentinels, for a replica to have it. 0: it does not wait, and what was answered
    last may be lost when Redis' primary is."""
    redis_prefix: str = Field("cc", pattern=r"^[A-Za-z0-9_.-]{1,32}$")
    """What all keys in Redis begin with: another one for each call centre that shares a Redis."""
    history_url: str = Field("sqlite:////var/lib/ari_app/history.db", pattern=_DATABASE, repr=False)
    """The database of calls that are over and of what agents did: `sqlite:////<file>`, or
    `postgresql://user:password@host:port/name`."""
    history_password_file: Path | None = None
    """The file that its password is read from, where the address has none."""
    history_json: Path | None = None
    """A file to which the same is added as well, one JSON document a line."""
    history_queue_log: Path | None = None
    """A file to which it is added as Asterisk's `queue_log` has it, for tools that read that."""
    asterisk_id: str = Field("asterisk-a", pattern=rf"^{_NAME}$")
    """A name for this Asterisk: of several controllers with the same one, and the same Redis and prefix, one leads and
    the others stand by."""
    asterisks: str = Field("", pattern=rf"^({_PLACE}( +{_PLACE})*)?$")
    """All Asterisks of the call centre, as `name=address name=address …`, the same for each of its controllers; user,
    password and application are the same for all. The leader of the first serves the API. Without it there is one:
    `ARI_APP_ASTERISK_ID` at `ARI_APP_ARI_URL`."""
    advertise: str = Field("", validate_default=True, pattern=rf"^({_ADDRESS})?$")
    """Where other controllers reach the API of this one, as `http://10.0.0.11:8080`: they forward to it what it leads.
    Without it nobody does, and answers only who leads."""
    edge: str = Field("", pattern=r"^(wss?://[^/?#\s]+(/[^?#\s]*)?)?$")
    """The WebSocket of the SIP edge in front of all Asterisks, as `ws://10.0.0.1:5060`: phones in pages register there,
    and any Asterisk rings them. The edge knows controllers by their addresses. Without it these phones are at the first
    Asterisk alone."""
    recordings: Path | None = None
    """Where this machine has Asterisk's recordings: none is begun when that disk is full. Without it nobody looks."""
    api_host: str = Field("127.0.0.1", min_length=1)
    """The address that the API listens on."""
    api_port: int = Field(8080, ge=0, le=65_535)
    """Its port."""
    tls_certificate: Path | None = None
    """The certificate of the API, with those between it and its authority: a file (PEM). With it the API speaks TLS
    alone."""
    tls_key: Path | None = None
    """Its key, where that is not in the same file."""
    trusted_proxies: str = ""
    """Addresses and networks of proxies before the API, as `127.0.0.1 10.0.0.0/8`: who they say that a request comes
    from (`X-Forwarded-For`) is believed."""
    demo: Literal["yes", "no"] = "no"
    """`yes`: the passwords of the demonstration, which everybody can read, may stand in the file; on loopback alone."""
    metrics_address: str = Field("", pattern=r"^([^\s/?#]+:[0-9]{1,5})?$")
    """Where `/metrics` and the descriptions of the API (OpenAPI, AsyncAPI) are served, as `127.0.0.1:9464`, and not at
    the API's address then; health is at both. Without it they are at the API's."""
    certificates_at: str = Field("", pattern=r"^(\S+:[0-9]{1,5}(\s+\S+:[0-9]{1,5})*)?$")
    """Where else certificates are shown whose last day `ari-app doctor` looks at, as `SIP=192.0.2.10:5061`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """`debug`, `info`, `warning` or `error`."""
    event_loop: Literal["uvloop", "asyncio"] = "uvloop"
    """What the controller runs on. `asyncio`: that of Python itself, which takes more of the processor."""
    token_lifetime: float = Field(12 * 3600.0, ge=60, le=30 * 86_400)
    """Seconds for which a login is good."""
    token_idle: float = Field(2 * 3600.0, ge=120, le=30 * 86_400)
    """Seconds after which it ends before that where nothing uses it: no request, no events, no phone in the page."""

    @model_validator(mode="before")
    @classmethod
    def _out_of_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return with_secrets(given)

    @property
    def own_address(self) -> str | None:
        """From which connections come that others know it by; None: whichever the system chooses."""
        try:
            address = ip_address(self.api_host)
        except ValueError:
            return None
        return None if address.is_unspecified else str(address)

    @property
    def places(self) -> tuple[AsteriskPlace, ...]:
        """All Asterisks; the leader of the first serves the API."""
        if not self.asterisks:
            return (AsteriskPlace(self.asterisk_id, self.ari_url),)
        listed = (place.partition("=") for place in self.asterisks.split())
        return tuple(AsteriskPlace(name, url) for name, _, url in listed)

    def called(self, place: AsteriskPlace) -> str:
        """How it is spoken of: by its name, where there are several."""
        return place.name if len(self.places) > 1 else "Asterisk"

    def of(self, place: AsteriskPlace) -> str:
        """What a line begins with that is about this one; nothing where there is no other."""
        return f"{place.name}: " if len(self.places) > 1 else ""

    def apart(self, place: AsteriskPlace) -> str:
        """Under which name its calls are kept, and their ids begin; those of one Asterisk alone need none."""
        return place.name if self.asterisks else ""

    @property
    def kept_apart(self) -> tuple[str, ...]:
        """The same of each of `places`."""
        return tuple(self.apart(place) for place in self.places)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Whose `X-Forwarded-For` is believed."""
        return tuple(ip_network(each) for each in self.trusted_proxies.split())

    @field_validator(
        "tls_certificate",
        "tls_key",
        "oidc_client_secret_file",
        "history_password_file",
        "history_json",
        "history_queue_log",
        mode="before",
    )
    @classmethod
    def _none_where_empty(cls, file: object) -> object:
        return file or None

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str) -> str:
        for each in proxies.split():
            ip_network(each)
        return proxies

    @field_validator("asterisks")
    @classmethod
    def _each_once(cls, asterisks: str) -> str:
        names = [place.partition("=")[0] for place in asterisks.split()]
        if len(set(names)) < len(names):
            raise ValueError("each Asterisk needs a name of its own")
        return asterisks

    @field_validator("advertise")
    @classmethod
    def _reached_by_others(cls, advertise: str, given: ValidationInfo) -> str:
        if not advertise and " " in (given.data.get("asterisks") or ""):
            raise ValueError("with several Asterisks the controllers have to reach each other")
        return advertise

    @field_validator("redis_sentinels")
    @classmethod
    def _reached_in_the_clear(cls, sentinels: str, given: ValidationInfo) -> str:
        url = given.data.get("redis_url")
        if sentinels and url is not None and url.scheme != "redis":
            raise ValueError("with Sentinels, ARI_APP_REDIS_URL has to begin with redis://")
        return sentinels
