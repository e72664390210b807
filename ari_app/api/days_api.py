"""An agent's own day: figures, and calls that they have missed."""

from ari_app.api.days import Days
from ari_app.api.history import AT_ONCE, OF_ONE, WAITING, record_document
from ari_app.api.limits import Turns
from ari_app.api.models.day import DayDocument, MissedDocument, MissedSeen
from ari_app.api.routes import Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code
from ari_app.history.port import CallHistory


class DaysApi:
    """Operations on the day of the agent who asks."""

    def __init__(self, days: Days, history: CallHistory) -> None:
        self._days = days
        self._history = history
        self._turns = Turns(AT_ONCE, WAITING, OF_ONE, "too much of the history is wanted")

    async def day(self, exchange: Exchange) -> DayDocument:
        """Raises: Unavailable; HttpError 429."""
        async with self._turns.turn(exchange.session.digest):
            return await self._days.of(exchange.session.agent.id)

    async def missed(self, exchange: Exchange) -> MissedDocument:
        """Raises: Unavailable; HttpError 429."""
        agent = exchange.session.agent
        async with self._turns.turn(exchange.session.digest):
            await self._history.settle()
            calls = [record_document(noted, agent, agent.id) for noted in await self._days.missed(agent.id)]
        seen = timestamp(await self._days.seen_until(agent.id))
        unseen = sum(call.ended_at > (seen or "") for call in calls)
        return MissedDocument(calls=calls, unseen=unseen, seen_until=seen)

    async def see(self, exchange: Exchange) -> None:
        """Raises: StoreUnavailable."""
        body: MissedSeen = exchange.body
        await self._days.see(exchange.session.agent.id, body.until.timestamp())

    def routes(self) -> list[Route]:
        """The operations of this class."""
        codes = (Code.HISTORY_UNAVAILABLE, Code.STORE_UNAVAILABLE)
        return [
            Route(
                "GET", "/v1/me/day", "get_my_day", "My figures of today", "agent", self.day, DayDocument, codes=codes,
            ),
            Route(
                "GET", "/v1/me/missed", "list_missed", "Calls that I have missed, the last first", "agent",
                self.missed, MissedDocument, codes=codes,
            ),
            Route(
                "PUT", "/v1/me/missed/seen", "see_missed", "I have looked at the calls that I missed", "agent",
                self.see, status=204, request=MissedSeen, codes=(Code.STORE_UNAVAILABLE,),
            ),
        ]  # fmt: skip
