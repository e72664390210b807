"""Who else gets to know what happens: receivers of webhooks, as the administrator lists them. Values.

They stand beside the directory and not in it: what is written of a call, for others to run it again, has that whole.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

type Kind = Literal[
    "call.created", "call.updated", "call.ended", "call.recorded", "agent.updated", "alarm.raised", "alarm.cleared",
    "voicemail.left",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind.__value__)

type About = frozenset[str]
"""The targets that an event concerns, as text: `queue:sales`, `group:support`, `agent:alice`."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver. `whom`: the targets of which it gets events; none: all. `clear`: its secret stands in the file."""

    id: str
    url: str
    secret: str = field(default="", repr=False)
    events: tuple[Kind, ...] = KINDS
    whom: tuple[str, ...] = ()
    clear: bool = False

    @property
    def address(self) -> str:
        """Where it is, without what may be a secret in it: what stands behind the `?`."""
        return self.url.partition("?")[0]

    def concerned(self, about: About) -> bool:
        """Whether it gets events of these."""
        return not self.whom or not about.isdisjoint(self.whom)

    def follows(self, prefix: str) -> bool:
        """Whether it gets any event whose name begins so."""
        return any(kind.startswith(prefix) for kind in self.events)
