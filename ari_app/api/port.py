"""What the API needs of the rest of the controller, as protocols. The shell (`app.py`) puts the parts together.

Nothing here does anything; tests give in-memory implementations. Every method that reaches Redis or Asterisk may raise
`StoreUnavailable` or `AsteriskUnavailable`; refusals are `Refused`.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from aiohttp import ClientWebSocketResponse

from ari_app.calls.commands import Command
from ari_app.calls.hearing import Ear
from ari_app.calls.model import Call, CallId
from ari_app.config.credentials import ApiKey, Credential
from ari_app.config.errors import ConfigError
from ari_app.records.agent_states import Reported
from ari_app.routing.directory import Directory
from ari_app.routing.given import Gifts, Given
from ari_app.routing.hours import Override
from ari_app.routing.phones import PhoneAccounts
from ari_app.routing.targets import Target
from ari_app.routing.webhooks import Webhook
from ari_app.store.port import (
    Choices,
    Configurations,
    Counters,
    FactStream,
    Favourites,
    IdempotencyKeys,
    Logins,
    MissedSeen,
    Notes,
    Passwords,
    Recordings,
    Tokens,
    Voicemails,
)


class StoryEntry(Protocol):
    """One line of a call's story. `at` in seconds since the epoch; `kind` is `stimulus` or `effect`.

    `what` is its name (`LegAnswered`); `detail` all that it carries, as dataclasses, mappings and plain values.
    """

    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def detail(self) -> object: ...


class Control(Protocol):
    """The call machine and the administrator's side, as the shell runs them."""

    async def submit(self, command: Command) -> Call | None:
        """Carry the command out; the call as it then is, None where it is over.

        Raises:
            CallControlError: it was refused, or a part is away; nothing has changed.
            OutcomeUnknown: nobody will ever know whether it was carried out.
        """

    async def asterisk_lost(self, call: CallId | None = None) -> None:
        """Returns when the connection to Asterisk, that of this call, is lost: what `submit` has under way is answered
        when it is back."""

    async def led(self, call: CallId | None = None) -> None:
        """Wait until who leads Asterisk, that of this call, knows what it has: while it is being taken over, which does
        not take long. Returns in any case, when that should be over."""

    def reached(self, call: CallId | None = None) -> bool:
        """Whether Asterisk is, that of this call, and its calls are known; also of one that is not."""

    def calls(self) -> Mapping[CallId, Call]:
        """The calls that are up now."""

    def hearing(self, call: Call) -> tuple[Ear, ...]:
        """Who hears whom in this call now."""

    def engaged(self, agent: str) -> Collection[CallId]:
        """The calls that have this agent: as a party, rung, or as their supervisor."""

    def could_join(self, call: Call, agent: str) -> Sequence[CallId]:
        """This agent's calls at other Asterisks whose contact could join this one now."""

    def beside(self, call: Call, agent: str) -> Sequence[CallId]:
        """This agent's calls at other Asterisks than that of this call."""

    async def story(self, call_id: CallId) -> Sequence[StoryEntry] | None:
        """What happened to a call, oldest first; None where it is not (or no longer) known."""

    async def story_file(self, call_id: CallId) -> str | None:
        """The same as JSON, with all that it takes to run it again."""

    def directory(self) -> Directory:
        """The call centre as it is configured now."""

    def credential(self, agent: str) -> Credential | None:
        """How this agent proves who they are; None where there is no such agent."""

    def api_keys(self) -> Mapping[str, ApiKey]:
        """The programs that may use the API, by the SHA-256 of their keys."""

    def webhooks(self) -> Mapping[str, Webhook]:
        """The receivers of webhooks, by name."""

    def phones(self) -> PhoneAccounts:
        """Those whose accounts the administrator's file has."""

    async def reload(self) -> Sequence[ConfigError]:
        """Read the administrator's file again: all of it (no errors), or none of it."""

    def listed(self) -> Directory:
        """The call centre as the administrator's file has it, without what is given."""

    def given(self) -> Gifts:
        """What supervisors gave agents in place of that."""

    async def give(self, agent: str, gift: Given) -> None:
        """Give an agent that; an empty one takes it back.

        Raises:
            StoreUnavailable: nothing has changed, or it will have once it is given again.
        """

    def ready(self) -> Mapping[str, bool]:
        """Whether each part that this depends on is reached: `asterisk`, `store`."""

    def drained(self) -> Collection[str]:
        """The names of the Asterisks that take no new calls because an administrator has said so."""

    def degraded(self) -> Sequence[tuple[str, str]]:
        """Of what is ready, what serves only some: the name of the Asterisk, and why (`models.admin.Degraded`)."""

    async def store_trouble(self) -> str:
        """Why the store is not ready, in words for whoever runs this."""

    def faults(self) -> Sequence[ConfigError]:
        """What is wrong with the file as it is now."""

    def configured(self) -> tuple[float, bool]:
        """When the configuration that runs was read (seconds since the epoch), and whether the file has faults now."""


class AgentState(Reported, Protocol):
    """An agent's state as the availability room keeps it. `call` has them or, in wrap-up, had them."""

    @property
    def choice(self) -> str:
        """What they show when no call has them: `ready`, `not_ready` or `logged_out`."""

    @property
    def choice_reason(self) -> str | None: ...
    @property
    def wrap_up_until(self) -> float | None:
        """In wrap-up, when it ends, in seconds since the epoch."""

    @property
    def reachable(self) -> bool:
        """Whether their phone can ring, as far as is known."""

    @property
    def available(self) -> bool:
        """Whether they could be reserved now: ready, and their phone can ring."""

    @property
    def in_use(self) -> bool:
        """Whether their phone can't ring because it is in a call of which call control knows nothing."""


class Openings(Protocol):
    """What is open and what is closed. Reading is from memory."""

    @property
    def overrides(self) -> Mapping[str, Override]:
        """What was chosen last by hand, by target."""

    def is_open(self, target: Target) -> bool:
        """Whether callers are served there now."""

    def changes_at(self, target: Target) -> float | None:
        """When that changes by itself, in seconds since the epoch."""

    async def set(self, target: Target, override: Override) -> None:
        """Somebody has chosen."""


class Agents(Protocol):
    """Agents' states and counts. Reading is from memory; only `set_state` goes to Redis."""

    def is_open(self, target: Target) -> bool:
        """Whether callers are served there now, be there somebody or not."""

    def record(self, agent: str) -> AgentState | None:
        """The agent's state; None where it was never set, which is `logged_out`."""

    def available(self, target: Target) -> int:
        """How many agents of the target could be reserved now."""

    def device(self, agent: str) -> str:
        """Which of their phones rings: `desk` or `page`."""

    def may_ring(self, agent: str) -> bool:
        """Whether a call to this agent could be offered now: they are free, or have call waiting and room for it."""

    async def set_state(self, agent: str, state: str, reason: str | None = None) -> AgentState:
        """`ready`, `not_ready` or `logged_out`, by the agent's own wish; their state after it."""

    async def extend(self, agent: str, seconds: float, most: float) -> AgentState:
        """Wrap-up lasts longer, `most` seconds from now at most; `not_allowed_now` where there is none."""


class Phones(Protocol):
    """An agent's two phones, by the SIP user of the one on the desk. `device` is `desk` or `page`."""

    def account(self, phone: str) -> str:
        """The SIP user of the phone in the page."""

    def device(self, phone: str) -> str:
        """Which one rings."""

    def can_ring(self, phone: str, device: str) -> bool | None:
        """Whether it is there; None where that is not known."""

    def in_use(self, phone: str, device: str) -> bool:
        """Whether it is in a call of which call control knows nothing."""

    async def choose(self, phone: str, device: str) -> None:
        """From now on this one rings, also after a restart."""

    async def connect(self, phone: str, password: str) -> ClientWebSocketResponse:
        """A socket to Asterisk for the phone in the page; from now on this secret, and no other, is right for it.

        Raises:
            AsteriskUnavailable: it is away, or takes no such phones.
        """

    def closed(self, phone: str) -> None:
        """A socket of the phone in the page is closed: what went on there may be lost with its page."""

    async def forget(self, phone: str) -> None:
        """No secret is right for the phone in the page any more.

        Raises:
            AsteriskUnavailable: it is away.
        """


class RecordedSound(Protocol):
    """A file on its way."""

    @property
    def length(self) -> int | None:
        """In bytes."""

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        """What is in it. Raises: AsteriskUnavailable."""


class MeasuredFile(Protocol):
    """A file that is complete."""

    @property
    def size(self) -> int:
        """In bytes."""

    @property
    def seconds(self) -> float:
        """For how long it plays."""


class RecordingFiles(Protocol):
    """Files of recordings, by their names without ending."""

    def open(self, file: str) -> AbstractAsyncContextManager[RecordedSound]:
        """The file, for as long as it is read.

        Raises:
            Refused: `not_found`.
            AsteriskUnavailable: it is away.
        """

    async def measured(self, file: str) -> MeasuredFile | None:
        """None while it is still written.

        Raises:
            Refused: `not_found`.
            AsteriskUnavailable: it is away.
        """

    async def delete(self, file: str) -> None:
        """One that is not there counts as done. Raises: AsteriskUnavailable."""


class Store(
    Configurations,
    Tokens,
    Logins,
    Passwords,
    IdempotencyKeys,
    Choices,
    Favourites,
    MissedSeen,
    Counters,
    Notes,
    FactStream,
    Recordings,
    Voicemails,
    Protocol,
):
    """What must outlive this process: tokens (by digest only), first answers, and what agents chose and reached."""
