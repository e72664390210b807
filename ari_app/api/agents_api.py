"""Logging in and out, the agent themselves and their state."""

from ari_app.api import outcomes
from ari_app.api.authentication import Authentication
from ari_app.api.documents import me
from ari_app.api.models.agents import LoggedIn, Login, Logout, Me, NewState
from ari_app.api.port import Agents, Control, Store
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, Refused


class AgentsApi:
    """Operations on the agent who asks."""

    def __init__(self, control: Control, agents: Agents, store: Store, authentication: Authentication) -> None:
        self._control = control
        self._agents = agents
        self._store = store
        self._authentication = authentication

    async def log_in(self, exchange: Exchange) -> LoggedIn:
        """Raises: Refused `unauthenticated`; HttpError 429; StoreUnavailable."""
        body: Login = exchange.body
        address = exchange.http.remote or ""
        token, expires_at = await self._authentication.log_in(body.agent, body.password, address)
        return LoggedIn(token=token, expires_at=timestamp(expires_at) or "", agent=body.agent)

    async def log_out(self, exchange: Exchange) -> None:
        """The token ends, and with it whatever was opened with it: windows, the phone in the page."""
        body: Logout = exchange.body
        session = exchange.session
        if body.all:
            await self._authentication.end_all(session.agent.id)
        else:
            await self._authentication.log_out(session)

    async def me(self, exchange: Exchange) -> Me:
        """Who I am."""
        agent = exchange.session.agent
        return await me(
            agent, self._agents.record(agent.id), self._control.directory(), self._store, self._agents.device(agent.id)
        )

    async def set_state(self, exchange: Exchange) -> Me:
        """Raises: Refused `invalid` for a reason that the administrator does not list."""
        body: NewState = exchange.body
        directory = self._control.directory()
        if body.reason is not None:
            check_reason(body.state, body.reason, directory.settings.not_ready_reasons)
        agent = exchange.session.agent
        if (body.state == "wrap_up") != (body.extend is not None):
            problem = FieldError("extend", "goes with wrap_up, and wrap_up with it")
            raise Refused(Code.INVALID, "the state is not valid", (problem,))
        if body.extend is not None:
            record = await self._agents.extend(agent.id, body.extend, directory.settings.max_wrap_up)
        else:
            if body.state != "logged_out":  # whoever leaves may
                await self._check_disposition(agent.id)
            record = await self._agents.set_state(agent.id, body.state, body.reason)
        return await me(agent, record, directory, self._store, self._agents.device(agent.id))

    async def _check_disposition(self, agent: str) -> None:
        """Raises: Refused `not_allowed_now` where the administrator wants to know first how the call went."""
        record, settings = self._agents.record(agent), self._control.directory().settings
        if await outcomes.missing(self._store, agent, record, settings):
            raise Refused(Code.NOT_ALLOWED_NOW, "say first how the call went (disposition)")

    def routes(self) -> list[Route]:
        """The operations of this class."""
        unavailable = (Code.STORE_UNAVAILABLE,)
        return [
            Route(
                "POST", "/v1/login", "login", "Log in", "session", self.log_in, LoggedIn,
                request=Login, codes=(Code.UNAUTHENTICATED, Code.FEATURE_DISABLED, *unavailable), access=Access.PUBLIC,
                secret_answer=self._authentication.still_good, audit=("agent",),
                statuses={
                    429: "`rate_limited`: too many failed logins of this agent from this address, or of all from it, "
                    "or too many wait to be checked"
                },
            ),
            Route(
                "POST", "/v1/logout", "logout", "Log out: the token ends", "session", self.log_out,
                status=204, request=Logout, optional_body=True, codes=unavailable, audit=("all",),
            ),
            Route("GET", "/v1/me", "get_me", "Who I am", "agent", self.me, Me),
            Route(
                "PUT", "/v1/me/state", "set_state", "Change my state", "agent", self.set_state, Me,
                request=NewState, codes=(*unavailable, Code.NOT_ALLOWED_NOW),
            ),
        ]  # fmt: skip


def check_reason(state: str, reason: str, listed: tuple[str, ...]) -> None:
    """Raises: Refused `invalid` for a reason that is not listed, or that this state has not."""
    if state != "not_ready":
        raise Refused(Code.INVALID, "the state is not valid", (FieldError("reason", "goes with not_ready only"),))
    if reason not in listed:
        problem = FieldError("reason", f"must be one of: {', '.join(listed)}")
        raise Refused(Code.INVALID, "the reason is not in the administrator's list", (problem,))
