"""Commands under way, and those that were carried out on a call."""

from dataclasses import dataclass
from typing import Literal

from ari_app.calls.model.ids import AgentId, CallId, OfferId, PartyId

type Until = Literal["done", "ringing", "answered", "monitoring"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that Asterisk is carrying out: answered when no effect is awaited and `until` has come about.

    `until`: "done" at once, "ringing" when somebody rings (or will not), "answered" when `party` is in the call,
    "monitoring" when the supervisor `agent` hears what they requested.
    """

    command: str
    call: CallId
    effects: frozenset[int] = frozenset()
    until: Until = "done"
    offer: OfferId | None = None
    party: PartyId | None = None
    agent: AgentId | None = None
