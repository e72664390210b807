"""A new offer inside a call: the re-INVITE of the hold key (RFC 3261, 14; RFC 3264, 8)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.bots import sdp

if TYPE_CHECKING:
    from tests.bots.call import Call

_TRIES = 6


async def offer(call: Call, direction: sdp.Direction, headers: Mapping[str, str]) -> int:
    """Offer our audio in that direction, with these headers too; the final status of the answer."""
    call.offering = True
    try:
        for _ in range(_TRIES):
            status = await _once(call, direction, headers)
            if status != 491:
                break
            # Both sides offered at once (RFC 3261, 14.1): again after a moment of chance.
            await asyncio.sleep(random.uniform(0.05, 0.25))
        return status
    finally:
        call.offering = False


async def _once(call: Call, direction: sdp.Direction, headers: Mapping[str, str]) -> int:
    body = call.audio.session.describe(direction)
    response, seq = await call.dialog.ask("INVITE", {"Content-Type": "application/sdp", **headers}, body)
    if response.status_code < 300:
        call.dialog.refresh(response)
        ack = call.dialog.request("ACK", seq=seq)
        call.station.line.agent.send(bytes(ack), call.dialog.peer)
        call.audio.agree(sdp.read(response.text))
        call.show(response)
    return response.status_code
