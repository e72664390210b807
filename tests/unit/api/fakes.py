"""The API's ports in memory, and a client that checks every answer against the OpenAPI document."""

import asyncio
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from jsonschema_rs import validator_for

from ari_app.api.connections import Connections
from ari_app.api.events import EventHub
from ari_app.api.limits import Rates
from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.problems import problem_response
from ari_app.api.server import ApiServer
from ari_app.api.webhooks_api import Receivers
from ari_app.audit.chain import Entry
from ari_app.availability.port import CHOICES
from ari_app.calls.commands import Command
from ari_app.calls.hearing import Ear
from ari_app.calls.model import Call, CallType, Identity, Party, PartyRole, Progress
from ari_app.calls.story import StoryEntry
from ari_app.config.credentials import ApiKey, Credential
from ari_app.config.errors import ConfigError
from ari_app.config.file import load
from ari_app.engine import storyfile
from ari_app.errors import AsteriskUnavailable, CallControlError, Code, LeadsNoMore, Refused, StoreUnavailable
from ari_app.openings import Openings
from ari_app.routing.directory import Directory
from ari_app.routing.given import Gifts, Given, still_given, with_given
from ari_app.routing.phones import PhoneAccount
from ari_app.routing.targets import Target, TargetType
from ari_app.routing.webhooks import Webhook
from ari_app.store.port import KeptConfiguration
from ari_app.testing.history import MemoryHistory
from tests.unit.api.kept import FakeFiles, FlakyStore

DEMO = load(Path(__file__).parents[3] / "asterisk" / "callcentre.yaml")
HOST = "127.0.79.1"
NOW = 1_800_000_000.0
DOCUMENT: dict[str, Any] = {}  # the same for every server: fetched once


def party(party_id: str, agent: str | None = None, progress: Progress = Progress.JOINED, **more: Any) -> Party:
    """A party; a contact unless it is an agent."""
    role = PartyRole.AGENT if agent else PartyRole.CONTACT
    return Party(id=party_id, role=role, identity=Identity(agent or "Contact", "+33612345678"), agent=agent,
                 leg=f"leg-{party_id}", progress=progress, **more)  # fmt: skip


def call(call_id: str, *parties: Party, **more: Any) -> Call:
    """An inbound call with these parties."""
    ordered = {p.id: replace(p, order=n) for n, p in enumerate(parties)}
    return Call(id=call_id, type=CallType.INBOUND, bridge=f"b-{call_id}", started_at=NOW, parties=ordered, **more)


class FakeControl:
    """Calls that a test puts there. `outcome` decides what a command comes to: by default the call as it is."""

    def __init__(self) -> None:
        self.up: dict[str, Call] = {}
        self.commands: list[Command] = []
        self.ears: dict[str, tuple[Ear, ...]] = {}
        self.outcome: Callable[[Command], Call | None] = self._as_it_is
        self.gate: asyncio.Event | None = None
        self.requested = asyncio.Event()
        self.lost = asyncio.Event()
        self.taken_over = asyncio.Event()
        self.taken_over.set()
        self.now_directory: Directory = DEMO.directory
        self.credentials: Mapping[str, Credential] = DEMO.credentials
        self.keys: dict[str, ApiKey] = {}
        self.receivers: dict[str, Webhook] = {}
        self.accounts: dict[str, PhoneAccount] = {}
        self.of_file: Directory | None = None
        self.gifts: dict[str, Given] = {}
        self.found: list[ConfigError] = []
        self.stories: dict[str, list[StoryEntry]] = {}
        self.parts = {"asterisk": True, "store": True}
        self.joinable: dict[str, list[str]] = {}
        self.now_drained: set[str] = set()
        self.now_degraded: list[tuple[str, str]] = []

    def _as_it_is(self, command: Command) -> Call | None:
        return self.up.get(getattr(command, "call", ""), call("new", party("p1", command.by)))

    async def submit(self, command: Command) -> Call | None:
        self.commands.append(command)
        self.requested.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.outcome(command)

    def calls(self) -> Mapping[str, Call]:
        return self.up

    def could_join(self, call: Call, agent: str) -> Sequence[str]:
        return self.joinable.get(call.id, ())

    def beside(self, call: Call, agent: str) -> Sequence[str]:
        return [other for other in self.joinable if other != call.id]

    def hearing(self, call: Call) -> tuple[Ear, ...]:
        return self.ears.get(call.id, ())

    def engaged(self, agent: str) -> Collection[str]:
        return {c.id for c in self.up.values() if c.party_of(agent) is not None or agent in c.monitors}

    async def story(self, call_id: str) -> Sequence[StoryEntry] | None:
        return self.stories.get(call_id)

    async def story_file(self, call_id: str) -> str | None:
        return storyfile.write(call_id, self.stories[call_id]) if call_id in self.stories else None

    def directory(self) -> Directory:
        return self.now_directory

    def credential(self, agent: str) -> Credential | None:
        return self.credentials.get(agent)

    def listed(self) -> Directory:
        return self.of_file or self.now_directory

    def given(self) -> Gifts:
        return self.gifts

    async def give(self, agent: str, gift: Given) -> None:
        self.of_file = self.listed()
        self.gifts = still_given(self.of_file, {**self.gifts, agent: gift})
        self.now_directory = with_given(self.of_file, self.gifts)

    def phones(self) -> Mapping[str, PhoneAccount]:
        return self.accounts

    def api_keys(self) -> Mapping[str, ApiKey]:
        return self.keys

    def webhooks(self) -> Mapping[str, Webhook]:
        return self.receivers

    async def reload(self) -> Sequence[ConfigError]:
        return self.found

    def faults(self) -> Sequence[ConfigError]:
        return self.found

    def ready(self) -> Mapping[str, bool]:
        return self.parts

    def drained(self) -> Collection[str]:
        return self.now_drained

    def degraded(self) -> Sequence[tuple[str, str]]:
        return self.now_degraded

    async def asterisk_lost(self, call: str | None = None) -> None:
        await self.lost.wait()

    async def led(self, call: str | None = None) -> None:
        await self.taken_over.wait()

    def reached(self, call: str | None = None) -> bool:
        return self.parts["asterisk"]

    async def store_trouble(self) -> str:
        return "the store is away"

    def configured(self) -> tuple[float, bool]:
        return NOW, bool(self.found)


@dataclass
class FakeRecord:
    """An agent's state."""

    agent: str
    state: str = "logged_out"
    reason: str | None = None
    since: float = NOW
    reachable: bool = True
    in_use: bool = False
    wrap_up_until: float | None = None
    choice: str = ""
    call: str | None = None
    choice_reason: str | None = None

    def __post_init__(self) -> None:
        self.choice = self.choice or (self.state if self.state in CHOICES else "ready")

    @property
    def available(self) -> bool:
        return self.state == "ready" and self.reachable


class FakeAgents:
    """States in a dict; counts follow from them."""

    def __init__(self) -> None:
        self.records = {agent: FakeRecord(agent) for agent in DEMO.directory.agents}
        self.away = False
        self.devices: dict[str, str] = {}
        self.room: set[str] = set()
        self.opened: Callable[[Target], bool] = lambda target: True

    def record(self, agent: str) -> FakeRecord | None:
        return self.records.get(agent)

    def available(self, target: Target) -> int:
        return sum(self.records[agent].available for agent in DEMO.directory.members(target))

    def is_open(self, target: Target) -> bool:
        return self.opened(target)

    def may_ring(self, agent: str) -> bool:
        return self.records[agent].available or agent in self.room

    def device(self, agent: str) -> str:
        return self.devices.get(agent, "desk")

    async def set_state(self, agent: str, state: str, reason: str | None = None) -> FakeRecord:
        if self.away:
            raise StoreUnavailable
        self.records[agent] = FakeRecord(agent, state, reason, choice=state, choice_reason=reason)
        return self.records[agent]

    async def extend(self, agent: str, seconds: float, most: float) -> FakeRecord:
        record = self.records[agent]
        if record.wrap_up_until is None:
            raise Refused(Code.NOT_ALLOWED_NOW, "there is no wrap-up")
        record.wrap_up_until = min(record.wrap_up_until + seconds, NOW + most)
        return record


class FakePhones:
    """Phones that a test plugs in; sockets lead to a little Asterisk that keeps what it is sent and repeats it."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.there: dict[tuple[str, str], bool] = {}
        self.busy: set[tuple[str, str]] = set()
        self.passwords: dict[str, str] = {}
        self.reported: list[str] = []
        self.gone: list[str] = []
        self.lines: list[web.WebSocketResponse] = []
        self.away = False
        self._runner: web.ServerRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._port = 0

    def account(self, phone: str) -> str:
        return f"{phone}-page"

    def device(self, phone: str) -> str:
        return next(
            (d for a, d in self.world.agents.devices.items() if DEMO.directory.agents[a].phone == phone), "desk"
        )

    def can_ring(self, phone: str, device: str) -> bool | None:
        return self.there.get((phone, device))

    def in_use(self, phone: str, device: str) -> bool:
        return (phone, device) in self.busy

    async def choose(self, phone: str, device: str) -> None:
        agent = DEMO.directory.agent_of_phone(phone)
        assert agent is not None
        self.world.agents.devices[agent.id] = device

    async def connect(self, phone: str, password: str) -> aiohttp.ClientWebSocketResponse:
        if self.away:
            raise AsteriskUnavailable
        self.passwords[phone] = password
        if self._session is None:
            self._runner = web.ServerRunner(web.Server(self._asterisk), handle_signals=False)
            await self._runner.setup()
            await web.TCPSite(self._runner, HOST, 0).start()
            self._port = int(self._runner.addresses[0][1])
            self._session = aiohttp.ClientSession()
        return await self._session.ws_connect(f"http://{HOST}:{self._port}/ws", protocols=("sip",))

    async def _asterisk(self, request: web.BaseRequest) -> web.StreamResponse:
        line = web.WebSocketResponse(protocols=("sip",))
        await line.prepare(request)
        self.lines.append(line)
        async for message in line:
            self.reported.append(message.data)
            await line.send_str(f"SIP/2.0 200 {message.data}")
        return line

    def closed(self, phone: str) -> None:
        self.gone.append(phone)

    async def forget(self, phone: str) -> None:
        if self.away:
            raise AsteriskUnavailable
        self.passwords.pop(phone, None)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        problem = self.json
        assert problem["status"] == self.status
        assert {"type", "title", "detail", "code"} <= problem.keys()
        return str(problem["code"])


@dataclass
class World:
    """A running API over them. `now` is its clock."""

    control: FakeControl = field(default_factory=FakeControl)
    agents: FakeAgents = field(default_factory=FakeAgents)
    now: float = NOW
    queue: int = 1024
    recent: int = 512
    burst: float = 1_000.0
    connections: Connections | None = None
    port: int = 0
    client_secret: str = ""
    receivers: Receivers | None = None
    shared: FlakyStore | None = None
    recorded: list[Entry] = field(default_factory=list)
    leads: bool = True
    passed_on: list[CallControlError] = field(default_factory=list)
    """What would have been answered where another controller is to answer."""

    async def start(self) -> "World":
        self.store = self.shared or FlakyStore(self.clock)
        await self.store.keep_configuration(KeptConfiguration(b"", NOW))
        self.history = MemoryHistory(self.store)
        self.metrics = Metrics()
        self.phones = FakePhones(self)
        self.files = FakeFiles()
        self.hub = EventHub(
            self.control, self.agents, self.metrics, queue=self.queue, recent=self.recent, clock=self.clock
        )
        self.openings = Openings(self.store, self.control.directory, self.clock)
        self.openings.tell()
        self.agents.opened = self.openings.is_open
        self.server = ApiServer(
            self.control,
            self.agents,
            self.store,
            self.hub,
            self.metrics,
            self.phones,
            self.files,
            self.recorded.append,
            self.openings,
            self.history,
            clock=self.clock,
            rates=Rates(self.clock, burst=self.burst),
            leads=lambda: self.leads,
            client_secret=self.client_secret,
            receivers=self.receivers,
        )
        self.openings.changes.append(lambda target, opened: self.hub.opening_changed(target))
        self.openings.choices.append(lambda before, now: self.server.board.openings_changed())
        self.listener = Listener(self._handle, self.connections)
        self.port = await self.listener.start(HOST, 0)
        self.http = aiohttp.ClientSession(f"http://{HOST}:{self.port}")
        if not DOCUMENT:
            DOCUMENT.update((await self.ask("GET", "/v1/openapi.json", check=False)).json)
        return self

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self.server.handle(request)
        except LeadsNoMore as error:
            self.passed_on.append(error.otherwise)
            return problem_response(error)

    async def stop(self) -> None:
        await self.http.close()
        await self.close()
        await self.phones.stop()

    async def close(self) -> None:
        """As at the end of the process."""
        self.server.close_windows()
        await self.listener.stop()
        await self.server.close()

    def clock(self) -> float:
        return self.now

    async def token(self, agent: str) -> str:
        body = {"agent": agent, "password": f"{agent}-demo"}
        answer = await self.ask("POST", "/v1/login", json=body)
        assert answer.status == 200, answer.text
        return str(answer.json["token"])

    async def pass_time(self, seconds: float, token: str) -> None:
        """So much time goes by, in which the token is used now and then."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 3600)
            await self.ask("GET", "/v1/me", token=token)

    async def ask(self, method: str, path: str, *, token: str | None = None, check: bool = True, **more: Any) -> Answer:
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.http.request(method, path, headers=headers, **more) as response:
            answer = Answer(response.status, response.headers.copy(), await response.text())
        if check:
            self.check(method, path, answer)
        return answer

    def check(self, method: str, path: str, answer: Answer) -> None:
        """The answer is one that the OpenAPI document tells of: status, content type and shape."""
        for template, operations in DOCUMENT["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path.split("?", maxsplit=1)[0]) and method.lower() in operations:
                described = operations[method.lower()]["responses"][str(answer.status)]
                if "content" in described:
                    content_type = answer.headers["Content-Type"].split(";")[0]
                    self._check_shape(described["content"][content_type]["schema"], answer)
                return

    def _check_shape(self, schema: Any, answer: Answer) -> None:
        if "json" in answer.headers["Content-Type"]:
            validator_for({**schema, "components": DOCUMENT["components"]}).validate(answer.json)


def group(name: str) -> Target:
    """`group:<name>`."""
    return Target(TargetType.GROUP, name)
