"""Tickets: how a browser, which can send no header with a WebSocket, opens one without showing its token.

A ticket is good once, for seconds, and only as long as the session that it was made for. It is kept in this process
alone: whoever has not used it when the controller starts anew asks for another.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from ari_app.api.authentication import Authentication, Session
from ari_app.api.models.sockets import EventsQuery, SocketQuery, Ticket
from ari_app.api.routes import Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code, Refused

LIFETIME = 30.0
"""Seconds."""
MOST = 10_000
MOST_OF_A_SESSION = 32


class Tickets:
    """Makes and takes tickets, and says whose a socket is."""

    def __init__(self, authentication: Authentication, clock: Callable[[], float] = time.time) -> None:
        self._authentication = authentication
        self._clock = clock
        self._open: OrderedDict[str, tuple[str, float]] = OrderedDict()  # ticket: session, until when; oldest first

    async def issue(self, exchange: Exchange) -> Ticket:
        """A new ticket; of too many that were not used, the oldest are worth nothing any more."""
        session = exchange.session
        mine = [ticket for ticket, (digest, _) in self._open.items() if digest == session.digest]
        for ticket in mine[: max(0, len(mine) - MOST_OF_A_SESSION + 1)]:
            del self._open[ticket]
        while len(self._open) >= MOST:
            self._open.popitem(last=False)
        ticket = secrets.token_urlsafe(32)
        until = self._clock() + LIFETIME
        self._open[ticket] = (session.digest, until)
        return Ticket(ticket=ticket, expires_at=timestamp(until) or "")

    async def session(self, exchange: Exchange) -> Session:
        """Whose socket this is: by bearer, by ticket or, for who can do neither, by token.

        Raises:
            Refused: `unauthenticated`.
            StoreUnavailable: it can't be looked up, and was not seen before.
        """
        if exchange.who is not None:
            return exchange.who
        query: SocketQuery = exchange.query
        if query.ticket is not None:
            return await self._authentication.by_digest(self._take(query.ticket))
        if isinstance(query, EventsQuery) and query.token is not None:
            return await self._authentication.session(query.token)
        raise Refused(Code.UNAUTHENTICATED, "log in, and send the token as bearer, or a ticket as ?ticket=")

    async def _still_good(self, answer: Mapping[str, object]) -> bool:
        """Whether it was not used yet, and its time is not over."""
        return self._open.get(str(answer.get("ticket")), ("", 0.0))[1] > self._clock()

    def _take(self, ticket: str) -> str:
        digest, until = self._open.pop(ticket, ("", 0.0))
        if until <= self._clock():
            raise Refused(Code.UNAUTHENTICATED, "the ticket is not valid, or was used already: ask for another")
        return digest

    def end_session(self, digest: str) -> None:
        """The tickets of this session are worth nothing any more."""
        for ticket in [ticket for ticket, (of, _) in self._open.items() if of == digest]:
            del self._open[ticket]

    def route(self) -> Route:
        """The one operation of this class."""
        return Route(
            "POST", "/v1/events/ticket", "create_ticket", "A ticket that opens one WebSocket, once", "session",
            self.issue, Ticket, secret_answer=self._still_good,
        )  # fmt: skip
