"""Whoever is about to be rung for a call of their own is rung for no other, though each Asterisk knows its calls alone.

Redis decides between them, as it does between callers. Within one Asterisk the machine does.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from ari_app.availability.port import Availability
from ari_app.calls.commands import Command, MakeCall, MonitorCall
from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.routing.directory import Directory, OutsideNumber

_KEPT_SECONDS = 10.0
"""For as long as Redis may take to hear that they are on the call."""

type Begun = Callable[[Command], AbstractAsyncContextManager[object]]
"""What is around a command that is carried out."""


class OwnCalls:
    """Those of agents' at this Asterisk, beside others. See `begun`. `knows`: whether a repeat rings nobody anew."""

    def __init__(
        self, availability: Availability, directory: Callable[[], Directory], knows: Callable[[Command], bool]
    ) -> None:
        self._availability = availability
        self._directory = directory
        self._knows = knows

    @asynccontextmanager
    async def begun(self, command: Command) -> AsyncIterator[None]:
        """In the block it is carried out: one for which its agent's own phone is rung keeps others from ringing that.

        Without Redis nobody is kept. The repeat of what was begun rings nobody anew; an emergency goes before all.

        Raises:
            Refused: another Asterisk rings them, or is about to.
        """
        if not isinstance(command, MakeCall | MonitorCall) or (command.again and self._knows(command)):
            yield
            return
        request = f"own-{command.id}"
        with suppress(StoreUnavailable):
            free = await self._availability.claim(request, command.by, _KEPT_SECONDS)
            if not free and not (isinstance(command, MakeCall) and self._is_emergency(command)):
                raise Refused(Code.NOT_ALLOWED_NOW, "your phone is ringing, or about to; answer or decline first")
        try:
            yield
        except Refused:
            with suppress(StoreUnavailable):  # it runs out
                await self._availability.claim(request, command.by, 0)
            raise

    def _is_emergency(self, command: MakeCall) -> bool:
        directory = self._directory()
        entry = directory.entry(directory.resolve(command.target), command.by)
        return isinstance(entry, OutsideNumber) and entry.emergency
