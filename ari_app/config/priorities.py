"""The administrator's file: callers who go before others, or after them."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from ari_app.config.entry import Entry
from ari_app.config.values import Pattern
from ari_app.routing.priorities import PriorityList


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Caller = Annotated[
    str,
    BeforeValidator(_text),
    Field(pattern=r"^\+?[0-9]{1,32}$"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\+?[0-9]{1,32}$"}),
]


class PriorityEntry(Entry):
    """Callers who go before others in queues and groups, or after them, by the number that the carrier gives. Of
    several lists that have a number the first counts. A priority out of the dialplan, other than 0, goes before all."""

    priority: Annotated[int, Field(ge=-999, le=999)]
    """More is sooner. Who is on no list has 0; who has less than that waits behind all of them."""
    numbers: list[_Caller] = Field([], max_length=100_000)
    """Numbers, written as the carrier gives them: `+33612345678`."""
    patterns: list[Pattern] = Field([], max_length=100)
    """Regular expressions that the whole number must match: `\\+3361.*`, without back references and look-behind."""
    queues: list[str] = []
    """The queues that it is for; all, and groups and skills too, unless given."""

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.numbers and not self.patterns:
            raise ValueError("give numbers or patterns: nobody is on this list")
        return self

    def listed(self, name: str) -> PriorityList:
        """As it is applied."""
        return PriorityList(name, self.priority, frozenset(self.numbers), tuple(self.patterns), frozenset(self.queues))
