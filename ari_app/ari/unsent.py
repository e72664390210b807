"""Whether Asterisk sends audio to each leg of a conference.

Debian's Asterisk 22.10.1 may cease to, for good: its `ast_translate` (not that of Asterisk's own source) drops a frame
that is numbered below the one before. Where a bridge of three becomes one of two, a frame that keeps its number from
RTP may come through the translator with which Asterisk writes to a leg; that is kept when there are three again, and
what is mixed has no number, which counts as 0. The leg is heard and hears nobody. Put into its bridge again it gets
another translator. So whoever is in a bridge of three or more is looked at after somebody came in.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError
from ari_app.ari.joins import Joins
from ari_app.calls.model import BridgeId, LegId

MIXED = 3
"""From so many on Asterisk mixes, and sends to each 50 packets a second."""
SETTLES = 0.3
"""Seconds after somebody came in: they may come one after the other, and Asterisk changes how it mixes."""
LOOKS = 0.5
"""Seconds for which packets are counted."""
ENOUGH = 10
"""Of so many packets from a leg at least half as many must have gone to it. To who sends nothing, mixing is sent by
another translator: nothing is wrong there.
"""
TRIES = 3
"""So often in a row one is put in again: what that doesn't mend is something else."""


@dataclass(frozen=True, slots=True)
class _Packets:
    received: int
    sent: int


class Unsent:
    """Looks at bridges after somebody came in. `is_deaf(leg)`: it is to be sent nothing, or that is not known."""

    def __init__(self, joins: Joins, is_deaf: Callable[[LegId], bool]) -> None:
        self._joins = joins
        self._is_deaf = is_deaf
        self._due: set[BridgeId] = set()
        self._touched: set[LegId] = set()
        self._tried: dict[LegId, int] = {}
        self._wake = asyncio.Event()

    def came_in(self, leg: LegId, bridge: BridgeId) -> None:
        """Everybody there is to be looked at; not by what was counted before."""
        self._touched.add(leg)
        if len(self._joins.legs_in(bridge)) >= MIXED:
            self._due.add(bridge)
            self._wake.set()

    def hears(self, leg: LegId) -> None:
        """What it may hear was set: it may have been deaf while it was looked at, or counted."""
        if (bridge := self._joins.bridge_of(leg)) is not None:
            self.came_in(leg, bridge)

    async def found(self, client: AriClient) -> list[tuple[LegId, BridgeId]]:
        """Wait until somebody came in somewhere; the legs there that are heard and sent nothing, and their bridge."""
        await self._wake.wait()
        await asyncio.sleep(SETTLES)
        self._wake.clear()
        due, self._due = self._due, set()
        self._touched.clear()
        places = [(leg, bridge) for bridge in sorted(due) for leg in self._joins.legs_in(bridge)]
        before = {place: await _packets(client, place[0]) for place in places if not self._is_deaf(place[0])}
        await asyncio.sleep(LOOKS)
        unsent = [place for place, packets in before.items() if await self._is_unsent(client, *place, packets)]
        self._tried = {leg: self._tried.get(leg, 0) + 1 for leg, _ in unsent}
        unsent = [(leg, bridge) for leg, bridge in unsent if self._tried[leg] <= TRIES]
        for leg, _ in unsent:
            self._joins.moves(leg)
        return unsent

    async def _is_unsent(self, client: AriClient, leg: LegId, bridge: BridgeId, before: _Packets | None) -> bool:
        now = await _packets(client, leg) if before is not None else None
        if before is None or now is None or not self._is_as_it_was(leg, bridge):
            return False
        received, sent = now.received - before.received, now.sent - before.sent
        return received >= ENOUGH and 2 * sent < received and await _mixes(client, bridge)

    def _is_as_it_was(self, leg: LegId, bridge: BridgeId) -> bool:
        return leg not in self._touched and not self._is_deaf(leg) and self._joins.bridge_of(leg) == bridge


async def _packets(client: AriClient, leg: LegId) -> _Packets | None:
    """None where that is not known: it is gone, or it has no RTP."""
    try:
        statistics = await client.call("channels", "rtpstatistics", channelId=leg)
    except AriError:
        return None
    return _Packets(int(statistics["rxcount"]), int(statistics["txcount"]))


async def _mixes(client: AriClient, bridge: BridgeId) -> bool:
    """Whether it does so now: in a bridge of two nothing is sent to whom nobody sends anything."""
    try:
        return bool((await client.call("bridges", "get", bridgeId=bridge))["technology"] == "softmix")
    except AriError:
        return False
