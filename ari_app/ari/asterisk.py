"""Asterisk as the controller sees it: effects in, facts out. Puts the room's parts together.

Asterisk --WebSocket--> Link --events--> Translator --facts--> on_fact
execute(effect) --> Executor --in order--> Requests --lanes, HTTP--> Asterisk;  results --> on_fact
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.events import Translator
from ari_app.ari.executor import LIMIT, Executor, never
from ari_app.ari.failures import AriError
from ari_app.ari.figures import Figures, NoFigures
from ari_app.ari.http import HttpClient, Leads, always
from ari_app.ari.in_use import OnEmergency, OnPhoneInUse, PhonesInUse
from ari_app.ari.link import Link, LinkState, Pace
from ari_app.ari.requests import Requests
from ari_app.ari.waits import Wait, at_once
from ari_app.calls.effects import AsteriskEffect, CreateLeg, CreateSnoop
from ari_app.calls.model import LegId
from ari_app.calls.stimuli import (
    AnnouncementFinished,
    AsteriskFact,
    AsteriskReconciled,
    ChannelArrived,
    EffectDone,
    EffectFailed,
    LegGone,
    LegIdentified,
    LegLostFromBridge,
    LinkLost,
    OtherPlaceFound,
    RecorderEnded,
)
from ari_app.tasks import keep_on

log = structlog.get_logger(__name__)

_HOLDS = "CHANNEL(rtp,hold,audio)"  # 1: the phone at the other end has put it on hold
PASSED_ON_WITHIN = 0.1
"""Seconds. Asterisk reports a changed identity first, and passes it on within the bridge then: what a phone is to show
in place of that comes after it. It would be overwritten before, and not sent at all where the new one is withheld."""


@dataclass(frozen=True, slots=True)
class AsteriskSettings:
    """Where Asterisk is and who we are to it. `bridge_prefix` begins the ids of our bridges. Times in seconds.

    `leads` is waited for before each request: False where another controller leads now. `lanes` (0: none) are the
    WebSockets that carry requests beside HTTP.
    """

    url: str
    user: str
    password: str = field(repr=False)
    application: str = "callcontrol"
    bridge_prefix: str = "cc-"
    routing_context: str = "routing-points"
    request_timeout: float = LIMIT
    lanes: int = 0
    pace: Pace = field(default_factory=Pace)
    leads: Leads = always
    figures: Figures = field(default_factory=NoFigures)


class Asterisk:
    """One Asterisk. Make it inside the running event loop.

    `on_fact` gets every AsteriskFact, in order, called from the loop and never from within `execute`; it must only
    enqueue. `on_fenced` is called once when another controller takes the application over: from then on every effect
    fails until `start` is called again. `on_phone_in_use`, `on_emergency`: see `PhonesInUse`;
    `endpoint(user)` is what is dialled to ring an agent's phone. `on_gone` is called when there is no such process now,
    `on_away` when it has not been reached for so long that nobody waits for it any more, though its calls may go on.
    `kept` returns when what was decided so far is kept: what no later controller would find by itself waits for it.
    `on_facts` is called when all facts of an event were given to `on_fact`.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        on_fact: Callable[[AsteriskFact], None],
        on_fenced: Callable[[], None] = lambda: None,
        on_phone_in_use: OnPhoneInUse = lambda user, in_use: None,
        endpoint: Callable[[str], str] = lambda user: user,
        on_gone: Callable[[], None] = lambda: None,
        on_away: Callable[[], None] = lambda: None,
        on_emergency: OnEmergency = lambda phone, number: None,
        kept: Wait = at_once,
        on_facts: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_gone = on_gone
        self._settings = settings
        self._on_fact = on_fact
        self._on_facts = on_facts
        self._on_fenced = on_fenced
        # The executor's own limit is the one that counts; this one only frees the connection.
        http = HttpClient(
            settings.user,
            settings.password,
            timeout=settings.request_timeout,
            leads=settings.leads,
            figures=settings.figures,
            lanes=settings.lanes,
        )
        self.client = AriClient(settings.url, http)
        self._translator = Translator(settings.application, settings.bridge_prefix)
        self._phones = PhonesInUse(
            settings.bridge_prefix, self._translator.has, on_phone_in_use, on_emergency=on_emergency
        )
        self._requests = Requests(
            self.client,
            settings.application,
            settings.routing_context,
            self._place_found,
            endpoint,
            self._recorded,
            kept,
        )
        self._executor = Executor(
            self._requests.perform,
            self._result,
            limit=settings.request_timeout,
            at_once=self._requests.may_follow if settings.lanes else never,
        )
        self._link = Link(
            self.client, settings.application, self, pace=settings.pace, on_gone=self._ended, on_away=on_away
        )
        self._creating: dict[int, LegId] = {}
        self._asking: asyncio.Task[None] | None = None
        self._looking: list[asyncio.Task[None]] = []
        self._passing_on: deque[asyncio.TimerHandle] = deque()
        self._stopping = False

    @property
    def state(self) -> LinkState:
        """Whether Asterisk is reached; for /readyz."""
        return self._link.state

    @property
    def pending(self) -> int:
        """How many effects have not been answered yet; for metrics."""
        return self._executor.pending

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many events were not used, by type; for metrics."""
        return self._translator.dropped

    def endpoint(self, leg: LegId) -> str:
        """The account through which a leg speaks; empty where that is not known."""
        return self._translator.endpoint(leg)

    def start(self) -> None:
        """Connect, and stay connected; AsteriskReconciled tells when it stands. After fencing: take over again."""
        self._link.start()

    def suspect(self) -> None:
        """Events may have been missed: connect anew, and reconcile."""
        self._link.suspect()

    async def stop(self) -> None:
        """Fail what is pending and close every connection; no fact comes after it. Asterisk's calls go on."""
        self._stopping = True
        if self._asking is not None:
            self._asking.cancel()
        self._look_no_more()
        self._pass_on_no_more()
        self._executor.close("stopping")
        await self._link.stop()
        self._phones.close()
        await self.client.close()

    def execute(self, effect: AsteriskEffect) -> None:
        """Have an effect carried out; EffectDone or EffectFailed with its number follows."""
        if isinstance(effect, CreateLeg | CreateSnoop):
            self._creating[effect.number] = effect.leg
            self._translator.expect(effect.leg)
        self._executor.execute(effect)

    # -- what the parts tell ------------------------------------------------------------------------------------------

    def link_up(self, channels: list[Mapping[str, Any]], bridges: list[Mapping[str, Any]]) -> None:
        """See `link.Listener`."""
        facts = self._translator.listed(channels)
        ours = tuple(str(b["id"]) for b in bridges if str(b["id"]).startswith(self._settings.bridge_prefix))
        self._requests.keep({fact.leg for fact in facts}, set(ours))
        self.client.open_lanes(self._settings.application)
        self._executor.open()
        self._ask_who_holds([fact.leg for fact in facts if fact.up and fact.in_app])
        self._phones.listed(channels)
        self._on_fact(AsteriskReconciled(facts, ours))
        self._look_no_more()
        loop = asyncio.get_running_loop()
        self._looking = [
            loop.create_task(keep_on(self._look_for_lost_legs), name="asterisk-joins"),
            loop.create_task(keep_on(self._look_for_unsent_legs), name="asterisk-unsent"),
        ]

    async def _look_for_lost_legs(self) -> None:
        while True:
            await asyncio.sleep(self._settings.pace.proof_every)
            try:
                lost = await self._requests.joins.lost(self.client)
            except AriError:
                continue  # the link finds out whether Asterisk is there
            for leg, bridge in lost:
                log.warning("asterisk_lost_a_leg", leg=leg, bridge=bridge)
                self._on_fact(LegLostFromBridge(leg, bridge))

    async def _look_for_unsent_legs(self) -> None:
        while True:
            for leg, bridge in await self._requests.unsent.found(self.client):
                log.warning("asterisk_sends_a_leg_nothing", leg=leg, bridge=bridge)
                self._on_fact(LegLostFromBridge(leg, bridge))

    def _look_no_more(self) -> None:
        for task in self._looking:
            task.cancel()
        self._looking = []

    def _ask_who_holds(self, legs: Sequence[LegId]) -> None:
        """No list tells it, and a phone that was resumed, or put on hold, while we were away will not tell it again."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = asyncio.get_running_loop().create_task(
            keep_on(partial(self._ask_holds, legs)), name="asterisk-holds"
        )

    async def _ask_holds(self, legs: Sequence[LegId]) -> None:
        for leg in legs:
            try:
                answer = await self.client.call("channels", "getChannelVar", channelId=leg, variable=_HOLDS)
            except AriError:
                continue  # it is gone, or no phone's
            for fact in self._translator.holds(leg, str(answer["value"]) == "1"):
                self._on_fact(fact)

    def link_event(self, event: Mapping[str, Any]) -> None:
        """See `link.Listener`."""
        for fact in self._translator.facts(event):
            match fact:
                case LegIdentified():
                    self._passing_on.append(
                        asyncio.get_running_loop().call_later(PASSED_ON_WITHIN, self._passed_on, fact)
                    )
                    continue
                case ChannelArrived(leg=leg):
                    self._requests.arrived(leg)
                case LegGone(leg=leg):
                    self._requests.forget(leg)
                case AnnouncementFinished(leg=leg, announcement=announcement):
                    self._requests.finished(leg, announcement)
                case _:
                    pass
            self._on_fact(fact)
        self._phones.event(event)
        self._on_facts()

    def _passed_on(self, fact: LegIdentified) -> None:
        self._passing_on.popleft()
        self._on_fact(fact)

    def _pass_on_no_more(self) -> None:
        """What a reconciliation will find is newer."""
        while self._passing_on:
            self._passing_on.popleft().cancel()

    def link_down(self, *, fenced: bool) -> None:
        """See `link.Listener`."""
        if self._stopping:
            return
        self._look_no_more()
        self._pass_on_no_more()
        self._on_fact(LinkLost())
        self._executor.close("another controller has taken over" if fenced else "the connection to Asterisk was lost")
        self.client.http.lanes.shut()
        self._requests.cut_off()
        if fenced:
            self._on_fenced()

    def _ended(self) -> None:
        """There is no such process any more: nothing of its calls is left."""
        self._translator.listed([])
        self._requests.keep(set(), set())
        self._phones.listed([])
        self._on_fact(AsteriskReconciled((), ()))
        self._on_fact(LinkLost())
        self._on_gone()

    def _place_found(self, leg: LegId, place: str) -> None:
        self._on_fact(OtherPlaceFound(leg, place))

    def _recorded(self, recording: str) -> None:
        self._on_fact(RecorderEnded(recording))

    def _result(self, result: EffectDone | EffectFailed) -> None:
        leg = self._creating.pop(result.effect, None)
        if leg is not None and isinstance(result, EffectFailed):
            self._translator.forget(leg)
        self._on_fact(result)
