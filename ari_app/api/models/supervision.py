"""Bodies of those who oversee: agents, and queues and groups as they are now."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.agents import AgentDocument, State
from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.api.models.openings import Opening
from ari_app.calls.actions import OfferShown


class AgentsQuery(Request):
    """Which agents."""

    group: Annotated[str, Field(max_length=64, description="Only members of this group")] | None = None


class StateForAnother(Request):
    """The state that a supervisor gives to an agent; during a call it comes with its end."""

    state: Literal["ready", "not_ready", "logged_out"]
    reason: Annotated[str, Field(max_length=64)] | None = None


class AgentRow(AgentDocument):
    """An agent as who oversees sees them: with the calls that have them."""

    groups: list[str]
    calls: list[str]


class AgentRows(Answer):
    """Agents, by id."""

    agents: list[AgentRow]


class Share(Answer):
    """How many of how many."""

    numerator: int
    denominator: int


class Waited(Answer):
    """So many seconds for so many callers: divided, how long one waited."""

    numerator: float
    denominator: int


class LiveTarget(Answer):
    """A queue or group now and today. `oldest_queued_at`: since when who waits longest waits, on the line; `callbacks`:
    how many are to be called back; `talking`: of those who waited for it and were answered, how many are in their call
    yet, whoever has it now.

    Of those who were answered or gave up, `answered` were, in `service_level` within that of the queue or of the
    settings, and `abandoned` gave up. `speed_of_answer` (ASA): how long those waited who were answered. Today is the
    day of the server's clock.
    """

    target: str
    name: str
    waiting: int
    oldest_queued_at: Timestamp | None
    talking: int
    callbacks: int = 0
    agents: dict[State, int]
    available: int = Field(0, description="agents to whom a call can be offered now: ready, and their phone can ring")
    opening: Opening
    answered: Share
    service_level: Share
    abandoned: Share
    speed_of_answer: Waited
    as_of: Timestamp


class CallBackDocument(Answer):
    """Somebody who has hung up, and is called back when it is their turn; `call` is the call that has their place."""

    call: str
    target: str
    name: str
    number: str
    state: Literal["queued", "calling", "resting"]
    promised_at: Timestamp
    expires_at: Timestamp
    tries: int
    last: OfferShown | None
    next_at: Timestamp | None


class CallBacks(Answer):
    """Those who are to be called back, in the order in which they left the line."""

    callbacks: list[CallBackDocument]


class LiveBox(Answer):
    """A box in which callers leave messages: how many of them nobody has heard, and when the oldest was left."""

    box: str
    name: str
    unheard: int
    oldest_unheard_at: Timestamp | None


class Live(Answer):
    """All queues, then all groups; and all boxes."""

    targets: list[LiveTarget]
    voicemails: list[LiveBox]
