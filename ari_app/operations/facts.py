"""What `ari-app doctor` has gathered, and nothing of what it means. No secret is in it: what is said of one is enough.

A part that was not looked at, because what comes before it is wrong, is None; lists are empty then.
"""

from dataclasses import dataclass, field

from ari_app.ari.findings import Finding as Lack
from ari_app.ari.vitals import Vitals as AsteriskVitals
from ari_app.history.vitals import Vitals as HistoryVitals
from ari_app.store.vitals import Trouble as RedisTrouble
from ari_app.store.vitals import Vitals as RedisVitals


@dataclass(frozen=True, slots=True)
class Secret:
    """Of a secret: whose it is, how many characters it has, whether everybody can know it."""

    of: str
    length: int
    public: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """The administrator's directory: each fault as one line. `running`: whether what runs was read from the file as it
    is (None: not known). `writable`: what everybody on the machine may write."""

    name: str
    faults: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    dialplan_seen: bool = True
    reloads: tuple[str, ...] = ()
    running: bool | None = None
    writable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secrets:
    """`demo` and `clear` are agents: with a password of the demonstration, with one of their own in clear;
    `certificate` is what is wrong with that of the API."""

    demo: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()
    phones: tuple[Secret, ...] = ()
    ari: Secret | None = None
    redis: Secret | None = None
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """Where something is reached (`host`, `port`), and all addresses of this machine that listen at that port."""

    host: str
    port: int
    listening: tuple[str, ...] = ()
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Doors:
    """What listens where; `ari` of each Asterisk; `history`, where that is no file."""

    api: Door
    ari: tuple[Door, ...]
    redis: Door
    history: Door | None = None


@dataclass(frozen=True, slots=True)
class Controller:
    """What `/readyz` answers: `code` is empty where all is reached. `reached` says whether there was an answer at all.
    `last_good`: what runs is not the file as it is. `drained`: the Asterisks that take no new calls;
    `degraded`: those that serve only some, with why."""

    reached: bool
    code: str = ""
    detail: str = ""
    last_good: bool = False
    drained: tuple[str, ...] = ()
    degraded: tuple[tuple[str, str], ...] = ()

    @property
    def stands_by(self) -> bool:
        """Whether another controller leads, and this one is ready to take its place."""
        return self.code == "standby"

    @property
    def has_asterisk(self) -> bool | None:
        """Whether its connection to Asterisk stands; None: it says so of Redis first, and no more."""
        if self.reached and self.code not in ("", "asterisk_unavailable"):
            return None
        return self.reached and not self.code


@dataclass(frozen=True, slots=True)
class Unreached:
    """An Asterisk, by the name by which it is `called`. `refused`: it answers, but does not take our password.
    `reason`: in its words, or those of the network."""

    reason: str
    refused: bool = False
    called: str = "Asterisk"


@dataclass(frozen=True, slots=True)
class Asterisk:
    """By the name by which it is `called`. `lacks`: what `ari-app check` finds, as far as it got; `not_examined` says
    what kept it from going on."""

    vitals: AsteriskVitals
    lacks: tuple[Lack, ...] = ()
    not_examined: str = ""
    called: str = "Asterisk"


@dataclass(frozen=True, slots=True)
class Machine:
    """`open_files` of so many that the controller may have; bytes `free` of a disk's `size` for recordings, -1 where
    their directory is not seen, None where none is named. `differing`: packages that are not those of the lock, as
    `name 1.0, not 1.1`."""

    most_files: int
    open_files: int = 0
    recordings: str = ""
    free: int | None = None
    size: int = 0
    differing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that is shown by `of`, and for how many `days` it, and all that stand behind it, are good yet."""

    of: str
    days: float


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The history's database is not reached."""

    reason: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver of webhooks; `error`: why it takes nothing, empty where it does. `dead`: events that were given up."""

    name: str
    error: str = ""
    stopped: bool = False
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it. `settings`: faults of the environment, each as one line; with any, only files are looked at."""

    machine: Machine
    files: Files | None = None
    settings: tuple[str, ...] = ()
    secrets: Secrets = field(default_factory=Secrets)
    doors: Doors | None = None
    application: str = "callcontrol"
    controller: Controller | None = None
    asterisks: tuple[Asterisk | Unreached, ...] = ()
    redis: RedisVitals | RedisTrouble | None = None
    receivers: tuple[Receiver, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    history: HistoryVitals | Unwritten | None = None
