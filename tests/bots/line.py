"""A line: one SIP socket, the calls on it, and which of them a request is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiosipua import SipRequest

from tests.bots.dialog import reason_of
from tests.bots.sip import Address, ServerTransaction, UserAgent

if TYPE_CHECKING:
    from tests.bots.call import Call


class Line:
    """One socket. A phone has its own; all contacts of a carrier share the carrier's."""

    def __init__(
        self,
        on_invite: Callable[[ServerTransaction], None],
        on_register: Callable[[ServerTransaction], None] | None = None,
    ) -> None:
        self._on_invite = on_invite
        self._on_register = on_register
        self.agent = UserAgent(self._requested, self._acknowledged)
        self.calls: dict[tuple[str, str], Call] = {}

    async def open(self, bind: Address) -> None:
        """Bind the socket. Raises OSError."""
        await self.agent.open(bind)

    def close(self) -> None:
        """Close the socket."""
        self.agent.close()
        self.calls.clear()

    def _requested(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        tag = request.to_addr.tag if request.to_addr is not None else None
        if request.method == "CANCEL":
            self._cancelled(transaction)
        elif tag is not None:
            call = self.calls.get((request.call_id or "", tag))
            if call is None:
                transaction.respond(481)
            else:
                call.requested(transaction)
        elif request.method == "INVITE":
            self._on_invite(transaction)
        elif request.method == "REGISTER" and self._on_register is not None:
            self._on_register(transaction)
        elif request.method in ("OPTIONS", "NOTIFY", "INFO", "MESSAGE"):
            transaction.respond(200)
        else:
            transaction.respond(405)

    def _cancelled(self, transaction: ServerTransaction) -> None:
        invite = self.agent.invite_for(transaction.request)
        if invite is None:
            transaction.respond(481)
            return
        transaction.respond(200)
        for call in list(self.calls.values()):
            if call.invite is invite:
                call.cancelled(reason_of(transaction.request))

    def _acknowledged(self, request: SipRequest) -> None:
        tag = request.to_addr.tag if request.to_addr is not None else None
        call = self.calls.get((request.call_id or "", tag or ""))
        if call is not None:
            call.acknowledged(request)
