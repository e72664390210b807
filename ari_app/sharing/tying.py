"""Two calls of one agent at different Asterisks become one: what the call centre has the two leaders do, in order.

Each step is written by its leader before the next one is taken, and until the tie is answered none changes anything
that somebody hears (`calls.features.ties`).
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from ari_app.calls.actions import may_leave
from ari_app.calls.commands import AwaitTie, Command, HandOver, Merge, PrepareTie
from ari_app.calls.model import Call
from ari_app.errors import AsteriskUnavailable, Code, OutcomeUnknown, Refused, Unavailable


class Led(Protocol):
    """Calls of one Asterisk, and who leads it."""

    @property
    def asterisk(self) -> str:
        """The Asterisk's name."""

    @property
    def lost(self) -> asyncio.Event:
        """Set while the connection to it is: no answer comes then."""

    async def submit(self, command: Command) -> Call | None:
        """See `api.port.Control`."""


def _name() -> str:
    return secrets.token_hex(8)


def done_before(command: Merge, call: Call | None) -> Call | None:
    """Of a merge that is requested again: the call that it made; None: it was not begun, or it failed.

    Raises:
        OutcomeUnknown: it may be under way.
    """
    awaits = call.awaits if call is not None and command.again else None
    if awaits is None or awaits.merge != command.id:
        return None
    if awaits.party is None:
        raise OutcomeUnknown
    return call


async def merge(command: Merge, call: Led, other: Led, left: Call, name: Callable[[], str] = _name) -> Call | None:
    """The contact of `left`, a call of the agent's at the Asterisk of `other`, joins the one that is named, at `call`.

    Raises:
        Refused: `not_allowed_now`; nothing has changed.
        AsteriskUnavailable: nothing has changed.
        OutcomeUnknown: a leader was lost while it was under way.
    """
    contact, tie = may_leave(left, command.by), name()
    if contact is None:
        raise Refused(Code.NOT_ALLOWED_NOW, "only a contact who is alone with you can join a call at another Asterisk")
    awaits = AwaitTie(
        id=f"{command.id}-await",
        by=command.by,
        role=command.role,
        traceparent=command.traceparent,
        call=command.call,
        tie=tie,
        merge=command.id,
        who=contact,
        user_data=dict(left.user_data),
        recording=left.recording,
    )
    await _noted(call, awaits)
    prepares = PrepareTie(id=f"{command.id}-prepare", by=command.by, call=left.id, tie=tie, to=call.asterisk)
    await _noted(other, replace(prepares, role=command.role, traceparent=command.traceparent))
    dials = HandOver(id=f"{command.id}-dial", by=command.by, call=left.id, tie=tie)
    await _answered(other, replace(dials, role=command.role, traceparent=command.traceparent))
    with suppress(Unavailable):
        return await _answered(call, replace(awaits, again=True))  # answered again, with the call as it now is
    raise OutcomeUnknown("who leads the call was lost just when it was merged: look at the call")


async def _answered(led: Led, command: Command) -> Call | None:
    """Raises: OutcomeUnknown where its Asterisk is lost before the answer."""
    answer, lost = asyncio.ensure_future(led.submit(command)), asyncio.ensure_future(led.lost.wait())
    try:
        await asyncio.wait({answer, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise OutcomeUnknown
        return answer.result()
    finally:
        for task in (answer, lost):
            task.cancel()


async def _noted(led: Led, command: AwaitTie | PrepareTie) -> None:
    """Whether it was noted or not, nothing has changed."""
    try:
        await _answered(led, command)
    except OutcomeUnknown:
        raise AsteriskUnavailable(f"who leads {led.asterisk} was lost; nothing has changed, try again") from None
