"""Logging in and out, the agent himself and his state, and whom he can reach."""

import asyncio

from ari_app.api.authentication import Authentication
from ari_app.api.documents import me, target_document
from ari_app.api.events import EventHub
from ari_app.api.models import (
    LoggedIn,
    Login,
    Me,
    NewState,
    TargetDocument,
    TargetQuery,
    Targets,
)
from ari_app.api.port import Agents, Control, Store
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, Refused
from ari_app.routing.directory import Directory
from ari_app.routing.permissions import allowed_verbs
from ari_app.routing.search import SearchIndex
from ari_app.routing.targets import Target, TargetType, parse_target


class AgentsApi:
    """Operations on the agent who asks."""

    def __init__(
        self, control: Control, agents: Agents, store: Store, authentication: Authentication, hub: EventHub
    ) -> None:
        self._control = control
        self._agents = agents
        self._store = store
        self._authentication = authentication
        self._hub = hub
        self._clock = hub.clock
        self._index: tuple[Directory, SearchIndex] | None = None

    async def log_in(self, exchange: Exchange) -> LoggedIn:
        """Raises: Refused `unauthenticated`; HttpError 429; StoreUnavailable."""
        body: Login = exchange.body
        address = exchange.http.remote or ""
        token, expires_at = await self._authentication.log_in(body.agent, body.password, address)
        return LoggedIn(token=token, expires_at=timestamp(expires_at) or "", agent=body.agent)

    async def log_out(self, exchange: Exchange) -> None:
        """The token ends, and the windows that were opened with it."""
        await self._authentication.log_out(exchange.session)
        self._hub.end_session(exchange.session.digest)

    async def me(self, exchange: Exchange) -> Me:
        """Who I am."""
        agent = exchange.session.agent
        return await me(agent, self._agents.record(agent.id), self._control.directory(), self._store)

    async def set_state(self, exchange: Exchange) -> Me:
        """Raises: Refused `invalid` for a reason that the administrator does not list."""
        body: NewState = exchange.body
        directory = self._control.directory()
        if body.reason is not None:
            _check_reason(body.state, body.reason, directory.settings.not_ready_reasons)
        agent = exchange.session.agent
        record = await self._agents.set_state(agent.id, body.state, body.reason)
        return await me(agent, record, directory, self._store)

    async def targets(self, exchange: Exchange) -> Targets:
        """Whom I can reach, by what I type (S1, S2)."""
        query: TargetQuery = exchange.query
        viewer = exchange.session.agent.id
        directory = self._control.directory()
        types = frozenset(TargetType(t) for t in query.type.split(","))

        def permitted(target: Target) -> bool:
            return bool(allowed_verbs(directory, viewer, target))

        found = (await self._search(directory)).search(query.q, types, query.limit, permitted)
        now = self._clock()
        return Targets(targets=[target_document(directory, self._agents, viewer, t, now) for t in found])

    async def target(self, exchange: Exchange) -> TargetDocument:
        """Raises: Refused `unknown_target` for one that does not exist, or that I may do nothing with (S2, S3)."""
        directory = self._control.directory()
        viewer = exchange.session.agent.id
        target = directory.resolve(parse_target(exchange.path["target"]))
        myself = target == Target(TargetType.AGENT, viewer)
        if not directory.exists(target) or not (myself or allowed_verbs(directory, viewer, target)):
            raise Refused(Code.UNKNOWN_TARGET, f"{target} is not a target of this call centre")
        return target_document(directory, self._agents, viewer, target, self._clock())

    async def _search(self, directory: Directory) -> SearchIndex:
        """The index of this directory; making it takes a while for a large one, and calls must not wait for that."""
        index = self._index
        if index is None or index[0] is not directory:
            index = (directory, await asyncio.to_thread(SearchIndex, directory))
            self._index = index
        return index[1]

    def routes(self) -> list[Route]:
        """The operations of this class."""
        unavailable = (Code.STORE_UNAVAILABLE,)
        return [
            Route(
                "POST", "/v1/login", "login", "Log in", "session", self.log_in, LoggedIn,
                request=Login, codes=(Code.UNAUTHENTICATED, *unavailable), access=Access.PUBLIC, secret_answer=True,
                statuses={429: "Too many failed logins of this agent from this address"},
            ),
            Route(
                "POST", "/v1/logout", "logout", "Log out: the token ends", "session", self.log_out,
                status=204, codes=unavailable,
            ),
            Route("GET", "/v1/me", "get_me", "Who I am", "agent", self.me, Me),
            Route(
                "PUT", "/v1/me/state", "set_state", "Change my state", "agent", self.set_state, Me,
                request=NewState, codes=unavailable,
            ),
            Route(
                "GET", "/v1/targets", "search_targets", "Find whom I can reach", "targets", self.targets, Targets,
                query=TargetQuery,
            ),
            Route(
                "GET", "/v1/targets/{target}", "get_target", "One target", "targets", self.target, TargetDocument,
                codes=(Code.UNKNOWN_TARGET,),
            ),
        ]  # fmt: skip


def _check_reason(state: str, reason: str, listed: tuple[str, ...]) -> None:
    if state != "not_ready":
        raise Refused(Code.INVALID, "the state is not valid", (FieldError("reason", "goes with not_ready only"),))
    if reason not in listed:
        problem = FieldError("reason", f"must be one of: {', '.join(listed)}")
        raise Refused(Code.INVALID, "the reason is not in the administrator's list", (problem,))
