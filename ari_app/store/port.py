"""What is kept beside availability: the values and what may be requested. Knows neither Redis nor what a call is.

Every method raises StoreUnavailable, within a bounded time, where the store can't be used.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ari_app.audit.chain import Kept, Line, Link
from ari_app.webhooks.model import DeadLetter, Event, Followed, Health, Waiting

_HASH = re.compile(r"[0-9a-f]{64}")


def hash_token(token: str) -> str:
    """What is kept instead of a login token: its SHA-256 in hex. Tokens are long and random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_hash(token_hash: str) -> str:
    """Guard against keeping a token itself.

    Raises:
        ValueError: where it is no SHA-256 in hex.
    """
    if _HASH.fullmatch(token_hash) is None:
        raise ValueError("a token is kept by its SHA-256 in hex only; see hash_token")
    return token_hash


@dataclass(frozen=True, slots=True)
class InProgress:
    """The first request with this key has not been answered yet."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The first request with this key got this answer: HTTP status and body."""

    status: int
    body: bytes


type Claim = InProgress | Finished


@dataclass(frozen=True, slots=True)
class KeptFact:
    """Something that is over, as the stream of facts has it: see `records.wire`.

    Who adds one again because the answer was lost adds it with the same `key`: whoever keeps facts keeps one of each.
    `kind` says what `data`, a JSON document, is.
    """

    key: str
    kind: str
    data: bytes = field(repr=False)  # with names and numbers


class FactStream(Protocol):
    """Facts of all controllers on their way to who keeps them for long, in the order in which they were added.

    Each stays until it is forgotten; beyond `FACTS` the oldest go first.
    """

    async def add_facts(self, facts: Sequence[KeptFact]) -> int:
        """Add them: all or none. How many that nobody has read had to go for it."""

    async def facts(self, after: str, limit: int) -> list[tuple[str, KeptFact]]:
        """As many as `limit`, the oldest first, each with its position; after that one, or from the first where it is
        empty. A position whose fact is forgotten still says where to go on."""

    async def forget_facts(self, positions: Sequence[str]) -> None:
        """They are kept elsewhere now; one that is not there counts as done."""

    async def facts_waiting(self) -> int:
        """How many are not forgotten yet."""


class Snapshots(Protocol):
    """Calls and legs as they were last, so that a controller that starts anew goes on with them."""

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        """Keep each value under its key (`call:<id>`, `leg:<id>`, `segments:<call>`), forget those that are None, and
        add the facts as `FactStream` does: all of it or nothing."""

    async def load_all(self) -> dict[str, bytes]:
        """Everything that is kept."""


@dataclass(frozen=True, slots=True)
class KeptConfiguration:
    """The text of the administrator's file, when it was read (seconds since the epoch), and where the administrator has
    it, where that is known."""

    text: bytes = field(repr=False)  # with secrets
    at: float
    origin: str = ""


class Configurations(Protocol):
    """The last configuration without faults."""

    async def keep_configuration(self, kept: KeptConfiguration) -> None:
        """Keep it in place of the one before: all of it or nothing."""

    async def kept_configuration(self) -> KeptConfiguration | None:
        """The one kept last; None where there was none."""


class Tokens(Protocol):
    """Who is logged in."""

    async def put_token(
        self, token_hash: str, data: bytes, ttl: float, of: str = "", idle: float | None = None
    ) -> None:
        """Keep `data` for `ttl` seconds, in place of what was there; `of`: the agent under whom it is found.

        With `idle` it is kept for so many seconds only, and found for `ttl`: whoever reads it has it kept on.

        Raises:
            ValueError: `token_hash` is no SHA-256 in hex (`hash_token`).
        """

    async def get_token(self, token_hash: str, idle: float | None = None) -> bytes | None:
        """The data; None for a token that is unknown or has run out. With `idle` it is kept for so many seconds on."""

    async def delete_token(self, token_hash: str) -> None:
        """Forget it; one that is not there counts as done."""

    async def tokens(self, of: str) -> list[str]:
        """The hashes of this agent's tokens that may still be good, the oldest first."""


class Passwords(Protocol):
    """What agents chose as their passwords, in place of those in the administrator's file; as the API keeps them."""

    async def change_password(self, of: str, data: bytes | None, but: str = "") -> list[str]:
        """Keep this agent's password (None: forget it), and forget all their tokens but the one with the hash `but`: in
        one step, so that no login with the password before outlives it. The hashes of those forgotten."""

    async def password(self, of: str) -> bytes | None:
        """What is kept of this agent's; None where they chose none."""

    async def passwords(self) -> dict[str, bytes]:
        """What is kept, by agent."""


class Logins(Protocol):
    """Logins that are under way at an issuer. Each by the SHA-256 of its state, in hex."""

    async def keep_login(self, state_hash: str, data: bytes, ttl: float) -> None:
        """Keep it for `ttl` seconds. Raises: ValueError: `state_hash` is no SHA-256 in hex."""

    async def take_login(self, state_hash: str) -> bytes | None:
        """What is kept, and forget it: of several who take the same, one gets it."""


class IdempotencyKeys(Protocol):
    """Answers to requests that may come again. The caller makes the key unique for agent and operation."""

    async def claim(self, key: str, ttl: float) -> Claim | None:
        """None: the key is the caller's now, for `ttl` seconds, and they must `finish` or `abandon` it."""

    async def finish(self, key: str, status: int, body: bytes) -> None:
        """Keep the answer for what is left of the claim's time."""

    async def abandon(self, key: str) -> None:
        """The request came to nothing and may be tried again."""

    async def send_to(self, key: str, place: str, ttl: float) -> None:
        """Keep where the request with this key is sent, for `ttl` seconds: whoever repeats it sends it there."""

    async def sent_to(self, key: str) -> str | None:
        """Where that was; None where it was not sent, or that is kept no more."""

    async def get(self, key: str) -> Claim | None:
        """How far the request with this key is; None where there is none."""


class Choices(Protocol):
    """What agents chose last (S52)."""

    async def set_caller_id(self, agent: str, caller_id: str) -> None:
        """This is the agent's choice from now on."""

    async def caller_id(self, agent: str) -> str | None:
        """The caller ID that the agent chose last, by its id; it may have been removed from the list since."""

    async def set_device(self, phone: str, device: str) -> None:
        """Which phone of the agent rings whose phone has this SIP user: `desk` or `page`."""

    async def devices(self) -> dict[str, str]:
        """What was chosen last, by SIP user; who never chose is not in it."""


class MissedSeen(Protocol):
    """Until when each agent has looked at the calls that they missed."""

    async def set_missed_seen(self, agent: str, until: float) -> None:
        """They have seen those that ended until then, in seconds since the epoch."""

    async def missed_seen(self, agent: str) -> float | None:
        """None: they have never looked."""


class Counters(Protocol):
    """What is counted of a day, by name; kept for `COUNTS_TTL` after it was counted last."""

    async def keep_counts(self, day: str, numbers: Mapping[str, int]) -> None:
        """So much of each on this day, at once."""

    async def counts(self, day: str) -> dict[str, int]:
        """All that was counted on this day."""


class Gifts(Protocol):
    """What supervisors gave agents in place of what the administrator's file says."""

    async def set_given(self, agent: str, data: bytes | None) -> None:
        """This is given from now on; None: nothing."""

    async def given(self) -> dict[str, bytes]:
        """What is given, by agent."""


class Drains(Protocol):
    """Which Asterisks take no new calls because an administrator has said so."""

    async def set_drained(self, asterisk: str, *, drained: bool) -> None:
        """From now on it takes none, or takes them again."""

    async def drained(self) -> dict[str, bool]:
        """What was said last of each Asterisk of which anything was said."""


class Openings(Protocol):
    """What people have opened and closed by hand, by target; as `openings` keeps it."""

    async def set_opening(self, target: str, data: bytes) -> None:
        """This was chosen last for the target."""

    async def openings(self) -> dict[str, bytes]:
        """What was chosen last for each target for which anything was chosen."""


class Notes(Protocol):
    """What agents noted of calls, for as long as a wrap-up may want to know it; the history has it for long."""

    async def note(self, call: str, agent: str, data: bytes) -> None:
        """What the agent says of the call, in place of what they said before; kept for `NOTES_TTL`."""

    async def notes(self, call: str) -> dict[str, bytes]:
        """What agents said of the call."""


class Recordings(Protocol):
    """Which recordings there are, newest first, as many as `RECORDINGS` allows; their sound is elsewhere."""

    async def keep_recording(self, recording: str, data: bytes, at: float) -> None:
        """Keep what is known of the recording that was begun at `at`, in place of what was known before."""

    async def recording(self, recording: str) -> bytes | None:
        """What is known of it; None where it is not kept."""

    async def recordings(self, after: str | None, limit: int) -> list[bytes]:
        """As many as `limit`, after the recording `after`."""

    async def recordings_before(self, at: float, limit: int) -> list[bytes]:
        """As many as `limit` of those that were begun before that time, the oldest first."""

    async def forget_recording(self, recording: str) -> None:
        """It is not there any more; one that is not kept counts as done."""


class Voicemails(Protocol):
    """Which messages callers have left, newest first, as many as `VOICEMAILS` allows; their sound is elsewhere."""

    async def keep_voicemail(self, message: str, data: bytes, at: float) -> None:
        """Keep what is known of the message that was begun at `at`, in place of what was known before."""

    async def voicemail(self, message: str) -> bytes | None:
        """What is known of it; None where it is not kept."""

    async def voicemails(self, after: str | None, limit: int) -> list[bytes]:
        """As many as `limit`, after the message `after`."""

    async def forget_voicemail(self, message: str) -> None:
        """It is not there any more; one that is not kept counts as done."""


class AuditTrail(Protocol):
    """The record of who did what (`audit.chain`); of all controllers, and of what is done at a terminal."""

    async def audit_kept(self) -> Kept:
        """Where it begins and ends."""

    async def append_audit(self, after: Link, lines: Sequence[Line], forget_before: float) -> Link:
        """Write the lines, if `after` is the last one: all of them or none; the one that is the last then.

        Some of those that were written before that time (seconds since the epoch), or are more than `AUDIT_LINES`, are
        forgotten with it.
        """

    async def audit(self, after: str, limit: int) -> list[tuple[str, Line]]:
        """As many lines as `limit`, the oldest first, each with its position; after that one, or from the first."""

    async def erase_audit(self, lines: Sequence[int]) -> None:
        """Forget the numbers of people in the lines with these numbers."""


class WebhookEvents(Protocol):
    """Events on their way to receivers, by the name of each: what it has not taken, oldest first, and what was given
    up; and what receivers know last of each line."""

    async def keep_events(
        self, events: Sequence[tuple[Event, str, Sequence[str]]], known: Mapping[str, Followed | None]
    ) -> list[tuple[str, Waiting]]:
        """Keep each event with its body for each of its receivers, and what is known after them: all of it or nothing.

        Each receiver with how its event waits.
        """

    async def known_lines(self) -> dict[str, Followed]:
        """What receivers know last, by line."""

    async def events_waiting(self, receiver: str) -> list[Waiting]:
        """All that it has not taken."""

    async def event_body(self, receiver: str, position: str) -> str | None:
        """The body; None where it does not wait any more."""

    async def event_taken(self, receiver: str, position: str) -> None:
        """It has it."""

    async def event_tried(self, receiver: str, waiting: Waiting) -> None:
        """It was tried in vain: how often, and when again."""

    async def bury_event(self, receiver: str, waiting: Waiting, reason: str) -> None:
        """It is given up. Beyond `MOST_DEAD` the oldest is forgotten."""

    async def events_dead(self, receiver: str) -> int:
        """How many were given up."""

    async def dead_letters(self, receiver: str, before: str | None, limit: int) -> list[DeadLetter]:
        """What was given up, the last first: as many as `limit`, before that position."""

    async def forget_dead_letters(self, receiver: str, before: float) -> int:
        """Forget those that were given up before that time; how many they were."""

    async def revive_events(self, receiver: str) -> list[Waiting]:
        """Have all that was given up wait again, from now on, in the same order."""

    async def keep_webhook_health(self, receiver: str, health: Health) -> None:
        """How it is from now on."""

    async def webhook_health(self) -> dict[str, Health]:
        """How each is of which anything was kept."""

    async def only_webhooks(self, receivers: Collection[str]) -> None:
        """These are listed: forget all that is kept for others."""


AUDIT_LINES = 200_000

RECORDINGS = 20_000
VOICEMAILS = 20_000

FACTS = 100_000
"""Some 80 MB: more than an hour of 150 agents whose database is away."""

COUNTS_TTL = 3 * 86_400
NOTES_TTL = 2 * 86_400
"""Seconds."""

# So much is kept of each agent, and no more.
RECENTS = 20
FAVOURITES = 100


@dataclass(frozen=True, slots=True)
class Keep:
    """Seconds for which things are kept from when they were written last; 0: until they are deleted."""

    recents: int = 90 * 86_400
    favourites: int = 0


class Favourites(Protocol):
    """Whom each agent reached lately, and whom they marked: targets as text, whether or not they still exist."""

    async def note_recent(self, agent: str, target: str) -> None:
        """The agent reached this target last; beyond `RECENTS` the oldest is forgotten."""

    async def recents(self, agent: str) -> list[str]:
        """Whom they reached, each once, newest first."""

    async def add_favourite(self, agent: str, target: str) -> bool:
        """Mark it; one that is marked stays where it is. False: they have `FAVOURITES` already, nothing has changed."""

    async def remove_favourite(self, agent: str, target: str) -> None:
        """Unmark it; one that is not marked counts as done."""

    async def favourites(self, agent: str) -> list[str]:
        """Whom they marked, in the order in which they did."""

    async def forget_agent(self, agent: str) -> None:
        """Whom they reached and marked, the caller ID that they chose last, and which missed calls they have seen."""


class Store(
    Snapshots,
    FactStream,
    Configurations,
    Tokens,
    Logins,
    Passwords,
    IdempotencyKeys,
    Choices,
    Favourites,
    MissedSeen,
    Counters,
    Gifts,
    Drains,
    Openings,
    Notes,
    Recordings,
    Voicemails,
    Protocol,
):
    """All of it. `keep` says for how long; it may be exchanged at any time."""

    keep: Keep

    async def ping(self) -> None:
        """Ask whether the store can be used; returns if so."""
