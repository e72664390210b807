"""What the administrator's file says of ways out of a queue: keys, and how customers are called back."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ari_app.config.entry import Entry
from ari_app.config.values import target_of
from ari_app.routing.targets import Target
from ari_app.routing.ways_out import CallBackRules, WayOut

DEFAULTS = CallBackRules()
_KEYS = frozenset("0123456789*#")
_WORDS = ("callback", "hang_up")


def _way(value: object) -> object:
    return value if value in _WORDS else target_of(value)


def _single(keys: dict[str, WayOut]) -> dict[str, WayOut]:
    for key in keys:
        if key not in _KEYS:
            raise ValueError(f"{key!r} is not one of the keys 0-9, * and #")
    return keys


_WAY = {"title": "target", "type": "string", "description": "a target, `callback` or `hang_up`"}
type Way = Annotated[Target | Literal["callback", "hang_up"], BeforeValidator(_way), WithJsonSchema(_WAY)]
# No `type` alias: a schema would have a definition of it, for one place.
Keys = Annotated[dict[str, Way], AfterValidator(_single)]


class CallBackEntry(Entry):
    """How customers are called back who have left a queue for that. An agent is found first, then they are rung."""

    tries: int = Field(DEFAULTS.tries, ge=1, le=100)
    """How often they are rung."""
    retry_after: Annotated[float, Field(ge=1, le=86_400)] = DEFAULTS.retry_after
    """After how many seconds again."""
    expires_after: Annotated[float, Field(ge=60, le=604_800)] = DEFAULTS.expires_after
    """After how many seconds they are called back no more."""
    again: Literal["replace", "cancel", "keep"] = DEFAULTS.again
    """When they call in again before: `replace`: they have their old place, and are not called back. `cancel`: they are
    not called back. `keep`: they are, all the same."""
    most: int = Field(DEFAULTS.most, ge=1, le=10_000)
    """How many of this queue are to be called back at once; of more, callers hear `callback_refused` and wait on."""

    def rules(self) -> CallBackRules:
        """As they are applied."""
        return CallBackRules(**self.model_dump())
