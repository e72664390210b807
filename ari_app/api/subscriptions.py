"""What a client may send over its window: which targets it shows, so that it is notified of these and no others.

    {"type":"subscribe","targets":["agent:bob","group:support"]}        these
    {"type":"subscribe","q":"sup","types":["group"],"limit":20}         what `GET /v1/targets` finds with this
    {"type":"unsubscribe"}                                              as without a subscription: all

Each is answered with the event `subscribed {"targets":[…]}`: the targets as they are now, as `GET /v1/targets` shows
them (null: all). It replaces what was subscribed before. A list with an unknown target, and whatever is not one of
these messages, is answered with the event `error {"operation":"subscribe","problem":…}`; nothing else changes. The same
may be said when the window is opened: `?targets=agent:bob,group:support`, or `?q=sup&types=group&limit=20`.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from ari_app.api.finder import Finder
from ari_app.api.models.common import Request, TargetText
from ari_app.api.models.sockets import EventsQuery
from ari_app.api.problems import fields_of
from ari_app.api.streams import Selection, Subscription
from ari_app.errors import Code, FieldError, Refused
from ari_app.routing.directory import Directory
from ari_app.routing.targets import TargetType

# Targets that one window may show.
MOST = 500


class Subscribe(Request):
    """Tell me of these targets, or of those that this search finds."""

    type: Literal["subscribe"]
    targets: Annotated[list[TargetText], Field(max_length=MOST)] | None = None
    q: Annotated[str, Field(max_length=100)] | None = None
    types: Annotated[tuple[TargetType, ...], Field(min_length=1)] = tuple(TargetType)
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    @model_validator(mode="after")
    def _one_of_both(self) -> "Subscribe":
        if (self.targets is None) == (self.q is None):
            raise ValueError("either targets or q must be given")
        return self


class Unsubscribe(Request):
    """Tell me of all targets."""

    type: Literal["unsubscribe"]


type Message = Annotated[Subscribe | Unsubscribe, Field(discriminator="type")]
_MESSAGE: TypeAdapter[Subscribe | Unsubscribe] = TypeAdapter(Message)


def read_message(text: str) -> Selection | None:
    """What a client asks for; None: all targets.

    Raises:
        Refused: `invalid`, with the fields.
    """
    try:
        message = _MESSAGE.validate_json(text)
    except ValidationError as error:
        raise Refused(Code.INVALID, "the message is not valid", fields_of(error)) from None
    match message:
        case Unsubscribe():
            return None
        case Subscribe():
            named = tuple(message.targets) if message.targets is not None else None
            return Selection(named, message.q or "", message.types, message.limit)


def selection_of(query: EventsQuery) -> Selection | None:
    """What the query of a new window asks for, if it does.

    Raises:
        Refused: `invalid`.
    """
    if query.targets is not None:
        if query.q is not None:
            problem = FieldError("q", "goes with no list of targets")
            raise Refused(Code.INVALID, "the query is not valid", (problem,))
        return Selection(tuple(text for text in query.targets.split(",") if text), "", tuple(TargetType))
    if query.q is None:
        return None
    types = tuple(TargetType) if query.types is None else tuple(query.types.split(","))
    return Selection(None, query.q, types, query.limit)


async def subscription(finder: Finder, directory: Directory, viewer: str, selection: Selection) -> Subscription:
    """What was selected, in the directory as it is now.

    Raises:
        Refused: `unknown_target`.
    """
    if selection.targets is None:
        directory, found = await finder.search(viewer, selection.q, selection.types, selection.limit)
    else:
        found = list(dict.fromkeys(finder.named(viewer, text) for text in selection.targets))
    return Subscription(selection, tuple(found), directory)


async def renewed(finder: Finder, directory: Directory, viewer: str, selection: Selection) -> Subscription:
    """The same for a new directory: what is no longer there is left out."""
    if selection.targets is None:
        return await subscription(finder, directory, viewer, selection)
    return Subscription(selection, tuple(finder.still(viewer, selection.targets)), directory)
