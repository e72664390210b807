"""What who oversees sees and does: agents with their states and calls, and how queues and groups are now and today."""

from collections.abc import Callable, Iterator, Mapping

from ari_app.api.agents_api import check_reason
from ari_app.api.documents import agent_document
from ari_app.api.live import Board
from ari_app.api.messages import Unheard
from ari_app.api.models.supervision import AgentRow, AgentRows, AgentsQuery, Live, LiveBox, StateForAnother
from ari_app.api.port import Agents, AgentState, Control
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Agent


class SupervisionApi:
    """Operations of supervisors and admins."""

    def __init__(
        self, control: Control, agents: Agents, board: Board, unheard: Callable[[], Mapping[str, Unheard]]
    ) -> None:
        self._unheard = unheard
        self._control = control
        self._agents = agents
        self._board = board

    async def agents(self, exchange: Exchange) -> AgentRows:
        """Everybody whom the configuration lists."""
        query: AgentsQuery = exchange.query
        listed = self._control.directory().agents.values()
        chosen = [a for a in listed if query.group is None or query.group in a.groups]
        return AgentRows(agents=[self._row(a, self._agents.record(a.id)) for a in sorted(chosen, key=lambda a: a.id)])

    async def set_state(self, exchange: Exchange) -> AgentRow:
        """Raises: Refused `not_found`, `invalid`; StoreUnavailable."""
        body: StateForAnother = exchange.body
        directory = self._control.directory()
        agent = directory.agents.get(exchange.path["agent"])
        if agent is None:
            raise Refused(Code.NOT_FOUND, "there is no such agent")
        if body.reason is not None:
            check_reason(body.state, body.reason, directory.settings.not_ready_reasons)
        return self._row(agent, await self._agents.set_state(agent.id, body.state, body.reason))

    async def live(self, exchange: Exchange) -> Live:
        """All queues and groups, and all boxes."""
        return Live(targets=list(self._board.now().values()), voicemails=list(self._boxes()))

    def _boxes(self) -> Iterator[LiveBox]:
        boxes = self._control.directory().voicemail
        for box, there in self._unheard().items():
            oldest = timestamp(there.oldest)
            yield LiveBox(box=box, name=boxes[box].name, unheard=there.count, oldest_unheard_at=oldest)

    def _row(self, agent: Agent, record: AgentState | None) -> AgentRow:
        document = agent_document(agent, record, self._agents.device(agent.id))
        return AgentRow(**dict(document), groups=list(agent.groups), calls=sorted(self._control.engaged(agent.id)))

    def routes(self) -> list[Route]:
        """The operations of this class."""
        return [
            Route(
                "GET", "/v1/agents", "list_agents", "Agents, their states and calls", "supervision", self.agents,
                AgentRows, query=AgentsQuery, access=Access.OVERSEER,
            ),
            Route(
                "PUT", "/v1/agents/{agent}/state", "set_agent_state", "Change somebody's state", "supervision",
                self.set_state, AgentRow, request=StateForAnother, codes=(Code.NOT_FOUND,), access=Access.OVERSEER,
                audit=("state", "reason"),
            ),
            Route(
                "GET", "/v1/live", "get_live", "How queues and groups are now and today", "supervision", self.live,
                Live, access=Access.OVERSEER,
            ),
        ]  # fmt: skip
