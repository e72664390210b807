"""Whether Asterisk still has each leg in the bridge into which it was put.

It answers a join with success before the leg is in the bridge, and may lose it after that: so it did with legs that
were moved while the bridge they came from was being destroyed (control.c: internal_bridge_after_cb takes the new bridge
for the old one). No event can be relied on for that, as the same function ends the subscription to the new bridge. So
all bridges are listed now and then, which costs a call nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping, Set
from typing import Any

from ari_app.ari.client import AriClient
from ari_app.calls.model import BridgeId, LegId

AGAIN = 0.5
"""Seconds after which a leg that is missing is looked for once more: a join may just have been answered."""


class Joins:
    """The bridge into which each leg was put, as far as it has been requested since the connection stands."""

    def __init__(self) -> None:
        self._bridge_of: dict[LegId, BridgeId] = {}

    def joined(self, leg: LegId, bridge: BridgeId) -> None:
        """Asterisk has answered that it is there."""
        self._bridge_of[leg] = bridge

    def bridge_of(self, leg: LegId) -> BridgeId | None:
        """Where it was put last; None where nobody knows."""
        return self._bridge_of.get(leg)

    def legs_in(self, bridge: BridgeId) -> list[LegId]:
        """Those that were put there last."""
        return [leg for leg, where in self._bridge_of.items() if where == bridge]

    def moves(self, leg: LegId) -> None:
        """It is being moved, or is gone: nobody knows where it is."""
        self._bridge_of.pop(leg, None)

    def keep(self, legs: Set[LegId]) -> None:
        """After reconciliation: only these are still there."""
        self._bridge_of = {leg: bridge for leg, bridge in self._bridge_of.items() if leg in legs}

    async def lost(self, client: AriClient) -> list[tuple[LegId, BridgeId]]:
        """The legs that are not where they were put, though their bridge is there, and that bridge.

        Raises:
            AriError: the bridges could not be listed.
        """
        missing = self._missing(await client.call("bridges", "list"))
        if missing:
            await asyncio.sleep(AGAIN)
            missing &= self._missing(await client.call("bridges", "list"))
        for leg, _ in missing:
            self.moves(leg)
        return sorted(missing)

    def _missing(self, bridges: Iterable[Mapping[str, Any]]) -> set[tuple[LegId, BridgeId]]:
        members = {str(bridge["id"]): set(bridge["channels"]) for bridge in bridges}
        return {
            (leg, bridge) for leg, bridge in self._bridge_of.items() if bridge in members and leg not in members[bridge]
        }
