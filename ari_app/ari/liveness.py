"""Which legs are dead: the place where their phone was is lost, and no audio comes from them.

Neither alone says so. One OPTIONS that got lost must not end a call in which people talk, nor must a phone that is
moved to another port while it talks; and whoever is silent may have a phone that sends nothing then. Of several phones
with one account, only what goes on at the lost place is looked at.

A phone that is on hold by its own key sends nothing by right: it is dead only where its place answers no OPTIONS
either, and not where it has registered from another one.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError
from ari_app.calls.model import Leg, LegId

QUIET = 2.5
"""Seconds without a packet. A phone that is still there has answered the next OPTIONS by then (`qualify_frequency`)."""
SOON = 0.1
"""The same for a phone in a page whose socket was closed: a browser sends 50 packets a second, also while muted."""
LOOKS = 12
"""So often it is looked at: a page may send its last packets when its socket is gone already, or come back to this one
with another socket.
"""
_TARGET = "CHANNEL(pjsip,target_uri)"
"""Where Asterisk sends what belongs to a leg. Behind NAT that is the packets' source, as for contacts."""
_ADDRESS = re.compile(r"sips?:(?:[^@]*@)?(\[[^]]+\]|[^:;?>]+)(?::(\d+))?")


class PlaceStatus(StrEnum):
    """What is known of a place (contact) of a phone."""

    THERE = "there"
    UNREACHABLE = "unreachable"  # it answers no OPTIONS
    REMOVED = "removed"  # it is registered no longer, or another took its place


class Liveness:
    """Tells `on_dead(leg)`. `legs(user)` are those that are up at an agent's phones."""

    def __init__(
        self,
        client: AriClient,
        legs: Callable[[str], Collection[Leg]],
        on_dead: Callable[[LegId], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._legs = legs
        self._on_dead = on_dead
        self._sleep = sleep
        self._doubts: dict[tuple[str, str], asyncio.Task[None]] = {}

    def place(self, user: str, uri: str, is_now: PlaceStatus) -> None:
        """A place of a phone, by its contact's URI, is lost, or is there (again)."""
        doubt = self._doubts.pop((user, uri), None)
        if doubt is not None:
            doubt.cancel()
        if is_now is not PlaceStatus.THERE and self._legs(user):
            task = asyncio.get_running_loop().create_task(self._examine(user, uri, is_now), name="liveness")
            self._doubts[user, uri] = task
            task.add_done_callback(lambda done: self._over((user, uri), done))

    def socket_closed(self, user: str) -> None:
        """The socket of a phone in a page was closed: the page may be gone, as when it is loaded anew."""
        if self._legs(user):
            task = asyncio.get_running_loop().create_task(self._examine_soon(user), name="liveness")
            self._doubts[user, ""] = task
            task.add_done_callback(lambda done: self._over((user, ""), done))

    def close(self) -> None:
        """Tell nothing any more."""
        for doubt in list(self._doubts.values()):
            doubt.cancel()

    def _over(self, key: tuple[str, str], done: asyncio.Task[None]) -> None:
        if self._doubts.get(key) is done:
            del self._doubts[key]

    async def _examine(self, user: str, uri: str, lost: PlaceStatus) -> None:
        there = [leg.id for leg in self._legs(user) if await self._is_at(leg.id, uri)]
        before = {leg: await self._received(leg) for leg in there}
        await self._sleep(QUIET)
        for leg in self._legs(user):
            packets = before.get(leg.id)
            by_right = leg.held_by_phone and lost is PlaceStatus.REMOVED
            if packets is not None and not by_right and await self._received(leg.id) == packets:
                self._on_dead(leg.id)

    async def _examine_soon(self, user: str) -> None:
        before = {leg.id: await self._received(leg.id) for leg in self._legs(user)}
        for _ in range(LOOKS):
            await self._sleep(SOON)
            there = [leg.id for leg in self._legs(user) if before.get(leg.id) is not None]
            now = {leg: await self._received(leg) for leg in there}
            for leg, packets in now.items():
                if packets == before[leg]:
                    self._on_dead(leg)
            before = {leg: packets for leg, packets in now.items() if packets != before[leg]}
            if not before:
                return

    async def _is_at(self, leg: LegId, uri: str) -> bool:
        try:
            target = await self._client.call("channels", "getChannelVar", channelId=leg, variable=_TARGET)
        except AriError:
            return False
        return _address(target["value"]) == _address(uri)

    async def _received(self, leg: LegId) -> int | None:
        """How many packets of audio have come from it; None where that is not known."""
        try:
            statistics = await self._client.call("channels", "rtpstatistics", channelId=leg)
        except AriError:
            return None
        return int(statistics["rxcount"])


def _address(uri: str) -> tuple[str, str] | None:
    """Host and port of a SIP URI: where somebody is, whatever name and parameters they gave."""
    found = _ADDRESS.match(uri)
    return (found[1], found[2] or "5060") if found is not None else None
