"""Whom the agent can reach: finding them, and marking those that they want at hand."""

from collections.abc import Callable

from ari_app.api.documents import target_document
from ari_app.api.finder import Finder
from ari_app.api.models.targets import TargetDocument, TargetQuery, Targets
from ari_app.api.port import Agents, Control
from ari_app.api.preferences import Preferences
from ari_app.api.routes import Exchange, Route
from ari_app.errors import Code
from ari_app.routing.targets import parse_target


class TargetsApi:
    """Operations on targets."""

    def __init__(
        self,
        control: Control,
        agents: Agents,
        finder: Finder,
        preferences: Preferences,
        clock: Callable[[], float],
    ) -> None:
        self._control = control
        self._agents = agents
        self._finder = finder
        self._preferences = preferences
        self._clock = clock

    async def search(self, exchange: Exchange) -> Targets:
        """Whom I can reach, by what I type (S1, S2). Raises: StoreUnavailable for recents and favourites only."""
        query: TargetQuery = exchange.query
        viewer = exchange.session.agent.id
        types = query.type.split(",")
        if query.recent or query.favourite:
            directory, found = await self._finder.remembered(
                viewer, query.q, types, query.limit, recent=query.recent, favourite=query.favourite
            )
        else:
            directory, found = await self._finder.search(viewer, query.q, types, query.limit)
        now = self._clock()
        return Targets(targets=[target_document(directory, self._agents, viewer, t, now) for t in found])

    async def get(self, exchange: Exchange) -> TargetDocument:
        """Raises: Refused `unknown_target` for one that does not exist, or that I may do nothing with (S2, S3)."""
        viewer = exchange.session.agent.id
        target = self._finder.named(viewer, exchange.path["target"])
        return target_document(self._control.directory(), self._agents, viewer, target, self._clock())

    async def mark(self, exchange: Exchange) -> None:
        """Raises: Refused `unknown_target`, or `too_many`; StoreUnavailable."""
        viewer = exchange.session.agent.id
        await self._preferences.add_favourite(viewer, self._finder.named(viewer, exchange.path["target"]))

    async def unmark(self, exchange: Exchange) -> None:
        """Also one that is no longer a target. Raises: Refused `unknown_target` for no target; StoreUnavailable."""
        target = self._control.directory().resolve(parse_target(exchange.path["target"]))
        await self._preferences.remove_favourite(exchange.session.agent.id, target)

    def routes(self) -> list[Route]:
        """The operations of this class."""
        favourite = "/v1/me/favourites/{target}"
        unknown = (Code.UNKNOWN_TARGET,)
        return [
            Route(
                "GET", "/v1/targets", "search_targets", "Find whom I can reach", "targets", self.search, Targets,
                query=TargetQuery,
            ),
            Route(
                "GET", "/v1/targets/{target}", "get_target", "One target", "targets", self.get, TargetDocument,
                codes=unknown,
            ),
            Route(
                "PUT", favourite, "add_favourite", "Mark a target as a favourite of mine", "targets", self.mark,
                status=204, codes=(*unknown, Code.TOO_MANY),
            ),
            Route(
                "DELETE", favourite, "remove_favourite", "No favourite any more", "targets", self.unmark,
                status=204, codes=unknown,
            ),
        ]  # fmt: skip
