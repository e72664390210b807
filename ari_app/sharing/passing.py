"""Requests that this controller has no answer to: passed on to who leads, and held while nobody does.

A take-over takes a second or two. Whoever requests something meanwhile waits for it, and is answered as if nothing had
happened: what was not begun is begun then, and what may have been is requested again where it is done once however
often it is.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from ari_app.errors import CallControlError, Code, LeadsNoMore, OutcomeUnknown, Unavailable
from ari_app.store.leases import Lease

HELD = 5.0
"""Seconds for which a request is held at most."""
HELD_WITHOUT_STORE = 1.0
"""The same where the store is away: nobody takes over before it is back."""
MOST_HELD = 2_000
"""Requests that are held at once."""
TAKEN_OVER_WITHIN = 4.0
"""Seconds after which who leads knows what Asterisk has, or does not reach it."""
AT_ONCE = frozenset({"/healthz", "/readyz", "/metrics"})
"""Whoever watches wants to know how it is now."""
KEY = "Idempotency-Key"
LOGIN = "/v1/login"
OTHERWISE = web.RequestKey("otherwise", CallControlError)
"""What this controller would have answered, for it may have begun."""


class Leaders(Protocol):
    """Who leads the call centre."""

    @property
    def leader(self) -> Lease: ...
    @property
    def trouble(self) -> str:
        """Why the store is not reached."""


class Passing:
    """`own`: this controller's answer, where it leads by now; `forward`: that of the one that does. `news` waits until
    it may be another. `stopping`: nobody is held any more.
    """

    def __init__(
        self,
        own: Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]],
        forward: Callable[[web.BaseRequest, bytes], Awaitable[web.StreamResponse]],
        leaders: Leaders,
        news: Callable[[], Awaitable[object]],
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = own
        self._forward = forward
        self._leaders = leaders
        self._news = news
        self._stopping = stopping
        self._clock = clock
        self.held = 0
        """Requests that have no answer yet."""

    async def __call__(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """The answer of who leads.

        Raises:
            Unavailable: nobody does, or is reached; nothing was done.
            OutcomeUnknown: it was lost before it answered.
        """
        since, unknown = self._clock(), request.get(OTHERWISE)
        self.held += 1
        try:
            while True:
                try:
                    own = await self._own(request)
                    return own if own is not None else await self._forward(request, body)
                except (Unavailable, OutcomeUnknown) as error:
                    said = error.otherwise if isinstance(error, LeadsNoMore) else error
                if isinstance(said, OutcomeUnknown):
                    unknown = unknown or said
                if not self._waits(request, said, since):
                    raise unknown or said
                await self._news()
                if _is_gone(request):
                    raise unknown or said
        finally:
            self.held -= 1

    def _waits(self, request: web.BaseRequest, said: CallControlError, since: float) -> bool:
        if request.path in AT_ONCE or self._stopping() or self.held > MOST_HELD:
            return False
        if isinstance(said, OutcomeUnknown) and not may_be_repeated(request):
            return False
        lease = self._leaders.leader
        if lease.owner and not is_reached(lease):
            return False
        return self._clock() - since < (HELD_WITHOUT_STORE if self._leaders.trouble else HELD)


def _is_gone(request: web.BaseRequest) -> bool:
    """Whether nobody is there any more who would get the answer, and what they wanted is begun no more."""
    return request.transport is None or request.transport.is_closing()


def is_reached(lease: Lease) -> bool:
    """Whether its owner says how others reach it."""
    return lease.address.startswith("http")


def may_be_repeated(request: web.BaseRequest) -> bool:
    """Whether it is done once, however often it is requested. Of a login the token that was lost is nobody's."""
    return request.method != "POST" or KEY in request.headers or request.path == LOGIN


def standing_by() -> Unavailable:
    """For who is not known how to pass anything on to."""
    return Unavailable(Code.STANDBY, "this controller waits as a standby; ask the one that leads")
