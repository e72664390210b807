"""How a WebSocket is opened."""

from typing import Annotated

from pydantic import Field

from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.api.models.targets import TargetTypes


class SocketQuery(Request):
    """Who opens a WebSocket, where no header can be sent."""

    ticket: Annotated[str, Field(max_length=200, description="Of `POST /v1/events/ticket`")] | None = None


class EventsQuery(SocketQuery):
    """How to open the events. With `targets` or `q`, `target.updated` comes for these targets only."""

    token: Annotated[str, Field(max_length=200, description="The token, where no header can be sent")] | None = None
    since: Annotated[int, Field(ge=0, le=2**53 - 1, strict=False, description="The last `seq` received")] | None = None
    targets: Annotated[str, Field(max_length=2000, description="Targets that I show, with commas")] | None = None
    q: Annotated[str, Field(max_length=100, description="I show what this finds (`GET /v1/targets`)")] | None = None
    types: TargetTypes | None = None
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 20


class Ticket(Answer):
    """Opens one WebSocket, once: `?ticket=…`."""

    ticket: str
    expires_at: Timestamp
