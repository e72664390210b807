"""An Asterisk that is not the first, as long as this controller leads it: its calls, which the call centre follows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from ari_app.api.metrics import Metrics
from ari_app.availability.port import Change, Resync
from ari_app.calls.commands import Command
from ari_app.calls.model import Call, CallId, Leg, LegId
from ari_app.config.settings import AsteriskPlace, ProcessSettings
from ari_app.engine import storyfile
from ari_app.leader import Leader, once_stored
from ari_app.leading.leading import Leading
from ari_app.routing.directory import Directory
from ari_app.routing.phones import PhoneAccounts
from ari_app.sharing.telling import Teller
from ari_app.store.leases import Fence

CLOSE_WITHIN = 2.0


class Branch:
    """`Led`. Make it inside the running loop. `read_file` reads the administrator's, which `directory` then is."""

    def __init__(
        self,
        settings: ProcessSettings,
        place: AsteriskPlace,
        directory: Callable[[], Directory],
        phones: Callable[[], PhoneAccounts],
        read_file: Callable[[], Awaitable[None]],
        metrics: Metrics,
        leading: Leading,
        fence: Fence,
    ) -> None:
        self._leading, self._fence = leading, fence
        self._directory = directory
        self._read_file = read_file
        self._teller = Teller(self)
        self._leader = Leader(
            settings, place, directory, phones, metrics, leading, fence, self._teller, self._write_calls
        )

    async def sure(self) -> bool:
        """Whether it leads yet. See `Leading.sure`."""
        return await self._leading.sure(self._fence)

    @property
    def fault(self) -> asyncio.Future[None]:
        """Ends by what kept it from beginning: a fault of ours."""
        return self._leader.tasks.fault

    def start(self) -> None:
        """Take over what there is."""
        self._leader.mirror.listen(self._agents_changed)
        self._leader.listen()
        self._leader.tasks.must(self._begin())

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """The call centre's connection. Raises: Unavailable."""
        return await self._teller.serve(request)

    async def _begin(self) -> None:
        await once_stored(self._leader.restore)
        self._leader.begin()
        self._teller.begun()

    async def stop(self) -> None:
        """End. Calls in Asterisk go on; the next leader takes them over."""
        await self._teller.close(CLOSE_WITHIN)
        await self._leader.stop()

    def _agents_changed(self, change: Change) -> None:
        """The agents were read anew: who leads the first Asterisk may have written them to an emptied Redis."""
        if isinstance(change, Resync) and self._leader.engine.switch.state.linked:
            self._leader.write_calls()
            self._leader.report_agents()

    async def _write_calls(self) -> None:
        self._leader.write_calls()

    # -- what the call centre gets of it (`Led`) ----------------------------------------------------------------------

    def calls(self) -> Mapping[CallId, Call]:
        return {call.id: call for call in self._leader.engine.calls.values() if call.tie is None}

    def legs(self) -> Mapping[LegId, Leg]:
        return self._leader.engine.switch.legs

    def reached(self) -> bool:
        return self._leader.reached

    def refuses(self) -> tuple[str, ...]:
        return self._leader.door.refuses

    async def submit(self, command: Command) -> Call | None:
        return await self._leader.submit(command)

    def story_file(self, call: CallId) -> str | None:
        story = self._leader.engine.switch.stories.of(call)
        return None if story is None else storyfile.write(call, story)

    def choose(self, devices: Mapping[str, str]) -> None:
        known = self._leader.devices
        for user in known.chosen().keys() | devices.keys():
            known.choose(user, devices.get(user, "desk"))

    def count_messages(self, counts: Mapping[str, int]) -> None:
        self._leader.room.kept(counts)

    async def read_anew(self) -> None:
        await self._read_file()
        self._leader.directory_replaced(self._directory())
