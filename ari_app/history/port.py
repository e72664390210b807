"""What the API needs of the history, and the values that travel. Knows no database."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ari_app.records.model import AgentStateRecord, CallRecord, DispositionRecord, Fact


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls; times in seconds since the epoch. `of`: who was in it or was rung. `number`: a part of it.

    `outcome` is one of those of a call or, with `of`, `missed`: they were rung and were not in it.
    """

    of: str | None = None
    number: str | None = None
    queue: str | None = None
    begin: float | None = None
    end: float | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A call, and what agents noted of it, in the order in which they did."""

    call: CallRecord
    dispositions: tuple[DispositionRecord, ...] = ()


type Written = Callable[[Sequence[Fact]], None]


class Counted(Protocol):
    """What reports are made of. May raise HistoryUnavailable."""

    def between(
        self, begin: float, end: float, agent: str | None = None
    ) -> AsyncIterator[list[tuple[CallRecord, list[AgentStateRecord]]]]:
        """All calls (of this agent) that were up at any time from `begin` to before `end`, each once, with the wrap-ups
        after them."""

    def states(self, begin: float, end: float, agent: str | None = None) -> AsyncIterator[list[AgentStateRecord]]:
        """All states that agents were in at any time from `begin` to before `end`, each once."""


class CallHistory(Counted, Protocol):
    """Calls that are over, and states that agents were in. What is read may raise HistoryUnavailable."""

    def listen(self, written: Written) -> None:
        """From now on call it with what can be read; some of it twice, perhaps. It may neither block nor raise."""

    async def forget(self, before: float) -> None:
        """Forget what ended before that time. Raises: HistoryUnavailable."""

    async def settle(self) -> bool:
        """Wait until what has been over until now can be read, for a moment only; whether it can."""

    async def calls(self, wanted: Wanted, after: str | None, limit: int) -> list[Noted]:
        """As many as `limit`, the last first, after the call `after`; none where that one is not there."""
