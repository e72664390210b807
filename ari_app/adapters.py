"""How the API's ports (`api/port.py`) are served by the other rooms. Nothing is decided here."""

import asyncio
from collections import ChainMap
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from aiohttp import ClientWebSocketResponse

from ari_app import tracing
from ari_app.api.port import AgentState, StoryEntry
from ari_app.ari.devices import Devices, page_of
from ari_app.ari.page_phones import PagePhones, PagePhonesAtEdge
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import Availability
from ari_app.calls.actions import may_be_joined, may_leave
from ari_app.calls.commands import Command, MakeCall, Merge, ResumeRecording, StartRecording
from ari_app.calls.hearing import Ear, hearing
from ari_app.calls.model import Call, CallId
from ari_app.config.credentials import ApiKey, Credential
from ari_app.config.errors import ConfigError
from ari_app.configured import Configured
from ari_app.disk import check_room
from ari_app.engine import storyfile
from ari_app.engine.engine import Engine
from ari_app.engine.owncalls import Begun
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.placing import Place, Placing
from ari_app.routing.directory import Directory, Purpose
from ari_app.routing.given import Gifts, Given
from ari_app.routing.permissions import caller_ids_for
from ari_app.routing.phones import PhoneAccounts
from ari_app.routing.targets import Target, TargetType
from ari_app.routing.webhooks import Webhook
from ari_app.sharing import tying
from ari_app.sharing.passing import TAKEN_OVER_WITHIN
from ari_app.store.port import Store


class Elsewhere(Place, Protocol):
    """Calls of an Asterisk that is led elsewhere (`sharing.remote`)."""

    @property
    def ids(self) -> str:
        """What the ids of its calls begin with."""

    @property
    def ties(self) -> bool: ...
    async def submit(self, command: Command) -> Call | None: ...
    async def story_file(self, call: CallId) -> str | None: ...
    async def led(self) -> None: ...


async def kept(engine: Engine, snapshots: Snapshots) -> None:
    """Wait until all that was decided so far would be found by another controller, as long as Redis keeps anything."""
    engine.tell()
    await snapshots.written()


async def carry_out(
    engine: Engine, snapshots: Snapshots, recordings: Path | None, command: Command, begun: Begun = nullcontext
) -> Call | None:
    """The call as it then is, None where there is none. `recordings`: where the disk is looked at. See `Control`."""
    if isinstance(command, StartRecording | ResumeRecording):
        await check_room(recordings)
    with tracing.span(type(command).__name__, command.traceparent, command=command.id, by=command.by):
        async with begun(command):
            call = await engine.submit(command)
    await kept(engine, snapshots)  # what is answered outlives this process
    # And is not older than events that went out meanwhile: clients take the last that they get for what is.
    return None if call is None else engine.calls.get(call.id, replace(call, ended=True))


@dataclass(frozen=True, slots=True)
class _Own:
    """`tying.Led`, for the Asterisk that is led here."""

    asterisk: str
    lost: asyncio.Event
    submit: Callable[[Command], Coroutine[Any, Any, Call | None]]


class EngineControl:
    """`Control`: the machine, those of `others`, and the administrator's file.

    `stays(agent)`: calls of this agent can be made here alone. `here` is the name of the Asterisk that is led here,
    `drained` those that take no new calls. `ties`: whether an edge leads from one Asterisk to another.
    """

    def __init__(
        self,
        engine: Engine,
        snapshots: Snapshots,
        configured: Callable[[], Configured],
        reload: Callable[[], Awaitable[Sequence[ConfigError]]],
        ready: Callable[[], Mapping[str, bool]],
        store: Store,
        recordings: Path | None = None,
        others: Sequence[Elsewhere] = (),
        stays: Callable[[str], bool] = lambda agent: False,
        here: str = "",
        drained: Callable[[], Collection[str]] = tuple,
        degraded: Callable[[], Sequence[tuple[str, str]]] = tuple,
        *,
        ties: bool = False,
        begun: Begun = nullcontext,
        give: Callable[[str, Given], Awaitable[None]] | None = None,
    ) -> None:
        self._ties = ties
        self._begun = begun
        self._give = give
        self._taken_over_by = asyncio.get_running_loop().time() + TAKEN_OVER_WITHIN
        self._own = _Own(here, engine.lost, self._here_alone)
        self._others = others
        self._drained = drained
        self._placing = Placing(engine, others, store, stays, here, drained)
        self._degraded = degraded
        self._recordings = recordings
        self._engine = engine
        self._snapshots = snapshots
        self._configured = configured
        self._reload = reload
        self._ready = ready
        self._store = store
        own = engine.switch.calls
        self._calls: Mapping[CallId, Call] = ChainMap(own, *(x.state.calls for x in others)) if others else own

    async def submit(self, command: Command) -> Call | None:
        if traceparent := tracing.current():
            command = replace(command, traceparent=traceparent)
        if isinstance(command, MakeCall):
            if command.caller_id is None:
                command = await self._with_last_choice(command)
            where = await self._placing.place(command, self._calls)
        else:
            where = self._where(command.call)
            if isinstance(command, Merge):
                done = tying.done_before(command, self._calls.get(command.call))
                if done is not None:
                    return done
            if isinstance(command, Merge) and (left := self._elsewhere(command)) is not None:
                return await tying.merge(command, self._led(command.call), self._led(left.id), left)
        if where is not None:
            return await where.submit(command)
        return await self._here_alone(command)

    async def _here_alone(self, command: Command) -> Call | None:
        return await carry_out(self._engine, self._snapshots, self._recordings, command, self._begun)

    def _where(self, call: CallId | None) -> Elsewhere | None:
        """Who has the call, or would have it, by its name; None: it is here."""
        known = (other for other in self._others if call in other.state.calls)
        named = (other for other in self._others if call is not None and call.startswith(other.ids))
        return next(known, None) or next(named, None)

    def _led(self, call: CallId) -> tying.Led:
        where = self._where(call)
        return where if where is not None else self._own

    def _elsewhere(self, command: Merge) -> Call | None:
        """The other call that is to join this one, if that is at another Asterisk.

        Raises:
            Refused: they cannot become one.
        """
        call = self._calls.get(command.call)
        able = self.could_join(call, command.by) if call is not None else ()
        other = command.other
        if other is None:  # the first that can, and of those of the same Asterisk its leader knows
            me = call.party_of(command.by) if call is not None else None
            return self._calls[able[0]] if able and me is not None and not me.merges_with else None
        if self._where(other) is self._where(command.call):
            return None
        if other not in able:
            raise Refused(Code.NOT_ALLOWED_NOW, "these two calls are at different Asterisks and cannot become one now")
        return self._calls[other]

    def could_join(self, call: Call, agent: str) -> Sequence[CallId]:
        if not self._ties or not self._knows_ties(call.id):
            return ()
        if not may_be_joined(call, agent, self.directory()):
            return ()
        theirs = [self._calls[other] for other in self.beside(call, agent)]
        return [other.id for other in theirs if self._knows_ties(other.id) and may_leave(other, agent) is not None]

    def beside(self, call: Call, agent: str) -> Sequence[CallId]:
        where = self._where(call.id)
        theirs = self.engaged(agent) if self._others else ()
        return [other for other in theirs if other in self._calls and self._where(other) is not where]

    def _knows_ties(self, call: CallId) -> bool:
        where = self._where(call)
        return where.ties if where is not None else not self._engine.lost.is_set()

    async def _with_last_choice(self, command: MakeCall) -> MakeCall:
        """Somebody outside sees what the agent chose last, unless they choose anew (S52)."""
        directory = self.directory()
        target = directory.resolve(command.target)
        if target.type is not TargetType.NUMBER or Purpose.CALL not in directory.caller_ids_enabled_for:
            return command
        try:
            chosen = await self._store.caller_id(command.by)
        except StoreUnavailable:
            return command
        listed = {caller_id.id for caller_id in caller_ids_for(directory, command.by)}
        return replace(command, caller_id=chosen) if chosen in listed else command

    def calls(self) -> Mapping[CallId, Call]:
        return self._calls

    def hearing(self, call: Call) -> tuple[Ear, ...]:
        where = self._where(call.id)
        return hearing(call, (where.state if where is not None else self._engine.switch.state).legs.get)

    def engaged(self, agent: str) -> Collection[CallId]:
        here = self._engine.switch.state.calls_of_agent.get(agent, {})
        return (
            here
            if not self._others
            else [*here, *(c for x in self._others for c in x.state.calls_of_agent.get(agent, {}))]
        )

    async def story(self, call_id: CallId) -> Sequence[StoryEntry] | None:
        story = self._engine.switch.stories.of(call_id)
        if story is not None:
            return story
        text = await self._story_elsewhere(call_id)
        return None if text is None else storyfile.read(text)[1]

    async def story_file(self, call_id: CallId) -> str | None:
        story = self._engine.switch.stories.of(call_id)
        return await self._story_elsewhere(call_id) if story is None else storyfile.write(call_id, story)

    async def _story_elsewhere(self, call_id: CallId) -> str | None:
        reported = await asyncio.gather(*(other.story_file(call_id) for other in self._others))
        return next((text for text in reported if text is not None), None)

    def directory(self) -> Directory:
        return self._configured().configuration.directory

    def credential(self, agent: str) -> Credential | None:
        return self._configured().configuration.credentials.get(agent)

    def api_keys(self) -> Mapping[str, ApiKey]:
        return self._configured().configuration.api_keys

    def webhooks(self) -> Mapping[str, Webhook]:
        return self._configured().configuration.webhooks

    def phones(self) -> PhoneAccounts:
        return self._configured().configuration.phones

    def listed(self) -> Directory:
        return self._configured().configuration.listed

    def given(self) -> Gifts:
        return self._configured().given

    async def give(self, agent: str, gift: Given) -> None:
        if self._give is not None:
            await self._give(agent, gift)

    async def reload(self) -> Sequence[ConfigError]:
        return await self._reload()

    async def asterisk_lost(self, call: CallId | None = None) -> None:
        """See `Control`."""
        where = self._where(call)
        await (self._engine if where is None else where).lost.wait()

    async def led(self, call: CallId | None = None) -> None:
        """See `Control`."""
        if (where := self._where(call)) is not None:
            await where.led()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._taken_over_by):
                await self._engine.reconciled.wait()

    def reached(self, call: CallId | None = None) -> bool:
        where = self._where(call)
        return where.reached if where is not None else self._engine.switch.state.linked

    def ready(self) -> Mapping[str, bool]:
        return self._ready()

    def drained(self) -> Collection[str]:
        return self._drained()

    def degraded(self) -> Sequence[tuple[str, str]]:
        return self._degraded()

    async def store_trouble(self) -> str:
        if not self._snapshots.trouble:
            try:
                await self._store.kept_configuration()
            except StoreUnavailable as error:
                return error.detail
        return self._snapshots.trouble or "the store is reached, and is being read"

    def faults(self) -> Sequence[ConfigError]:
        return self._configured().faults

    def configured(self) -> tuple[float, bool]:
        now = self._configured()
        return now.at, bool(now.faults)


class LiveAgents:
    """`Agents`: looked up in the mirror, changed in Redis. `room` says who may have one call more; `device` which
    phone of an agent rings; `is_open` where callers are served."""

    def __init__(
        self,
        mirror: Mirror,
        availability: Availability,
        room: Callable[[str], bool],
        device: Callable[[str], str],
        is_open: Callable[[Target], bool],
    ) -> None:
        self._is_open = is_open
        self._mirror = mirror
        self._availability = availability
        self._room = room
        self._device = device

    def is_open(self, target: Target) -> bool:
        return self._is_open(target)

    def device(self, agent: str) -> str:
        return self._device(agent)

    def record(self, agent: str) -> AgentState | None:
        return self._mirror.record(agent)

    def available(self, target: Target) -> int:
        return self._mirror.available(target)

    def may_ring(self, agent: str) -> bool:
        record = self._mirror.record(agent)
        return record is not None and (record.available or (record.may_wait and self._room(agent)))

    async def set_state(self, agent: str, state: str, reason: str | None = None) -> AgentState:
        return await self._availability.set_state(agent, state, reason)

    async def extend(self, agent: str, seconds: float, most: float) -> AgentState:
        return await self._availability.extend(agent, seconds, most)


class LivePhones:
    """`Phones`: as Asterisk tells of them, and as agents have chosen. `on_choice(phone)` is called for each choice,
    `on_closed(account)` of each socket that is closed.
    """

    def __init__(
        self,
        devices: Devices,
        pages: PagePhones | PagePhonesAtEdge,
        store: Store,
        on_choice: Callable[[str], None],
        on_closed: Callable[[str], None],
    ) -> None:
        self._on_closed = on_closed
        self._devices = devices
        self._pages = pages
        self._store = store
        self._on_choice = on_choice

    def account(self, phone: str) -> str:
        return page_of(phone)

    def device(self, phone: str) -> str:
        return self._devices.device(phone)

    def can_ring(self, phone: str, device: str) -> bool | None:
        return self._devices.can_ring(page_of(phone) if device == "page" else phone)

    def in_use(self, phone: str, device: str) -> bool:
        return self._devices.in_use(page_of(phone) if device == "page" else phone)

    async def choose(self, phone: str, device: str) -> None:
        await self._store.set_device(phone, device)
        self._devices.choose(phone, device)
        self._on_choice(phone)

    async def connect(self, phone: str, password: str) -> ClientWebSocketResponse:
        return await self._pages.connect(phone, password)

    def closed(self, phone: str) -> None:
        self._on_closed(page_of(phone))

    async def forget(self, phone: str) -> None:
        await self._pages.forget(phone)
