"""Receivers of webhooks, for administrators: how they are, what was given up, and to have it tried again."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import TypeAdapter

from ari_app.api.models.webhooks import (
    DeadLetterDocument,
    DeadLetters,
    DeadLettersQuery,
    Retried,
    WebhookDocument,
    WebhookList,
)
from ari_app.api.notices import Changes
from ari_app.api.port import Control
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import Code, Refused
from ari_app.routing.webhooks import Webhook
from ari_app.webhooks.model import DeadLetter, Event, Followed, Health, Reason, Standing

_REASON: TypeAdapter[Reason] = TypeAdapter(Reason)
_UNTRIED = Standing(Health(), 0, None, None, 0)


class Receivers(Changes, Protocol):
    """Who brings them their events."""

    async def flush(self) -> None:
        """Wait until all that was put is kept."""

    def standing(self, name: str) -> Standing | None:
        """How this receiver is; None where nobody brings it anything yet."""

    async def dead_letters(self, name: str, before: str | None, limit: int) -> Sequence[DeadLetter]:
        """What was given up, the last first. Raises: StoreUnavailable."""

    async def retry(self, name: str) -> int:
        """Have all of it tried again, and what waits at once. Raises: StoreUnavailable."""


class NoReceivers:
    """Nobody brings anything."""

    def put(self, events: Sequence[tuple[Event, Sequence[str]]], line: str, known: Followed | None) -> None:
        """There is nobody to have it."""

    async def flush(self) -> None:
        """There is nothing to wait for."""

    def standing(self, name: str) -> Standing | None:
        return None

    async def dead_letters(self, name: str, before: str | None, limit: int) -> Sequence[DeadLetter]:
        return ()

    async def retry(self, name: str) -> int:
        return 0


class WebhooksApi:
    """Operations on receivers."""

    def __init__(self, control: Control, receivers: Receivers) -> None:
        self._control = control
        self._receivers = receivers

    async def list(self, exchange: Exchange) -> WebhookList:
        """As they are now."""
        return WebhookList(webhooks=[self._document(webhook) for webhook in self._control.webhooks().values()])

    async def dead_letters(self, exchange: Exchange) -> DeadLetters:
        """Raises: Refused `not_found`; StoreUnavailable."""
        query: DeadLettersQuery = exchange.query
        found = await self._receivers.dead_letters(self._named(exchange).id, query.cursor, query.limit)
        return DeadLetters(
            dead_letters=[_letter(letter) for letter in found],
            next=found[-1].position if len(found) == query.limit else None,
        )

    async def retry(self, exchange: Exchange) -> Retried:
        """Raises: Refused `not_found`; StoreUnavailable."""
        return Retried(retried=await self._receivers.retry(self._named(exchange).id))

    def _named(self, exchange: Exchange) -> Webhook:
        found = self._control.webhooks().get(exchange.path["webhook"])
        if found is None:
            raise Refused(Code.NOT_FOUND, "there is no such receiver in the file")
        return found

    def _document(self, webhook: Webhook) -> WebhookDocument:
        now = self._receivers.standing(webhook.id) or _UNTRIED
        failing = now.health.failing_since is not None
        return WebhookDocument(
            id=webhook.id,
            url=webhook.address,
            events=list(webhook.events),
            targets=list(webhook.whom),
            state="stopped" if now.health.stopped else "failing" if failing else "ok",
            failing_since=timestamp(now.health.failing_since),
            error=now.health.error,
            next_try_at=timestamp(now.next_at),
            waiting=now.waiting,
            oldest_at=timestamp(now.oldest_at),
            dead=now.dead,
        )

    def routes(self) -> Sequence[Route]:
        """The operations of this class."""
        return (
            Route(
                "GET", "/v1/admin/webhooks", "list_webhooks", "The receivers of webhooks, and how they are", "admin",
                self.list, WebhookList, access=Access.ADMIN,
            ),
            Route(
                "GET", "/v1/admin/webhooks/{webhook}/dead-letters", "list_dead_letters",
                "Events that a receiver has not taken in a day", "admin", self.dead_letters, DeadLetters,
                query=DeadLettersQuery, codes=(Code.NOT_FOUND,), access=Access.ADMIN,
            ),
            Route(
                "POST", "/v1/admin/webhooks/{webhook}/retry", "retry_webhook",
                "Try again at once what a receiver has not taken, and all that was given up", "admin", self.retry,
                Retried, codes=(Code.NOT_FOUND,), access=Access.ADMIN, audit=(),
            ),
        )  # fmt: skip


def _letter(letter: DeadLetter) -> DeadLetterDocument:
    return DeadLetterDocument(
        id=letter.id,
        type=letter.kind,
        subject=letter.line,
        kept_at=timestamp(letter.at) or "",
        attempts=letter.attempts,
        reason=_REASON.validate_python(letter.reason),
        dead_at=timestamp(letter.dead_at) or "",
    )
