"""Bodies about targets: what to search for, and what was found."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.agents import State
from ari_app.api.models.common import Answer, Flag, Request, Timestamp
from ari_app.routing.targets import TargetType

# Not `type` aliases: a query parameter in the OpenAPI document is described in its place.
TargetTypes = Annotated[
    str, Field(pattern=rf"^({'|'.join(TargetType)})(,({'|'.join(TargetType)}))*$", description="Types, with commas")
]


class TargetQuery(Request):
    """What to search for. With `recent` or `favourite` only among these, in their order."""

    q: Annotated[str, Field(max_length=100, description="Begin of a name, of a word in it, or of a number")] = ""
    type: TargetTypes = ",".join(TargetType)
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 20
    recent: Annotated[Flag, Field(description="Only the last 20 that I reached, newest first")] = False
    favourite: Annotated[Flag, Field(description="Only those that I marked, in the order in which I did")] = False


type TargetAction = Literal["call", "single_step_transfer", "single_step_conference", "initiate_transfer"]


class TargetDocument(Answer):
    """Somebody or something that can be reached. `actions` is what this agent may do towards it now."""

    target: str
    type: TargetType
    name: str
    state: State | Literal["closed"] | None = Field(
        description="The agent's state; `closed` for a queue, group or routing point that is; null for all others"
    )
    available: int | None = Field(description="Free agents; null where not configured or not a set of agents")
    as_of: Timestamp | None
    actions: list[TargetAction]


class Targets(Answer):
    """What was found, best first."""

    targets: list[TargetDocument]
