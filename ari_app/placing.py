"""At which Asterisk a new call is made, where there are several; and where the repeat of such a request finds it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from ari_app.api.idempotency import interrupted
from ari_app.calls.commands import MakeCall
from ari_app.calls.model import Call, CallId
from ari_app.calls.state import State
from ari_app.engine.engine import Engine
from ari_app.errors import AsteriskUnavailable, StoreUnavailable
from ari_app.store.port import IdempotencyKeys

REPEATED_WITHIN = 3600.0
"""Seconds for which it is known where a call was to be made."""


class Place(Protocol):
    """An Asterisk that is led elsewhere."""

    @property
    def asterisk(self) -> str:
        """The name of that Asterisk."""

    @property
    def state(self) -> State: ...
    @property
    def lost(self) -> asyncio.Event: ...
    @property
    def reached(self) -> bool: ...


class Placing[Other: Place]:
    """`stays(agent)`: calls of this agent can be made here alone. `here` is the name of the Asterisk that is led here,
    `drained` those that take no new calls.
    """

    def __init__(
        self,
        engine: Engine,
        others: Sequence[Other],
        store: IdempotencyKeys,
        stays: Callable[[str], bool],
        here: str,
        drained: Callable[[], Collection[str]],
    ) -> None:
        self._engine = engine
        self._others = others
        self._store = store
        self._stays = stays
        self._here = here
        self._drained = drained

    async def place(self, command: MakeCall, calls: Mapping[CallId, Call]) -> Other | None:
        """Where it is made, or was when it was requested before; None: here.

        Raises:
            AsteriskUnavailable: none takes new calls.
            Refused: nobody knows where it was requested before.
        """
        if command.again:
            return await self._made(command.id, calls) if self._others else None
        chosen = self._for_call_of(command.by)
        if self._others:
            name = chosen.asterisk if chosen is not None else self._here
            with suppress(StoreUnavailable):  # a repeat is then refused, unless its call is up
                await self._store.send_to(command.id, name, REPEATED_WITHIN)
        return chosen

    async def _made(self, command: str, calls: Mapping[CallId, Call]) -> Other | None:
        for call in calls.values():
            if any(done.command == command for done in call.carried_out):
                return next((x for x in self._others if call.id in x.state.calls), None)
        sent: str | None = None
        with suppress(StoreUnavailable):
            sent = await self._store.sent_to(command)
        if sent is None:
            raise interrupted()
        return next((x for x in self._others if x.asterisk == sent), None)

    def _for_call_of(self, agent: str) -> Other | None:
        """Beside their other calls, else where there are the fewest. Not at an Asterisk that is away, whoever's calls
        it has.
        """
        here = not self._engine.lost.is_set()
        if (here or not self._others) and self._engine.switch.state.calls_of_agent.get(agent):
            return None
        others = () if self._stays(agent) else [other for other in self._others if other.reached]
        for other in others:
            if other.state.calls_of_agent.get(agent):
                return other
        drained = self._drained()
        taking = [other for other in others if other.asterisk not in drained]
        if self._here in drained and not taking:
            raise AsteriskUnavailable("no Asterisk takes new calls: they are being drained")
        fewest = len(self._engine.calls) if here and self._here not in drained else None
        chosen: Other | None = None
        for other in taking:
            if fewest is None or len(other.state.calls) < fewest:
                chosen, fewest = other, len(other.state.calls)
        return chosen
