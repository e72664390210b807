"""Which legs are dead: their phone's place is lost, and no audio comes of them.

Neither alone says so. One OPTIONS that got lost must not end a call in which people talk, nor must a phone that is
moved to another port while it talks; and whoever is silent may have a phone that sends nothing then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError
from ari_app.calls.model import LegId

QUIET = 2.5
"""Seconds without a packet. A phone that is still there has answered the next OPTIONS by then (`qualify_frequency`)."""


class Liveness:
    """Tells `on_dead(leg)`. `legs(user)` are those that are up at an agent's phone."""

    def __init__(
        self,
        client: AriClient,
        legs: Callable[[str], Collection[LegId]],
        on_dead: Callable[[LegId], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._legs = legs
        self._on_dead = on_dead
        self._sleep = sleep
        self._doubts: dict[tuple[str, str], asyncio.Task[None]] = {}

    def place(self, user: str, place: str, *, lost: bool) -> None:
        """A place (contact) of a phone is lost, or is there (again)."""
        doubt = self._doubts.pop((user, place), None)
        if doubt is not None:
            doubt.cancel()
        if lost and (legs := self._legs(user)):
            task = asyncio.get_running_loop().create_task(self._examine(legs), name="liveness")
            self._doubts[user, place] = task
            task.add_done_callback(lambda done: self._over((user, place), done))

    def close(self) -> None:
        """Tell nothing any more."""
        for doubt in list(self._doubts.values()):
            doubt.cancel()

    def _over(self, key: tuple[str, str], done: asyncio.Task[None]) -> None:
        if self._doubts.get(key) is done:
            del self._doubts[key]

    async def _examine(self, legs: Collection[LegId]) -> None:
        before = {leg: await self._received(leg) for leg in legs}
        await self._sleep(QUIET)
        for leg, packets in before.items():
            if packets is not None and await self._received(leg) == packets:
                self._on_dead(leg)

    async def _received(self, leg: LegId) -> int | None:
        """How many packets of audio have come of it; None where that cannot be told."""
        try:
            statistics = await self._client.call("channels", "rtpstatistics", channelId=leg)
        except AriError:
            return None
        return int(statistics["rxcount"])
