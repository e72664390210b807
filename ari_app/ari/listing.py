"""All channels and bridges of an Asterisk, also where one of the channels keeps it from listing them.

Asterisk makes one text of all channels. Of one with bytes in its Call-ID that are no UTF-8 it can make none, and has no
list at all then (500). The dialplan refuses such calls (`readable`), but for emergencies, and there may be others. So
each channel that endpoints and bridges name is requested by itself, and what cannot be read is left out: nobody is cut
off for it, and all others are served.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound

log = structlog.get_logger(__name__)

type Listed = list[Mapping[str, Any]]

AT_ONCE = 20


async def channels_and_bridges(client: AriClient) -> tuple[Listed, Listed]:
    """Raises: AriError."""
    try:
        channels, bridges = await asyncio.gather(client.call("channels", "list"), client.call("bridges", "list"))
    except AriError as error:
        if error.status < 500:
            raise
        endpoints, bridges = await asyncio.gather(client.call("endpoints", "list"), client.call("bridges", "list"))
        channels = await _one_by_one(client, [*_named(endpoints, "channel_ids"), *_named(bridges, "channels")])
    return channels, bridges


def _named(things: Iterable[Mapping[str, Any]], where: str) -> Iterable[str]:
    return (channel for thing in things for channel in thing.get(where, ()))


async def _one_by_one(client: AriClient, ids: Iterable[str]) -> Listed:
    """Those of them that are there and can be read. Raises: AriError."""
    turns, unreadable = asyncio.Semaphore(AT_ONCE), 0

    async def read(channel: str) -> Mapping[str, Any] | None:
        nonlocal unreadable
        try:
            async with turns:
                found = await client.call("channels", "get", channelId=channel)
        except NotFound:
            return None  # gone meanwhile
        if isinstance(found, Mapping):
            return found
        unreadable += 1  # it is there (200), and nothing is said of it
        return None

    found = await asyncio.gather(*(read(channel) for channel in dict.fromkeys(ids)))
    log.warning("asterisk_channels_unreadable", channels=unreadable)
    return [channel for channel in found if channel is not None]
