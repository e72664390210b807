"""Keeps the connection of events: connects, reconciles, watches, connects again, and gives way when it must.

Owns the connection's state. Events of one connection are delivered in order after its reconciliation: those that
happened in a gap are never sent again, so channels and bridges are listed each time. Two controllers never fight over
an application: Asterisk gives it to the newest and tells the older, which then stays silent until it is started anew.

An Asterisk that stood still answers requests again and yet may tell this connection nothing: it opens sockets that were
given up meanwhile, and the application is theirs. So an event of our own must come back, at once and then every few
seconds.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NobodyListens, Unreachable
from ari_app.ari.listing import channels_and_bridges
from ari_app.ari.messages import REPLACED, USED, USER_EVENT
from ari_app.tasks import keep_on

log = structlog.get_logger(__name__)

type Json = Mapping[str, Any]

# Every channel's events, so that CALL_DATA_* set before Stasis is seen, and the cause of every end.
ALL_CHANNELS = "channel:"
_PROOF = "call-control-alive"


class LinkState(StrEnum):
    """`fenced`: another controller has the application."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds: the delays between attempts, how the connection is watched, and after how long an Asterisk of
    which no process is there is given up with its calls, and one that is not reached without them (None: never, its
    restart tells)."""

    first_delay: float = 0.1
    last_delay: float = 5.0
    proof_every: float = 3.0
    proof_within: float = 3.0
    proofs_missed: int = 2
    gone_after: float | None = None
    away_after: float | None = None


class Listener(Protocol):
    """Who is notified; all are called from the event loop and must not block."""

    def link_up(self, channels: list[Json], bridges: list[Json]) -> None:
        """The connection stands; these are all channels and bridges."""

    def link_event(self, event: Json) -> None:
        """One event, after `link_up`."""

    def link_down(self, *, fenced: bool) -> None:
        """The connection that stood is lost; with `fenced`, another controller has the application."""


class Link:
    """One application's connection to one Asterisk: `events` of `sources` arrive (ARI's names of both)."""

    def __init__(
        self,
        client: AriClient,
        application: str,
        listener: Listener,
        *,
        sources: tuple[str, ...] = (ALL_CHANNELS,),
        events: tuple[str, ...] = tuple(USED),
        pace: Pace | None = None,
        jitter: Callable[[], float] = random.random,
        on_gone: Callable[[], None] = lambda: None,
        on_away: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_gone = on_gone
        self._on_away = on_away
        self._clock = clock
        self._refused_since: float | None = None
        self._missed_since: float | None = None
        self._gone = self._away = False
        self._client = client
        self._application = application
        self._listener = listener
        self._sources = sources
        self._events = events
        self._pace = pace or Pace()
        self._jitter = jitter
        self._task: asyncio.Task[None] | None = None
        self._state = LinkState.DOWN
        self._early: list[Json] | None = None
        self._doing = "request"
        """The step at which a connection fails: Asterisk may answer one kind of request and not another."""
        self._replaced = asyncio.Event()
        self._suspected = asyncio.Event()
        self._proven = asyncio.Event()

    @property
    def state(self) -> LinkState:
        """Where the connection is now."""
        return self._state

    def start(self) -> None:
        """Begin to connect, and keep at it. After fencing this takes the application back."""
        if self._task is None or self._task.done():
            self._replaced.clear()
            self._task = asyncio.get_running_loop().create_task(keep_on(self._keep_connected), name="asterisk-link")

    def suspect(self) -> None:
        """Asterisk may have dropped events that it could not write: only a new reconciliation tells."""
        self._suspected.set()

    async def stop(self) -> None:
        """Give the connection up."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._to(LinkState.DOWN)

    async def _keep_connected(self) -> None:
        delay = self._pace.first_delay
        while True:
            self._to(LinkState.CONNECTING)
            reason = "closed by Asterisk"
            try:
                self._doing = "request"  # a socket is opened where requests are answered
                await self._client.describe()
                await self._client.call("asterisk", "ping")
                await self._one_connection()
            except AriError as error:
                reason = str(error)
                self._missed(nobody_listens=isinstance(error, NobodyListens))
            except OSError as error:
                reason = type(error).__name__
                self._missed()
            except Exception as error:  # whatever it sent: without this task nobody would connect again
                log.exception("asterisk_answer_malformed")
                reason = type(error).__name__
            finally:
                if stood := self._state is LinkState.UP:
                    self._missed_since = self._clock()
                fenced = self._replaced.is_set()
                self._to(LinkState.FENCED if fenced else LinkState.DOWN)
                if stood or fenced:
                    self._listener.link_down(fenced=fenced)
            if fenced:
                log.error("asterisk_link_fenced", application=self._application)
                return
            delay = self._pace.first_delay if stood else min(delay * 2, self._pace.last_delay)
            wait = delay * (0.5 + self._jitter() / 2)
            what = "asterisk_link_lost" if stood else "asterisk_not_reached"
            log.warning(what, application=self._application, reason=reason, at=self._doing, retry_in=round(wait, 2))
            await asyncio.sleep(wait)

    def _missed(self, *, nobody_listens: bool = False) -> None:
        """A process that is gone has taken its calls with it. One that does not answer may be cut off, or frozen: its
        calls may go on, and nobody can do anything with them."""
        now = self._clock()
        self._missed_since = now if self._missed_since is None else self._missed_since
        if not nobody_listens:
            self._refused_since = None
        elif self._refused_since is None:
            self._refused_since = now
        if not self._gone and _lasted(self._refused_since, self._pace.gone_after, now):
            self._gone = self._away = True  # which is more than to be away
            log.error("asterisk_gone", application=self._application)
            self._on_gone()
        elif not self._away and _lasted(self._missed_since, self._pace.away_after, now):
            self._away = True
            log.error("asterisk_away", application=self._application)
            self._on_away()

    async def _one_connection(self) -> None:
        """From the opening of the WebSocket to its end."""
        self._doing = "socket"
        opened = asyncio.Event()
        self._suspected.clear()
        self._early = []
        self._client.http.on_connected = lambda socket: opened.set()
        reading = asyncio.ensure_future(self._client.run(self._application, self._on_event))
        tasks: list[asyncio.Future[Any]] = [reading]
        try:
            opening = asyncio.ensure_future(opened.wait())
            tasks.append(opening)
            await asyncio.wait({reading, opening}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await self._reconcile()
                replaced = asyncio.ensure_future(self._replaced.wait())
                watching = asyncio.ensure_future(self._watch())
                suspected = asyncio.ensure_future(self._suspected.wait())
                tasks += [replaced, watching, suspected]
                await asyncio.wait({reading, replaced, watching, suspected}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    await watching
                if suspected.done():
                    raise AriError(0, "events may have been missed")
            if reading.done():
                await reading
        finally:
            self._client.http.on_connected = None
            self._early = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _reconcile(self) -> None:
        call = self._client.call
        self._doing = "filter"
        # Otherwise Asterisk sends ten times as much: each variable, each step of the dialplan.
        await self._client.filter_events(self._application, (*self._events, REPLACED, USER_EVENT))
        self._doing = "subscribe"
        for source in self._sources:
            await call("applications", "subscribe", applicationName=self._application, eventSource=source)
        self._doing = "list"
        channels, bridges = await channels_and_bridges(self._client)
        early, self._early = self._early or [], None
        if self._replaced.is_set():
            return
        self._to(LinkState.UP)
        self._refused_since, self._missed_since = None, None
        self._gone, self._away = False, False
        self._doing = "watch"
        log.info("asterisk_link_up", application=self._application, channels=len(channels), bridges=len(bridges))
        self._listener.link_up(channels, bridges)
        for event in early:
            self._deliver(event)

    def _on_event(self, event: Json) -> None:
        if event.get("type") == REPLACED:
            if event.get("application") == self._application:
                self._taken_over()
        elif self._replaced.is_set():
            return
        elif event.get("type") == USER_EVENT:
            self._proven.set()
        elif self._early is not None:
            self._early.append(event)
        else:
            self._deliver(event)

    def _deliver(self, event: Json) -> None:
        """One that fails is one that is lost: those after it are about others."""
        try:
            self._listener.link_event(event)
        except Exception:
            log.exception("asterisk_event_failed", type=str(event.get("type")))

    def _taken_over(self) -> None:
        """By another controller, or by a socket of our own that Asterisk has come to only now."""
        if self._client.http.abandoned:
            log.warning("asterisk_opened_an_abandoned_socket", application=self._application)
            self.suspect()
        else:
            self._replaced.set()

    async def _watch(self) -> None:
        """Ends with an error when Asterisk answers no more, or tells no more: it may tell nothing from the first."""
        missed = 0
        while True:
            try:
                await self._prove()
            except AriError as error:
                missed += 1
                if missed >= self._pace.proofs_missed:
                    raise
                log.warning("asterisk_not_heard", reason=str(error))
                continue  # which has taken its time already
            missed = 0
            self._client.http.abandoned = 0  # it would have come to them
            await asyncio.sleep(self._pace.proof_every)

    async def _prove(self) -> None:
        """Have an event sent to ourselves, along the way of all others."""
        self._proven.clear()
        await self._client.call("events", "userEvent", eventName=_PROOF, application=self._application)
        try:
            async with asyncio.timeout(self._pace.proof_within):
                await self._proven.wait()
        except TimeoutError:
            raise Unreachable("no event arrives") from None

    def _to(self, state: LinkState) -> None:
        self._state = state


def _lasted(since: float | None, seconds: float | None, now: float) -> bool:
    return since is not None and seconds is not None and now - since >= seconds
