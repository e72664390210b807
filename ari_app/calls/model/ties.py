"""A tie: a leg between two Asterisks, by which somebody in a call at the one is in a call at the other.

Their line ends where they came in, and only there can it be: docs/decisions/0010-calls-of-two-asterisks-become-one.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ari_app.calls.model.ids import AgentId, CallId, PartyId
from ari_app.calls.model.parties import Party
from ari_app.calls.model.watching import Recording


@dataclass(frozen=True, slots=True)
class Tie:
    """Of a call that is nobody's: the one who is in it, and the tie, are all that it has.

    They come from the call `of`, which the agent `by` has merged, as soon as the tie is answered. `until` is when it is
    given up; None once it was answered. Before it is `dialled` there is no channel.
    """

    of: CallId
    by: AgentId
    until: float | None
    dialled: bool = False


@dataclass(frozen=True, slots=True)
class Awaited:
    """Of a call that somebody from another Asterisk is to join: whoever arrives by the tie of that name is they.

    `who`, `user_data` and `recording` are of the call that they come from, `merge` is the command by which. `until` is
    when the name is forgotten; one that has been used, by whom `party` says, is good no more.
    """

    tie: str
    merge: str
    by: AgentId
    until: float
    who: Party
    user_data: Mapping[str, str] = field(default_factory=dict)
    recording: Recording | None = None
    party: PartyId | None = None
